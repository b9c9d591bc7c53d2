export * from './databases.js';
export * from './postgres-server.js';
