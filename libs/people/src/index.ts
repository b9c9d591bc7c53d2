export { Activities, type ActivityPage, type NewActivity } from './activities.js';
export { type Contact, type ContactPage, readContacts } from './contacts.js';
export { FAILURES_WINDOW_MS, Failures, failureSubject } from './failures.js';
export { peopleMigrations } from './migration.js';
export { networkOf } from './network.js';
export { People, type Person, type PersonToPut } from './people.js';
export { PeopleError } from './people-error.js';
export { PERSON_SESSION_LIMITS, PersonSessions } from './person-sessions.js';
export { type KnownBrowser, SIGN_IN_LIMITS, SignIn, type SignInAttempt, type SignInResult } from './sign-in.js';
