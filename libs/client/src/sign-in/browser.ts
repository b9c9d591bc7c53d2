export { indexedDbTokens } from './browser-tokens.js';
export { beginRedirect, finishRedirect } from './redirect.js';
export { createSignIn, SignIn, type SignInOptions } from './sign-in.js';
export type { StoredSignIn, TokenStorage } from './storage.js';
export { memoryTokens } from './storage.js';
