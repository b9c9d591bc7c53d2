export { createTestBridge, type TestBridge, type TestClientOptions } from './test-bridge.js';
