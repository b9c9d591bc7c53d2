import type { Console } from '../console.js';
import type { Seat } from '../people/seat.js';
import { SIDES } from '../wire/entry.js';
import { type Slash, SlashTable, usageOf } from './slash.js';

/** For whom a command is run: the person whose field it was typed in, or whom the tools act for. */
export interface SlashContext {
  readonly console: Console;
  readonly seat: Seat;
}

/** The slash commands of the console. Whoever has another adds it: `SLASH.add({ name, args, help, run })`. */
export const SLASH = new SlashTable<SlashContext>();

const MAX_DELAY_MS = 60_000;
const MAX_DUPLICATES = 100;
const MAX_PAGE = 100;
/** Of an answer to /ping. */
const PING_MS = 5_000;

const weather = (
  name: string,
  help: string,
  said: string,
  change: Parameters<Seat['tap']['set']>[0],
): Slash<SlashContext> => ({
  name,
  args: '',
  help,
  run: ({ seat }) => {
    seat.tap.set(change);
    return said;
  },
});

/** The conversation that a person has open, through the SDK. */
function openTalk({ seat }: SlashContext) {
  const id = seat.chat.openId.value;
  if (!seat.client) throw new Error(`${seat.name} is not connected: /connect, or sign them in.`);
  if (id === undefined) throw new Error(`Open a conversation of ${seat.name} first.`);
  return seat.client.conversation(id);
}

