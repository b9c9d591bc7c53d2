export * from './codes.js';
export * from './limits.js';
export * from './scopes.js';
