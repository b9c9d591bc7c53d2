import { Failures, failureSubject } from '@drawbridge/people';
import { Injectable } from '@nestjs/common';
import { DEVICE_LIMITS, DeviceCodes, type DeviceRequest } from './device-codes.js';

const TYPED_LENGTH_MAX = 40;

/** However it was typed: small letters, spaces, another dash or none. */
export function normaliseUserCode(typed: string): string {
  return typed
    .slice(0, TYPED_LENGTH_MAX)
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '');
}

/** WDJB-MJHT, as the device shows it; what is no code stays as it was typed. */
export function shownUserCode(typed: string): string {
  const code = normaliseUserCode(typed);
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : typed.slice(0, TYPED_LENGTH_MAX);
}

/** Looks codes up for people, who may be wrong so often: a code is short enough to be guessed by whoever may go on for ever. */
@Injectable()
export class DeviceGuesses {
  constructor(
    private readonly codes: DeviceCodes,
    private readonly failures: Failures,
  ) {}

  /** With too many wrong ones before, the right one is not looked up either. */
  async lookUp(
    typed: string,
    by: { browser: string; network: string },
  ): Promise<{ request: DeviceRequest } | { refused: 'unknown' } | { refused: 'limited'; retryAfterMs: number }> {
    const { wrongCodesPerBrowser, wrongCodesPerNetwork } = DEVICE_LIMITS;
    const counted = await this.failures.count([
      { subject: failureSubject('device browser', by.browser), limit: wrongCodesPerBrowser },
      { subject: failureSubject('device address', by.network), limit: wrongCodesPerNetwork },
    ]);
    if ('retryAfterMs' in counted) return { refused: 'limited', ...counted };
    const request = await this.codes.find(normaliseUserCode(typed));
    if (!request) return { refused: 'unknown' };
    await this.failures.takeBack(counted.attempts);
    return { request };
  }
}