SLASH.add(
  {
    name: 'ping',
    args: '',
    help: 'Ask the bridge whether it is there',
    async run({ console, seat }) {
      const sent = await console.composer.sendAs(seat, '{"event":"ping","id":"{{id}}","data":{}}');
      const answer = await console.composer.answerTo(sent, PING_MS);
      const hidden = console.filter.wanted.value.hidesRoutine
        ? ' Among the frames it is hidden: tick Pings and acks.'
        : '';
      if (answer?.answers) return `${answer.event} after ${answer.answers.ms.toFixed(1)} ms.${hidden}`;
      throw new Error(answer ? 'The connection ended before an answer.' : `No answer within ${PING_MS / 1_000} s.`);
    },
  },
  {
    name: 'send',
    args: '<text>',
    help: 'Send a message into the open conversation, through the SDK’s outbox',
    run({ seat }, given) {
      const text = given.whole();
      if (seat.chat.openId.value === undefined && seat.chat.to.value === undefined)
        throw new Error(`Open a conversation of ${seat.name} first.`);
      if (!seat.client) throw new Error(`${seat.name} is not connected: /connect, or sign them in.`);
      void seat.chat.send(text);
      return 'The message is in the outbox.';
    },
  },
  {
    name: 'typing',
    args: '',
    help: 'Say that the person is typing',
    async run(context) {
      await openTalk(context).typing();
      return 'typing was sent.';
    },
  },
  {
    name: 'read',
    args: '',
    help: 'Mark everything in the open conversation as read',
    async run(context) {
      const talk = openTalk(context);
      const last = context.seat.chat.messages.value.at(-1)?.position;
      if (last === undefined) throw new Error('There is no message in it yet.');
      await talk.read(last);
      return `Read up to ${last}.`;
    },
  },
  {
    name: 'history',
    args: '[n]',
    help: 'Ask for the newest n messages of the open conversation (20)',
    async run(context, given) {
      const limit = given.number(0, { least: 1, most: MAX_PAGE, otherwise: 20 });
      const { messages } = await openTalk(context).history({ limit });
      return `${messages.length} messages came: see the frames.`;
    },
  },
  {
    name: 'raw',
    args: '<json>',
    help: 'Send this text as it is; placeholders are filled',
    async run({ console, seat }, given) {
      await console.composer.sendAs(seat, given.whole());
      return 'It was sent.';
    },
  },
  {
    name: 'close',
    args: '[code] [reason]',
    help: 'Close the connection, with 1000 or a code from 3000 to 4999; the SDK connects again',
    run({ seat }, given) {
      const isNormal = given.words[0] === undefined || given.words[0] === '1000';
      const code = isNormal ? 1_000 : given.number(0, { least: 3_000, most: 4_999 });
      if (!seat.tap.socket) throw new Error(`${seat.name} has no connection to close: /connect first.`);
      seat.tap.close(code, given.words.slice(1).join(' '));
      return `The connection was closed with ${code}.`;
    },
  },
  {
    name: 'drop',
    args: '',
    help: 'Lose the connection, as when a cable is pulled; the SDK connects again',
    run({ seat }) {
      if (!seat.tap.socket) throw new Error(`${seat.name} has no connection to drop: /connect first.`);
      seat.tap.drop();
      return 'The connection was dropped.';
    },
  },
  weather('offline', 'Take the network away until /online', 'The network is gone: /online brings it back.', {
    offline: true,
  }),
  weather('online', 'Give the network back, and end holding and delays', 'The network is back.', {
    offline: false,
    held: false,
    delayMs: 0,
  }),
  {
    name: 'hold',
    args: '',
    help: 'Hold what arrives, until /hold again or /online',
    run({ seat: { tap } }) {
      const held = !tap.weather.value.held;
      tap.set({ held });
      return held ? 'What arrives is held: /hold lets it go on.' : 'What was held goes on.';
    },
  },
  {
    name: 'delay',
    args: '<ms>',
    help: 'Let what arrives come so much later; 0 ends it',
    run({ seat }, given) {
      const delayMs = given.number(0, { least: 0, most: MAX_DELAY_MS });
      seat.tap.set({ delayMs });
      return `What arrives comes ${delayMs} ms later.`;
    },
  },
  {
    name: 'duplicate',
    args: '[n]',
    help: 'Let the next n sends leave twice (1)',
    run({ seat }, given) {
      const duplicates = given.number(0, { least: 1, most: MAX_DUPLICATES, otherwise: 1 });
      seat.tap.set({ duplicates });
      return `The next ${duplicates} with a clientId leave twice.`;
    },
  },
  {
    name: 'token',
    args: '',
    help: 'Break the next token that the SDK is given; /drop makes it ask for one',
    run({ seat }) {
      seat.tap.set({ spoiledTokens: 1 });
      return 'The next token is a broken one.';
    },
  },
  {
    name: 'connect',
    args: '',
    help: 'Connect',
    run({ seat }) {
      if (!seat.session.value) throw new Error(`Nobody is signed in as ${seat.name}: use Sign in.`);
      seat.connect();
      return `${seat.name} connects.`;
    },
  },
  {
    name: 'disconnect',
    args: '',
    help: 'Close the connection, and stay away until /connect',
    async run({ seat }) {
      await seat.disconnect();
      return `${seat.name} is disconnected: /connect goes on.`;
    },
  },
  {
    name: 'signout',
    args: '',
    help: 'Sign the person out: their consent ends',
    async run({ seat }) {
      await seat.signOut();
      return 'Signed out.';
    },
  },
  {
    name: 'as',
    args: '<left|right>',
    help: 'Choose for whom the tools act',
    words: SIDES,
    run({ console }, given) {
      console.actor.value = given.oneOf(0, SIDES);
      return `The tools act for ${console.seat.name}.`;
    },
  },
  {
    name: 'clear',
    args: '',
    help: 'Clear the frames',
    run({ console }) {
      console.log.clear();
      return 'The frames were cleared.';
    },
  },
  {
    name: 'record',
    args: '',
    help: 'Record what is done from now on',
    run({ console }) {
      console.runs.start();
      return 'It is recorded: /stop ends that.';
    },
  },
  {
    name: 'stop',
    args: '[name]',
    help: 'End the recording, which is then under Runs',
    run({ console }, given) {
      const { name, steps } = console.runs.stop(given.text);
      return `“${name}” has ${steps.length} steps: see Runs.`;
    },
  },
  {
    name: 'help',
    args: '',
    help: 'List the commands',
    run: () => SLASH.all.map((command) => `${usageOf(command)}: ${command.help}.`).join('\n'),
  },
);
