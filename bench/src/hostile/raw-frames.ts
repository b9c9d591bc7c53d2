/** WebSocket frames as RFC 6455 has them, and as it forbids them. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface RawFrame {
  readonly opcode: number;
  readonly payload?: Buffer;
  readonly fin?: boolean;
  /** A client masks; the key may be of zeros. */
  readonly masked?: boolean;
  readonly rsv?: number;
  /** What it says its length is, where that is not so; written with 8 bytes. */
  readonly claims?: bigint;
}

export function rawFrame({ opcode, payload = Buffer.alloc(0), fin = true, masked = true, rsv = 0, claims }: RawFrame) {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const length = payload.length;
  const mask = masked ? 0x80 : 0;
  let head: Buffer;
  if (claims !== undefined) {
    head = Buffer.alloc(10);
    head[1] = mask | 127;
    head.writeBigUInt64BE(claims, 2);
  } else if (length < 126) {
    head = Buffer.from([first, mask | length]);
  } else if (length < 65_536) {
    head = Buffer.from([first, mask | 126, length >> 8, length & 255]);
  } else {
    head = Buffer.alloc(10);
    head[1] = mask | 127;
    head.writeUInt32BE(length, 6);
  }
  head[0] = first;
  if (!masked) return Buffer.concat([head, payload]);
  const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const hidden = Buffer.from(payload);
  for (let at = 0; at < length; at++) hidden[at] = hidden[at]! ^ key[at & 3]!;
  return Buffer.concat([head, key, hidden]);
}

export function textFrame(text: string): Buffer {
  return rawFrame({ opcode: OPCODE.text, payload: Buffer.from(text) });
}

/** The frames of a server: unmasked and whole. */
export class ServerFrames {
  #rest: Buffer = Buffer.alloc(0);

  *take(bytes: Buffer): Generator<{ opcode: number; payload: Buffer }> {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 2) {
      const short = rest[1]! & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (rest.length < head) break;
      const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
      if (rest.length < head + length) break;
      yield { opcode: rest[0]! & 15, payload: rest.subarray(head, head + length) };
      rest = rest.subarray(head + length);
    }
    this.#rest = rest;
  }
}
