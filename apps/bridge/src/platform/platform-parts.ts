import { Database } from '@drawbridge/database';
import { Messaging } from '@drawbridge/messaging';
import { People } from '@drawbridge/people';
import { Inject, Injectable } from '@nestjs/common';
import { Erasing } from '../authority/erasing.js';

/** The platform's own sends have lanes of their own: a million of them loaded at once holds nobody's up in a partner's app. */
export const PLATFORM_MESSAGING = Symbol('platform messaging');

/** What the platform's calls are made of. */
@Injectable()
export class PlatformParts {
  constructor(
    readonly database: Database,
    readonly people: People,
    readonly erasing: Erasing,
    @Inject(PLATFORM_MESSAGING) readonly messaging: Messaging,
  ) {}
}
