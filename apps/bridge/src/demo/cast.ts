import type { NewRecommendation } from '@drawbridge/messaging';
import type { NewActivity } from '@drawbridge/people';
import { SCOPES, type Scope } from '@drawbridge/protocol';

/** Everything the demo shows. The ids are fixed, so that making it again makes nothing twice. */
export const DEMO_PASSWORD = 'drawbridge';

export const DEMO_PEOPLE = [
  { id: 'alice', name: 'Alice Moreau' },
  { id: 'bob', name: 'Bob Okafor' },
  { id: 'carol', name: 'Carol Haddad' },
  { id: 'dave', name: 'Dave Lindqvist' },
] as const;
export type DemoPerson = (typeof DEMO_PEOPLE)[number]['id'];

export const CONSOLE_CLIENT_ID = 'drawbridge-console';

const TUNEBOX_SCOPES: Scope[] = ['profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];

export const TUNEBOX = {
  partner: {
    id: '7d1f6a52-3c0e-4b8a-9a57-0c2f5e8b1a01',
    name: 'Tunebox',
    homepage: 'https://tunebox.example/',
    privacyUrl: 'https://tunebox.example/privacy',
    contact: 'developers@tunebox.example',
    scopes: TUNEBOX_SCOPES,
  },
  app: {
    clientId: 'tunebox-desktop',
    name: 'Tunebox',
    kind: 'native' as const,
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: TUNEBOX_SCOPES,
    requiresDpop: true,
  },
};

const REELHOUSE_SCOPES: Scope[] = ['recommendations.send', 'contacts.read'];

/** On a TV: a person signs in with the device's code (RFC 8628). */
export const REELHOUSE = {
  partner: {
    id: '7d1f6a52-3c0e-4b8a-9a57-0c2f5e8b1a03',
    name: 'Reelhouse',
    homepage: 'https://reelhouse.example/',
    privacyUrl: 'https://reelhouse.example/privacy',
    contact: 'developers@reelhouse.example',
    scopes: REELHOUSE_SCOPES,
  },
  app: {
    clientId: 'reelhouse-tv',
    name: 'Reelhouse',
    kind: 'device' as const,
    redirectUris: [],
    scopes: REELHOUSE_SCOPES,
  },
};

const TABLESIDE_SCOPES: Scope[] = ['profile', 'public.read'];

/** A recipe site, which `npm run demo:tableside` serves. An app on the web has one address, two ports above the bridge's. */
export const tableside = (publicUrl: string) => ({
  partner: {
    id: '7d1f6a52-3c0e-4b8a-9a57-0c2f5e8b1a04',
    name: 'Tableside',
    homepage: 'https://tableside.example/',
    privacyUrl: 'https://tableside.example/privacy',
    contact: 'developers@tableside.example',
    scopes: TABLESIDE_SCOPES,
  },
  app: {
    clientId: 'tableside-web',
    name: 'Tableside',
    kind: 'web' as const,
    redirectUris: [`http://127.0.0.1:${Number(new URL(publicUrl).port || 80) + 2}/`],
    scopes: TABLESIDE_SCOPES,
  },
});

/** The testers' page is an app like any other, of a partner that is the platform itself. */
export const consoleApp = (internalOrigin: string) => ({
  partner: {
    id: '7d1f6a52-3c0e-4b8a-9a57-0c2f5e8b1a02',
    name: 'Drawbridge',
    homepage: 'https://drawbridge.example/',
    privacyUrl: 'https://drawbridge.example/privacy',
    contact: 'operators@drawbridge.example',
    scopes: [...SCOPES],
  },
  app: {
    clientId: CONSOLE_CLIENT_ID,
    name: 'Drawbridge console',
    kind: 'web' as const,
    redirectUris: [`${internalOrigin}/console/`],
    scopes: [...SCOPES],
  },
});

interface DemoConversation {
  readonly clientId: string;
  readonly creator: DemoPerson;
  readonly members: readonly DemoPerson[];
  readonly title?: string;
  readonly messages: readonly { readonly from: DemoPerson; readonly text: string }[];
  /** The last message: through Reelhouse, as its TV sends it. */
  readonly recommendation?: Omit<NewRecommendation, 'clientId'> & { readonly from: DemoPerson };
}

const LONG_TEXT = [
  'Long version, since you asked.',
  'The first side was recorded in one evening, in a hall with a stone floor, and you can hear it: every note comes back half a second later, a little lower, as if somebody downstairs were answering.',
  'They meant to do it again in a proper studio. Then the drummer moved to Tromsø, the hall became a supermarket, and what they had was what there is.',
  'So when people say the echo is an effect, it is not. It is a floor, and four people who did not know yet that they had one evening.',
  'The label wanted to clean it. There is a version without the hall, made in one afternoon by somebody who meant well, and it sounds like four people in four cupboards. They have kept it, they say, to know what they did not want. Nobody outside has heard it, and I would rather not be the first.',
  'Listen to the third track with headphones, lights off, and wait for the door at 2:41. Nobody knows who came in. They kept playing.',
].join('\n\n');

export const DEMO_CONVERSATIONS: readonly DemoConversation[] = [
  {
    clientId: '3b0f5c1e-8d24-4f6e-8a11-5d2c7e900001',
    creator: 'alice',
    members: ['bob'],
    messages: [
      { from: 'alice', text: 'Have you heard the new record? 🎧' },
      { from: 'bob', text: 'Twice this morning. The third track 🔥👏🏽' },
      { from: 'alice', text: 'There is a page about the recording: https://tunebox.example/records/stone-floor' },
      { from: 'bob', text: 'Why does it sound so far away?' },
      { from: 'alice', text: LONG_TEXT },
      { from: 'bob', text: 'Lights off tonight, then. 🌒' },
    ],
    recommendation: {
      from: 'bob',
      to: ['alice'],
      title: {
        kind: 'film',
        id: 'stone-floor',
        name: 'Stone Floor',
        url: 'https://reelhouse.example/films/stone-floor',
      },
      note: 'The hall, before it was a supermarket. Wait for the door.',
    },
  },
  {
    clientId: '3b0f5c1e-8d24-4f6e-8a11-5d2c7e900002',
    creator: 'alice',
    members: ['bob', 'carol', 'dave'],
    title: 'Friday listening 🎶',
    messages: [
      { from: 'alice', text: 'Friday at eight, my place. Everybody brings one song.' },
      { from: 'carol', text: 'سأحضر أغنية لفيروز. هل عند أحدكم سماعات جيدة؟' },
      { from: 'dave', text: 'I have speakers, and an opinion about cables. 🔊' },
      { from: 'bob', text: 'Bring the speakers. 😄' },
      { from: 'carol', text: 'תביאו גם משהו לאכול 🍕 and something to drink' },
    ],
  },
];

const dish = (id: string, name: string) => ({ kind: 'dish', id, name });
const SOUP = dish('lentil-soup', 'Lentil soup with lemon');
const GALETTE = dish('plum-galette', 'Plum galette');
const BEANS = dish('green-beans', 'Green beans with dill');

const shared = (person: DemoPerson, verb: string, object: NewActivity['object'], at: string, audience = 'public') => ({
  person,
  activity: { verb, object, at: new Date(at), audience },
});

/** What they shared on a recipe site of the platform. */
export const DEMO_ACTIVITIES: readonly { readonly person: DemoPerson; readonly activity: NewActivity }[] = [
  shared('bob', 'rated', SOUP, '2026-11-21T18:40:00Z'),
  shared('carol', 'is cooking', SOUP, '2026-11-22T17:05:00Z'),
  shared('carol', 'wants to make', GALETTE, '2026-11-22T17:30:00Z', 'private'),
  shared(
    'dave',
    'wrote a note about',
    { ...SOUP, url: 'https://tableside.example/dishes/lentil-soup#dave' },
    '2026-11-23T11:20:00Z',
  ),
  shared('alice', 'rated', GALETTE, '2026-11-23T19:10:00Z'),
  shared('dave', 'burned', GALETTE, '2026-11-23T21:45:00Z', 'private'),
  shared('bob', 'baked', GALETTE, '2026-11-24T16:00:00Z'),
  shared('alice', 'saved', BEANS, '2026-11-24T20:15:00Z', 'private'),
];
