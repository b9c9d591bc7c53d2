import { SCOPES as PROTOCOL_SCOPES } from '@drawbridge/protocol';
import { lostScopes, SCOPES, splitScopes } from './scopes.ts';

test('The scopes that the help names are those of the protocol', () => {
  expect(SCOPES).toEqual(PROTOCOL_SCOPES);
});

test('Scopes are written with commas or spaces, and those that are left out are lost', () => {
  expect(splitScopes('messages.read, messages.send profile')).toEqual(['messages.read', 'messages.send', 'profile']);
  expect(lostScopes(['messages.read', 'profile'], 'profile')).toEqual(['messages.read']);
  expect(lostScopes(['messages.read', 'profile'], undefined)).toEqual([]);
});
