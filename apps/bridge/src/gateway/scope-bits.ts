import { scopeBit } from '@drawbridge/protocol';

export const READ = scopeBit('messages.read');
export const SEND = scopeBit('messages.send');
export const PRESENCE = scopeBit('presence.read');
