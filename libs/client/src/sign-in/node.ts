export { type DeviceCode, type DeviceOptions, signInOnDevice } from './device.js';
export { fileTokens } from './file-tokens.js';
export { type BrowserOptions, openInBrowser, signInWithBrowser } from './loopback.js';
export { createSignIn, SignIn, type SignInOptions } from './sign-in.js';
export type { StoredSignIn, TokenStorage } from './storage.js';
export { memoryTokens } from './storage.js';
