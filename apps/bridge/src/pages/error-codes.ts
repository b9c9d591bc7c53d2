import { CODE_PAGES } from '@drawbridge/protocol';

/** What the page of one code says. */
export interface ErrorCodePage {
  readonly code: string;
  readonly means: string;
  readonly advice: string;
  readonly retryable: boolean;
  /** The number a connection is closed with for this reason. */
  readonly closeCode?: number;
  /** The reasons behind a number. */
  readonly reasons?: readonly string[];
}

/** Closes that the WebSocket protocol itself has numbers for (RFC 6455 section 7.4.1); they carry no reason. */
const STANDARD_CLOSES: readonly ErrorCodePage[] = [
  {
    code: '1001',
    closeCode: 1001,
    retryable: true,
    means: 'The other side went away.',
    advice: 'Reconnect with backoff, full jitter and `resume`; nothing is lost.',
  },
  {
    code: '1002',
    closeCode: 1002,
    retryable: false,
    means: 'The client broke the WebSocket protocol.',
    advice: 'Mend the client, or use a WebSocket library: masked frames, no reserved bits, valid lengths and opcodes.',
  },
  {
    code: '1006',
    closeCode: 1006,
    retryable: true,
    means: 'The connection was lost without a close.',
    advice:
      'Reconnect with backoff, full jitter and `resume`; nothing is lost. If the consent has ended, the next open says so.',
  },
  {
    code: '1007',
    closeCode: 1007,
    retryable: false,
    means: 'A text frame was not valid UTF-8.',
    advice: 'Mend the client: text frames are UTF-8.',
  },
  {
    code: '1008',
    closeCode: 1008,
    retryable: false,
    means: 'A message came in more than 16,384 fragments.',
    advice: 'Mend the client: send each JSON object in one frame, or in a few.',
  },
  {
    code: '1009',
    closeCode: 1009,
    retryable: false,
    means: 'A frame was larger than `maxFrameBytes`.',
    advice: 'Send smaller frames; `hello` says how large they may be.',
  },
];

const byName: ErrorCodePage[] = Object.entries(CODE_PAGES).map(([code, entry]) => ({ code, ...entry }));

/** A number stands for all the reasons a connection may be closed with under it. */
const byNumber: ErrorCodePage[] = [...Map.groupBy(byName, ({ closeCode }) => closeCode)].flatMap(
  ([closeCode, pages]) => {
    const [only] = pages;
    if (closeCode === undefined || only === undefined) return [];
    const reasons = pages.map(({ code }) => code);
    if (pages.length === 1) return [{ ...only, code: String(closeCode), reasons }];
    return [
      {
        code: String(closeCode),
        closeCode,
        reasons,
        retryable: only.retryable,
        means: 'The consent is over; the reason says why.',
        advice: 'Stop: only a new sign-in helps.',
      },
    ];
  },
);

/** Every word and number that may follow `/errors/`. */
export const ERROR_CODE_PAGES: ReadonlyMap<string, ErrorCodePage> = new Map(
  [...byName, ...byNumber, ...STANDARD_CLOSES].map((entry) => [entry.code, entry]),
);
