import { BridgeError } from '../errors.js';
import type { SignIn } from './sign-in.js';
import type { StoredSignIn } from './storage.js';

/** What to show on the screen. */
export interface DeviceCode {
  readonly userCode: string;
  /** Where the person types the code. */
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface DeviceOptions {
  readonly show: (code: DeviceCode) => unknown;
  readonly signal?: AbortSignal;
}

const DEFAULT_INTERVAL_S = 5;
/** RFC 8628 section 3.5: for good. */
const SLOWER_BY_S = 5;

/** Signs in on a device without a browser (RFC 8628): the person does it on another. Throws `access_denied` or `expired_token`. */
export async function signInOnDevice(signIn: SignIn, { show, signal }: DeviceOptions): Promise<void> {
  signal?.throwIfAborted();
  const key = await signIn.newKey();
  const proofs = signIn.authority.proofs(key);
  const code = await signIn.authority.deviceCode(signIn.scopes);
  const since = performance.now();
  await show({
    userCode: code.user_code,
    verificationUri: code.verification_uri,
    verificationUriComplete: code.verification_uri_complete,
    expiresAt: Date.now() + code.expires_in * 1_000,
  });
  let signedIn: StoredSignIn | undefined;
  for (let intervalS = code.interval ?? DEFAULT_INTERVAL_S; !signedIn; ) {
    await pause(intervalS * 1_000, signal);
    try {
      signedIn = await signIn.authority.pollDevice(code.device_code, key, proofs);
    } catch (error) {
      const { code: why, retryable } = error as Partial<BridgeError>;
      // Where the authority cannot be reached, nobody else says that the code is over.
      if (performance.now() - since > code.expires_in * 1_000) throw why === undefined ? expired() : error;
      if (why === 'slow_down') intervalS += SLOWER_BY_S;
      else if (why !== 'authorization_pending' && !retryable && error instanceof BridgeError) throw error;
    }
  }
  await signIn.keep(signedIn);
}

function expired(): BridgeError {
  return new BridgeError({ code: 'expired_token', message: 'The code is over.', retryable: false });
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener('abort', abort);
      resolve();
    }
    function abort() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
  });
}
