export * from './codes.js';
export * from './commands.js';
export { codePoints, type DataClass, isEmoji } from './constraints.js';
export * from './frames.js';
export * from './limits.js';
export * from './scopes.js';
export * from './validation.js';
