/** The ids in the examples. Whoever runs them puts real ones in their place. */
export const EXAMPLE = {
  direct: 'f09e0e9f-ad4c-4ccb-8d0d-3a8c332d1cfb',
  group: '0f2363ed-a77b-43e9-81dd-4963b1f11aa0',
  /** Of the person who is signed in, in `direct`. */
  ownMessage: '01a2134d-639c-7182-b397-a32e11ff53e8',
  /** Of somebody else, in `direct`. */
  message: '01a2134d-61ed-7989-a498-85ad91dbf2cc',
  clientId: 'e21c88ad-67c5-4b85-a6e5-f01233c99396',
  cursor: 'MTc5NTYyMDE2ODE3NC4w',
  token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl',
  proof: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImRwb3Arand0In0.e30.c2lnbmF0dXJl',
  epoch: 'Kz97MlOvG6T0sfBnq4sRh4',
  grant: 'ed29a0c8-16e4-460a-b062-d7fc1c1ac7fd',
} as const;

const AT = '2026-11-25T15:22:48.607Z';

const alice = { id: 'alice', handle: 'alice', name: 'Alice Moreau' };
const bob = { id: 'bob', handle: 'bob', name: 'Bob Okafor' };
const carol = { id: 'carol', handle: 'carol', name: 'Carol Haddad' };

const message = {
  id: EXAMPLE.ownMessage,
  conversation: EXAMPLE.direct,
  position: 7,
  from: { id: alice.id, name: alice.name },
  kind: 'text',
  text: 'Have you heard the new record? 🎧',
  via: { app: 'Tunebox' },
  reactions: [],
  sentAt: AT,
};

const direct = { id: EXAMPLE.direct, kind: 'direct', memberCount: 2, members: [alice, bob], updatedAt: AT };
const group = {
  id: EXAMPLE.group,
  kind: 'group',
  title: 'Friday listening 🎶',
  memberCount: 3,
  members: [alice, bob, carol],
  updatedAt: AT,
};

const { text: _, ...deleted } = { ...message, deletedAt: AT };
const reaction = { emoji: '🔥', count: 1, people: [bob.id] };

const recommended = {
  kind: 'film',
  id: 'tt-2041',
  name: 'The Stone Floor',
  url: 'https://reelhouse.example/films/tt-2041',
};

export const SHOWN = {
  at: AT,
  people: { alice, bob, carol },
  message,
  edited: { ...message, text: 'Have you heard the new record yet? 🎧', editedAt: AT },
  deleted,
  reacted: { ...message, reactions: [reaction] },
  recommended,
  recommendation: {
    id: EXAMPLE.message,
    conversation: EXAMPLE.direct,
    position: 8,
    from: { id: bob.id, name: bob.name },
    kind: 'recommendation',
    title: recommended,
    note: 'For Friday?',
    via: { app: 'Reelhouse' },
    reactions: [],
    sentAt: AT,
  },
  bareMessage: { id: message.id, conversation: message.conversation, sentAt: AT },
  direct,
  group,
  personal: { ...direct, lastMessage: message, unread: 0, readUpTo: 7 },
  grant: {
    id: EXAMPLE.grant,
    scopes: ['messages.read', 'messages.send', 'profile'],
    expiresAt: '2027-02-23T15:22:48.000Z',
  },
} as const;
