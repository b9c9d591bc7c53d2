export * from './codes.js';
export * from './commands.js';
export { codePoints, constraint, type DataClass, isEmoji, Optional, Text } from './constraints.js';
export * from './frames.js';
export * from './limits.js';
export * from './scopes.js';
export * from './validation.js';
