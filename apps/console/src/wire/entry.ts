/** The two people of the console, by where they are on the page. */
export const SIDES = ['left', 'right'] as const;
export type Side = (typeof SIDES)[number];

/** What the timeline is made of: frames, the life of a connection, the SDK's states, and what the tester did to it. */
export type EntryKind = 'sent' | 'received' | 'opened' | 'closed' | 'state' | 'note';

/** Something in a frame, or in its place among the others, that the contract does not allow. */
export interface Problem {
  /** Stable, so that it can be filtered by and asserted. */
  readonly code: 'gap' | 'out_of_order' | 'unknown_reply' | 'not_json' | 'not_a_frame' | 'schema' | 'too_large';
  readonly message: string;
}

/** A frame as JSON, as far as it is one. */
export interface WireFrame {
  readonly event: string;
  readonly id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly data?: unknown;
}

/** One line of the timeline. */
export interface Entry {
  /** Numbered through, over both sides. */
  readonly number: number;
  readonly side: Side;
  /** Whose connection it is: known once its session is open, and theirs whoever is on this side afterwards. */
  readonly whose: { readonly name: string };
  /** Which of this side's connections, from 1. */
  readonly connection: number;
  /** Milliseconds since 1970, with fractions. */
  readonly at: number;
  readonly kind: EntryKind;
  /** The event of a frame; of others, what happened. */
  readonly event: string;
  /** Byte for byte as it went over the wire; of others, what there is to say. */
  readonly text: string;
  readonly frame?: WireFrame;
  /** In bytes of UTF-8. */
  readonly size: number;
  /** Of a reply: the command that it answers, and how long it took. */
  readonly answers?: { readonly command: string; readonly entry: number; readonly ms: number };
  readonly close?: { readonly code: number; readonly reason: string; readonly clean: boolean };
  readonly problems: readonly Problem[];
}
