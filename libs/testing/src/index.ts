export * from './bridge-client.js';
export * from './bridge-process.js';
export * from './chromium.js';
export * from './databases.js';
export * from './form-browser.js';
export * from './postgres-server.js';
export * from './sign-in.js';
