import { constraint, isScope, Optional, SCOPES, type Scope, Text } from '@drawbridge/protocol';
import { A_TIME, isTime, Name, OneOf, Page, Time } from '../api/shapes.js';

/** What the operators' calls take, in a body or after the `?`; nothing more is accepted. */

const MAX_REDIRECT_URIS = 20;
const MAX_URI_LENGTH = 2_000;

function Scopes(): PropertyDecorator {
  return constraint('scopes', `must be a list of scopes: ${SCOPES.join(', ')}`, (value) => {
    return (
      Array.isArray(value) && value.length <= SCOPES.length && value.every((s) => typeof s === 'string' && isScope(s))
    );
  });
}

function Flag(): PropertyDecorator {
  return constraint('flag', 'must be true or false', (value) => typeof value === 'boolean');
}

function TimeOrNull(): PropertyDecorator {
  return constraint('timeOrNull', `${A_TIME}, or null for none`, (value) => value === null || isTime(value));
}

function Null(problem: string): PropertyDecorator {
  return constraint('null', problem, (value) => value === null);
}

function RedirectUris(): PropertyDecorator {
  return constraint('redirectUris', `must be a list of at most ${MAX_REDIRECT_URIS} addresses`, (value) => {
    if (!Array.isArray(value) || value.length > MAX_REDIRECT_URIS) return false;
    return value.every((uri) => typeof uri === 'string' && uri.length <= MAX_URI_LENGTH && !uri.includes('\0'));
  });
}

function EventIds(): PropertyDecorator {
  return constraint('eventIds', 'must be a list of 1 to 500 ids of events', (value) => {
    return (
      Array.isArray(value) && value.length >= 1 && value.length <= 500 && value.every((id) => UUID.test(String(id)))
    );
  });
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function AppId(): PropertyDecorator {
  return constraint('appId', 'must be 1 to 64 letters, digits, dots, dashes or underscores', (value) => {
    return typeof value === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(value);
  });
}

function OperatorName(): PropertyDecorator {
  const problem = 'must be 1 to 64 lower-case letters, digits, dots, dashes or underscores, and begin with a letter';
  return constraint(
    'operatorName',
    problem,
    (value) => typeof value === 'string' && /^[a-z][a-z0-9._-]{0,63}$/.test(value),
  );
}

export class NewPartner {
  @Name() name!: string;
  @Text(MAX_URI_LENGTH) homepage!: string;
  @Text(MAX_URI_LENGTH) privacyUrl!: string;
  @Text(200) contact!: string;
  @Scopes() scopes!: Scope[];
  @Optional() @TimeOrNull() reviewDueAt?: string | null;
}

export class PartnerPatch {
  @Optional() @Name() name?: string;
  @Optional() @Text(MAX_URI_LENGTH) homepage?: string;
  @Optional() @Text(MAX_URI_LENGTH) privacyUrl?: string;
  @Optional() @Text(200) contact?: string;
  @Optional() @Scopes() scopes?: Scope[];
  @Optional() @TimeOrNull() reviewDueAt?: string | null;
  @Optional() @Null('must be null, which takes a planned end back; one is planned by /end') endsAt?: null;
}

/** Of what gives; why is told where there is something to tell. */
export class Step {
  @Optional() @Text(500) reason?: string;
}

/** Of what takes away. */
export class TakingAway {
  @Text(500) reason!: string;
}

export class Restored extends TakingAway {
  /** Nothing had ended between the backup and the restore. */
  @Optional() @Flag() keepGrants?: boolean;
}

export class PartnerEnd extends TakingAway {
  @Optional() @Time() at?: string;
}

export class NewApp {
  @Optional() @AppId() clientId?: string;
  @Name() name!: string;
  @OneOf('native', 'device', 'web') kind!: 'native' | 'device' | 'web';
  @Optional() @RedirectUris() redirectUris?: string[];
  @Scopes() scopes!: Scope[];
  @Optional() @Flag() requiresDpop?: boolean;
}

export class AppPatch {
  @Optional() @Name() name?: string;
  @Optional() @RedirectUris() redirectUris?: string[];
  @Optional() @Scopes() scopes?: Scope[];
  @Optional() @Flag() requiresDpop?: boolean;
}

export class NewOperator {
  @OperatorName() name!: string;
}

export class PartnersAsked extends Page {
  @Optional() @OneOf('pending', 'approved', 'suspended', 'ended') status?:
    | 'pending'
    | 'approved'
    | 'suspended'
    | 'ended';
}

export class GrantsAsked extends Page {
  @Optional() @Text(64) person?: string;
  @Optional() @Text(64) partner?: string;
}

export class RecordAsked extends Page {
  @Optional() @Text(64) partner?: string;
  @Optional() @Text(64) app?: string;
  @Optional() @Text(64) grant?: string;
  @Optional() @Text(64) operator?: string;
}

export class Replay {
  /** Without it, all that are parked. */
  @Optional() @EventIds() ids?: string[];
}

export class MayPreview {
  @Optional() @OneOf('true', 'false') preview?: 'true' | 'false';
}
