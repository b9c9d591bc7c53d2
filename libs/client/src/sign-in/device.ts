import { BridgeError } from '../errors.js';
import type { SignIn } from './sign-in.js';

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
  const key = await signIn.newKey();
  const proofs = signIn.authority.proofs(key);
  const code = await signIn.authority.deviceCode(signIn.scopes);
  await show({
    userCode: code.user_code,
    verificationUri: code.verification_uri,
    verificationUriComplete: code.verification_uri_complete,
    expiresAt: Date.now() + code.expires_in * 1_000,
  });
  for (let intervalS = code.interval ?? DEFAULT_INTERVAL_S; ; ) {
    await pause(intervalS * 1_000, signal);
    try {
      return await signIn.keep(await signIn.authority.pollDevice(code.device_code, key, proofs));
    } catch (error) {
      const { code: why, retryable } = error as Partial<BridgeError>;
      if (why === 'slow_down') intervalS += SLOWER_BY_S;
      else if (why !== 'authorization_pending' && !retryable && error instanceof BridgeError) throw error;
    }
  }
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
