import { codePoints, constraint, isScope, Optional, SCOPES, type Scope, Text } from '@drawbridge/protocol';

/** What the operators' calls take, in a body or after the `?`; nothing more is accepted. */

const MAX_REDIRECT_URIS = 20;
const MAX_URI_LENGTH = 2_000;
export const MAX_PAGE = 500;
export const DEFAULT_PAGE = 200;

/** People read it on the consent page: in one line, and as it is written. */
function Name(): PropertyDecorator {
  return constraint('name', 'must be a name of 1 to 100 characters in one line', (value) => {
    if (typeof value !== 'string' || value.trim() === '' || !value.isWellFormed()) return false;
    return codePoints(value) <= 100 && !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(value);
  });
}

function Scopes(): PropertyDecorator {
  return constraint('scopes', `must be a list of scopes: ${SCOPES.join(', ')}`, (value) => {
    return (
      Array.isArray(value) && value.length <= SCOPES.length && value.every((s) => typeof s === 'string' && isScope(s))
    );
  });
}

function OneOf(...words: string[]): PropertyDecorator {
  return constraint('oneOf', `must be ${words.join(' or ')}`, (value) => words.includes(value as string));
}

function Flag(): PropertyDecorator {
  return constraint('flag', 'must be true or false', (value) => typeof value === 'boolean');
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
const A_TIME = 'must be a time as RFC 3339 has it, such as 2027-03-01T00:00:00.000Z';

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !RFC3339.test(value) || !(Date.parse(value) > 0)) return false;
  // 31 February would be taken for a day in March.
  const [year, month, day] = value.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
}

function Time(): PropertyDecorator {
  return constraint('time', A_TIME, isTime);
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

function PageSize(): PropertyDecorator {
  return constraint('pageSize', `must be a whole number from 1 to ${MAX_PAGE}`, (value) => {
    return typeof value === 'string' && /^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_PAGE;
  });
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

class Page {
  @Optional() @Text(512) cursor?: string;
  @Optional() @PageSize() limit?: string;
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

export class MayPreview {
  @Optional() @OneOf('true', 'false') preview?: 'true' | 'false';
}

export function pageSize({ limit }: Page): number {
  return limit === undefined ? DEFAULT_PAGE : Number(limit);
}
