import { CLOSE_PAGES, type EndReason, ERROR_CODES, SCOPE_SENTENCES, STANDARD_CLOSES } from '@drawbridge/protocol';
import { numbersIn } from './numbers.js';
import { code, listed, name, type Rich, say, strong } from './rich.js';
import type { Times } from './times.js';

const { number, counted, plural } = numbersIn('en-GB');

/** Puts a text into a link whose address the page knows. */
type Link = (text: Rich) => Rich;

const connections = { one: 'connection', other: 'connections' };

type CodeName = keyof typeof ERROR_CODES | keyof typeof CLOSE_PAGES | keyof typeof STANDARD_CLOSES | 4403;
/** For developers: what each error and close code means, and what to do. */
type CodeTexts = Readonly<Record<CodeName, { readonly means: string; readonly advice: string }>>;

const times: Times = {
  locale: 'en-GB',
  minute: '{date}, {clock}',
  instant: '{clock} on {day}',
  today: 'today at {clock}',
  yesterday: 'yesterday at {clock}',
  earlier: 'on {day} at {clock}',
};

/** Everything that the pages say, in English: each other language has the same entries, and the compiler looks. */
export const en = {
  times,
  /** The sentences of the wire contract. */
  scopes: SCOPE_SENTENCES,

  layout: {
    skip: 'Skip to the content',
    footer: (connectedApps: Link) => say`${connectedApps('Connected apps')}: see what you have allowed, and end it.`,
    printed: (address: Rich, at: Rich) => say`${address}, ${at}`,
  },

  start: {
    title: 'Your messages, in other apps, while you say so',
    lead: 'Drawbridge lets a partner’s app show and send your messages after you have signed in and said what it may do. You can end that at any moment, and you are told when it took effect.',
    apps: 'See your connected apps',
    device: 'Connect an app on a TV or another device, with its code',
    demoPeople: (people: Rich, password: Rich) =>
      say`This bridge has demo people: sign in as ${people}, with the password ${password}.`,
    people: (logins: readonly Rich[]) => listed(logins, 'or'),
    developers: 'You make an app',
    developersLead: (sdk: Rich, sdkDocs: Rich) =>
      say`Ask the operators of this bridge to register your app. Then begin with the SDK, ${sdk}: the quick start in ${sdkDocs} is a client of your own in under 30 lines.`,
    socket: (subprotocol: Rich) => say`WebSocket, subprotocol ${subprotocol}`,
    signIn: 'Sign-in (OAuth 2.1, OpenID Connect)',
    protocol: 'The protocol: frames, commands, events',
    protocolAlso: (asyncapi: Rich, docs: Rich) => say`${asyncapi} (AsyncAPI 3), and in words ${docs}`,
    errors: 'Errors and close codes',
    errorsLink: 'What each one means, and what to do',
    operators: 'You run this bridge',
    operatorsLead: (host: Rich, port: Rich) =>
      say`Operators have a listener of their own, apart from this one: its address is in the settings ${host} and ${port}, and the process prints it when it starts.`,
    operatorsCommand: (command: Rich, docs: Rich) =>
      say`The command ${command} shows and changes partners, apps, grants and gateways (${docs}).`,
    operatorsOver: (api: Rich, docs: Rich) => say`The same over HTTP is ${api} (${docs}).`,
    operatorsRunning: (docs: Rich) => say`How to run it where it matters: ${docs}.`,
    testers: 'You test this bridge',
    testersLead: (path: Rich) =>
      say`The console shows every frame of a connection and sends any you like. It is on the operators’ listener, at ${path}.`,
    testersHere: (console: Rich) => say`Here it is ${console}.`,
    platform: 'The messages are yours: you run the host platform',
    platformLead: (api: Rich, docs: Rich) =>
      say`Your servers talk to ${api} on the operators’ listener, and are told of what apps do by webhooks. ${docs} joins a platform in an afternoon, with an example that runs.`,
    source: 'The documents come with Drawbridge’s source.',
  },

  forms: {
    login: 'Login',
    password: 'Password',
    signIn: 'Sign in',
    signInAt: (host: Rich) => say`Sign in at ${host}`,
    signInThere: (host: Rich) =>
      say`You sign in at ${host}, also if you are signed in there already, and come back here.`,
    wrongSignIn: 'That login and password do not go together. Check both and try again.',
    limited: (minutes: number) =>
      `There were too many failed attempts. Try again in ${counted(minutes, { one: 'minute', other: 'minutes' })}.`,
    stale: 'This form was too old or did not come from this page. Please fill it in again.',
    noPasswords: 'Nobody signs in with a password here.',
  },

  signIn: {
    title: (app: string) => say`Sign in for ${name(app)}`,
    heading: 'Sign in',
    lead: (app: string, partner: string) =>
      say`${strong(name(app))} by ${name(partner)} asks to connect to your messages. On the next page you choose what it may do.`,
    cancel: (app: string) => say`Cancel and go back to ${name(app)}`,
  },

  consent: {
    title: (app: string) => say`Connect ${name(app)}`,
    heading: (app: string) => say`What may ${name(app)} do?`,
    lead: (of: { app: string; partner: Rich; policy: Link; person: string }) =>
      say`${strong(name(of.app))} is an app of the partner ${of.partner} (${of.policy('privacy policy')}). You are signed in as ${strong(name(of.person))}.`,
    tick: 'Tick what you allow',
    tickAll: 'Tick all',
    hints: {
      'messages.read': 'Also what other people wrote to you there, and what was said before today.',
      'messages.send': 'The people you write to see which app it came through.',
      'recommendations.send': 'This alone does not let it read any message.',
      'presence.read': 'Those of your contacts who have you as a contact too.',
    },
    howLong: (of: { days: number; until: Rich; idleDays: number }) =>
      say`${strong('For how long.')} At most ${counted(of.days, { one: 'day', other: 'days' })}, until ${of.until}; it ends sooner after ${counted(of.idleDays, { one: 'day', other: 'days' })} without use. You can end it at any moment on Connected apps.`,
    notForLong: (app: string, on: Rich) => say`${strong('Not for long.')} ${windDown(app, on)}`,
    notEncrypted: (app: string) =>
      say`${strong('Not end-to-end encrypted.')} ${name(app)} is able to read the messages it shows you.`,
    afterwards: say`${strong('After you end it,')} this app will be able to keep what it has already read.`,
    allow: 'Allow',
    deny: 'Do not allow',
    noneTicked: 'Tick at least one thing the app may do with messages or contacts, or choose “Do not allow”.',
  },

  device: {
    title: 'Connect a device',
    isThisIt:
      'Is this the code that your device shows? If you did not begin this on a device of yours, close this page.',
    typeIt: 'An app on a TV, or on another device, shows a code. Type it here to connect the app to your messages.',
    code: 'Code',
    codeHint: 'Eight letters. Capitals and the dash do not matter.',
    continue: 'Continue',
    signInTitle: (app: string) => say`Sign in for ${name(app)}`,
    heading: (app: string) => say`Connect ${name(app)}?`,
    lead: (app: string, partner: Rich) =>
      say`${strong(name(app))}, an app of the partner ${partner}, asks to connect to your messages, on a device. Sign in, and choose on the next page what it may do.`,
    asksTo: 'It asks to',
    warning: say`${strong('Go on only if you began this yourself')}, on a device in front of you that shows this code. If somebody sent you the code or a link, they would get what you allow.`,
    refuse: 'I did not begin this: refuse it',
    codeOnDevice: 'Code on the device',
    askedFor: 'Asked for',
    askedAt: (at: Rich, minutesAgo: number) =>
      say`${at}, ${minutesAgo < 1 ? 'less than a minute ago' : plural(minutesAgo, { one: 'a minute ago', other: `${number(minutesAgo)} minutes ago` })}`,
    from: 'From',
    sameNetwork: (network: Rich) => say`${network}, the network you are on now`,
    otherNetwork: (network: Rich) => say`${network}, ${strong('not the network you are on now')}`,
    unknownNetwork: 'an unknown address',
    callsItself: 'The device calls itself',
    noCode: 'Type the code that the device shows.',
    unknownCode: 'No device was given this code. Compare it with the one on the device, and type it again.',
    lastTry: (problem: Rich) => say`${problem} One more wrong try ends this code.`,
    another: 'Type another code',
    allowed: (app: string | undefined): Rich => (app === undefined ? 'Connected' : say`${name(app)} is connected`),
    allowedText: 'Go back to your device: it goes on by itself within a few seconds. You can close this page.',
    denied: 'Not connected',
    deniedText:
      'Nothing was shared, and the device is told. If you did not begin this yourself, there is nothing else to do.',
    spoilt: 'This code is over',
    spoiltText:
      'There were too many wrong tries with it. Nothing was shared. Begin again on the device; it shows another code.',
    over: 'This code is over',
    overText:
      'It ran out, or was used or refused already. Nothing was shared here. Begin again on the device; it shows another code.',
    appRefused: 'This app cannot be connected',
    appRefusedText:
      'The app on the device is not one we know, or may not be connected at the moment. Nothing was shared with it.',
  },

  /** Where a person signed in, as far as their browser says. */
  browsers: {
    browserOn: (browser: string, system: string) => say`${name(browser)} on ${name(system)}`,
    code: 'a code',
    codeOn: (device: Rich) => say`a code on ${device}`,
    codeAllowedIn: (code: Rich, browser: Rich) => say`${code}, allowed in ${browser}`,
  },

  apps: {
    title: 'Connected apps',
    signInTitle: 'Sign in to Connected apps',
    signInLead: 'Sign in to see which apps can reach your messages, and to end what you no longer want.',
    signedOut: 'You were signed out after a while without use. Sign in again.',
    signedInAs: (person: string) => say`Signed in as ${name(person)}`,
    signOut: 'Sign out',
    none: 'No app is connected',
    noneText:
      'Nobody but the platform itself can reach your messages. Once you allow an app something, it is shown here, and here you can end it at any moment.',
    endAll: (count: number) => `End access for all ${number(count)}`,
    record: 'What is on the record',
    recordText:
      'Every consent you gave or took back, every look at it by the operators, and what each app was shown and when. What was written in your messages is not in it.',
    recordLink: 'Download everything on the record (JSON lines)',
    by: (partner: Rich) => say`by ${partner}`,
    /** An app, and which of several it is. */
    which: (app: string, which: Rich) => say`${name(app)} (${which})`,
    device: 'Device',
    notNamed: 'Not named yet',
    deviceWith: (device: Rich, signedInWith: Rich) => say`${device}${signedInWith}`,
    signedInWith: (what: Rich) => say`, signed in with ${what}`,
    since: 'Since',
    lastConnected: 'Last connected',
    notYet: 'Not yet',
    begun: (at: Rich) => say`Allowed ${at}.`,
    ledHere: 'The link that you followed is about this one.',
    notOneOfYours:
      'The link that you followed is about something else than what you have allowed: perhaps it is another person’s, or ended more than a year ago.',
    endsByItself: 'Ends by itself',
    windDown: (app: string, on: Rich) => windDown(app, on),
    nothingAtPresent:
      'It can do nothing at present: everything you allowed was taken from it by the operators of this service.',
    itMay: 'It may',
    untick: 'Untick what it should no longer do. It cannot get that back without asking you again.',
    takeBack: 'Take back what is not ticked',
    end: 'End access',
    notThere: 'That connection is not there any more.',
    nothingUnticked: 'Nothing was unticked, so nothing has changed.',
    nothingLeft:
      'Without anything to do with messages or contacts there is nothing left for the app: choose “End access” instead.',
    back: 'Back to Connected apps',
    endedTitle: 'Ended in the last year',
    earlier: (count: number) => `${number(count)} earlier`,
    reasons: {
      revoked_by_person: 'You ended it.',
      revoked_by_operator: 'The operators of this service ended it.',
      signed_out: 'The app signed out.',
      partner_suspended: 'The partner was suspended.',
      partner_ended: 'The partnership ended.',
      expired: 'It ran out.',
      token_replayed: 'One of its keys was used twice, so it was ended for safety.',
    } satisfies Record<EndReason, string>,
    noAccessSince: (at: Rich, confirmed: string) => say`No access since ${at}; ${confirmed}.`,
    notConfirmed: 'Not every gateway has confirmed it yet.',
    endedAt: (at: Rich) => say`Ended ${at}.`,
  },

  usage: {
    read: (of: { app: string; amount: string; last: Rich | undefined }) =>
      say`${name(of.app)} read ${of.amount} this week${of.last === undefined ? '' : say`, last ${of.last}`}.`,
    amount: (of: { messages: number; conversations: number; bound: 'exactly' | 'more' | 'at_most' }) => {
      const amount = `${counted(of.messages, { one: 'message', other: 'messages' })} in ${counted(of.conversations, { one: 'conversation', other: 'conversations' })}`;
      return { exactly: amount, more: `more than ${amount}`, at_most: `up to ${amount}` }[of.bound];
    },
    noLonger: 'It can no longer read messages.',
    readNothing: (app: string) => say`${name(app)} has not read anything this week.`,
    cannotRead: (app: string) => say`${name(app)} cannot read messages.`,
    connected: 'It is connected now.',
  },

  end: {
    one: (app: string) => say`End access for ${name(app)}?`,
    all: (count: number) => `End access for all ${counted(count, connections)}?`,
    oneText: (which: Rich) =>
      say`${which} is disconnected at once, can read nothing more and send nothing more as you. To use it again you would have to sign in there again.`,
    allText:
      'They are disconnected at once, can read nothing more and send nothing more as you. To use them again you would have to sign in there again.',
    kept: 'What was already read can be kept there; what you wrote through it stays in your conversations.',
    yes: 'Yes, end access',
    noOne: 'No, keep it',
    noAll: 'No, keep them',
    ended: (which: Rich) => say`${which} no longer has access`,
    beingEnded: (which: Rich) => say`Access for ${which} is being ended`,
    endedAll: (count: number) =>
      plural(count, { one: 'A connection has ended', other: `${number(count)} connections have ended` }),
    unconfirmed:
      'The end is on record, but from when on it holds everywhere is not confirmed yet. Look at Connected apps in a moment.',
    statement: (of: { since: Rich; took: string; confirmed: string }) =>
      say`It has had no access since ${of.since}, ${of.took} after you asked for it; ${of.confirmed}. Since then nothing is delivered to the app and nothing is accepted from it.`,
  },

  narrow: {
    title: (app: string) => say`Take this back from ${name(app)}?`,
    mayNoLonger: (which: Rich) => say`From now on ${which} may no longer:`,
    mayStill: 'It stays connected, and may still:',
    atOnce:
      'This holds at once, also for what is on its way to it. What was already read can be kept there. To allow it again you would have to sign in there again.',
    yes: 'Yes, take it back',
    no: 'No, leave it as it is',
    done: (which: Rich) => say`${which} may do less now`,
    beingTold: (which: Rich) => say`${which} is being told`,
    statement: (of: { since: Rich; took: string; confirmed: string }) =>
      say`What you took back it has not been able to do since ${of.since}, ${of.took} after you asked for it; ${of.confirmed}.`,
    unconfirmed:
      'It is on record, but from when on it holds everywhere is not confirmed yet: that takes some seconds at most. Look at Connected apps in a moment.',
    stillMay: 'It may still:',
  },

  receipt: {
    /** From the request until it was in effect. */
    took: (ms: number) => (ms < 10_000 ? `${number(ms)} ms` : `${number(Math.round(ms / 1_000))} s`),
    /** The gateways' part of a receipt in half a sentence. */
    confirmedBy: (confirmed: number, all: number) => {
      if (all === 0) return 'no gateway was running';
      if (confirmed < all) {
        return `confirmed by ${number(confirmed)} of ${number(all)} gateways, and past the lease of every other`;
      }
      return all === 1 ? 'confirmed by the gateway' : `confirmed by all ${number(all)} gateways`;
    },
    howWeKnow: 'How we know',
    closed: (count: number) => `${counted(count, connections)} ${plural(count, { one: 'was', other: 'were' })} closed`,
    wentOn: 'Its connections went on with less',
    noGateway: (connections: string) => `${connections}; no gateway was running.`,
    eachGateway: (connections: string) =>
      `${connections}. Each gateway confirmed it, or its permission to deliver ran out:`,
    gateway: (of: { gateway: string; ack: boolean; at: Rich; lastSeq: number | undefined }) =>
      say`${code(of.gateway)}, ${of.ack ? 'by its own word' : 'by its lease running out'}: ${of.at}${of.lastSeq === undefined ? '' : `, last event ${of.ack ? '' : 'at most '}${of.lastSeq}`}`,
  },

  /** Where the platform's own provider signs people in, and it came to nothing. */
  issuer: {
    again: 'Try again',
    againOrBack: 'Try again, or go back',
    forOperators: (word: Rich) => say`For whoever runs this service: ${word}`,
    unavailable: 'Signing in is not possible at the moment',
    unavailableText: (host: Rich) =>
      say`You sign in at ${host}, which does not answer as it should. Nothing was shared. Wait a moment and try again; apps that are connected already go on working.`,
    failed: 'The sign-in did not work',
    failedText: (host: Rich) =>
      say`What ${host} answered could not be accepted, so nobody was signed in and nothing was shared. Try again. If it happens again, tell whoever runs this service.`,
    notAnew: 'Please sign in anew',
    notAnewText: (host: Rich) =>
      say`Connecting an app takes a fresh sign-in, and ${host} did not ask you for one just now. Nothing was shared. Sign out there, then try again and sign in when you are asked to.`,
    over: 'This sign-in is no longer open',
    overText:
      'It took too long, was finished already, or was started in another browser. Nothing was shared. Go back to where you began, such as the app, and start the sign-in there again.',
    denied: 'You did not sign in',
    deniedText: (host: Rich) =>
      say`${host} says that the sign-in was cancelled or not allowed. Nothing was shared. You can try again, or go back.`,
    unknownPerson: 'Your account is not known here yet',
    unknownPersonText: (host: Rich) =>
      say`You signed in at ${host}, but there is nobody here with your account. If it is new, wait a few minutes and try again. If you have another account, sign out at ${host} and try again with that one. Otherwise ask the help of ${host}.`,
    erasedPerson: 'Your account was removed here',
    erasedPersonText: (host: Rich) =>
      say`You signed in at ${host} with an account that was removed here for good, with everything that was allowed to apps. If you have another account, sign out at ${host} and try again with that one. If you think that this is a mistake, ask the help of ${host}.`,
  },

  /** An app's request that cannot be answered, with no safe way back to the app. */
  oauth: {
    forMakers: (error: Rich) => say`For the makers of the app: ${error}`,
    unknownApp: 'This app is not connected to us',
    unknownAppText:
      'The app that sent you here is not one we know, or its partner is not approved at the moment. Nothing was shared with it.',
    wrongAddress: 'We will not send you there',
    wrongAddressText:
      'The app asked us to send you to an address that is not registered for it. Nothing was shared with it.',
    fault: 'Something went wrong on our side',
    faultText: 'Nothing was shared. Go back to the app and try again in a moment.',
    over: 'This sign-in is no longer open',
    overText:
      'It took too long, was finished already, or was started in another browser. Nothing was shared. Go back to the app and sign in from there again.',
    other: 'The app’s request cannot be answered',
    otherText:
      'Something is wrong with what the app asked for. Nothing was shared. If it happens again, tell the makers of the app.',
  },

  problems: {
    toStart: 'Go to the start page',
    notFound: 'There is nothing here',
    notFoundText: 'The address is misspelt, or what was here is gone.',
    tooMuch: 'Too much at once',
    tooMuchText: 'Too many sign-ins were begun from your network.',
    fault: 'Something went wrong',
    faultText: 'That was a fault of ours. Please try again in a moment.',
    busy: 'We are very busy',
    busyText: 'More people are here than can be served at this moment.',
    refused: 'That cannot be done',
    refusedText: 'The bridge cannot read this request.',
    again: (what: string, seconds: number) =>
      `${what} Please try again in ${plural(seconds, { one: 'a second', other: `${number(seconds)} seconds` })}.`,
    noSuchCode: 'No such code',
    noSuchCodeText: 'The bridge knows no error or close code of this name.',
  },

  errors: {
    title: 'Error and close codes',
    names: 'Names',
    numbers: 'Numbers',
    whatToDo: 'What to do',
    sameAgain: 'Try the same again?',
    yes: 'Yes, with backoff.',
    no: 'No, it would fail again.',
    closeCode: 'Close code',
    reasons: (count: number) => plural(count, { one: 'Reason', other: 'Reasons' }),
    all: 'All error and close codes',
    codes: {
      ...ERROR_CODES,
      ...CLOSE_PAGES,
      ...STANDARD_CLOSES,
      4403: { means: 'The consent is over; the reason says why.', advice: 'Stop: only a new sign-in helps.' },
    } as CodeTexts,
  },
};

function windDown(app: string, on: Rich): Rich {
  return say`${name(app)}’s access ends on ${on} for everybody.`;
}

/** What each language says. */
export type Texts = typeof en;
