import { fileURLToPath } from 'node:url';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { type Chat, Refused } from './chat.js';
import { type ChatView, chatPage, page, problemPage, signInForm } from './pages.js';
import type { People } from './people.js';
import type { Person } from './schema.js';
import type { Settings } from './settings.js';

const COOKIE = 'commons_session';
const FORM_BYTES = '64kb';
/** So that nothing between takes a quiet stream for a dead one. */
const STILL_THERE_MS = 25_000;

/** What every answer has, and that a form comes from a page of one's own. */
export function protect(app: Express, { url, bridge }: Settings): void {
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    response.set({
      // A sign-in that the bridge asked for goes back there.
      'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self' ${bridge.publicUrl}; base-uri 'none'; frame-ancestors 'none'`,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    });
    // The bridge, which is a server, says no origin; another page on this machine is no page of ours.
    const { origin } = request.headers;
    if (request.method === 'POST' && origin !== undefined && origin !== url) {
      response.status(403).send(problemPage('That form is not one of this site.'));
    } else next();
  });
  app.use('/assets', express.static(fileURLToPath(new URL('../assets', import.meta.url)), { cacheControl: false }));
}

/** The pages of the chat, and the stream that says when they look otherwise. */
export function servePages(app: Express, chat: Chat, people: People, { url, bridge }: Settings): void {
  const form = express.urlencoded({ extended: false, limit: FORM_BYTES });
  const cookie = { httpOnly: true, sameSite: 'lax', secure: url.startsWith('https:'), path: '/' } as const;

  const signedIn =
    (serve: (person: Person, request: Request, response: Response) => Promise<unknown>) =>
    async (request: Request, response: Response) => {
      const person = await people.bySession(tokenOf(request));
      if (person) await serve(person, request, response);
      else response.redirect(303, '/sign-in');
    };

  const view = async (person: Person, id?: string): Promise<ChatView> => {
    const open = id === undefined ? undefined : await chat.conversation(id, person.id);
    const [names, conversations, apps, messages] = await Promise.all([
      chat.names(),
      chat.conversations(person.id),
      chat.db
        .selectFrom('connection')
        .select('app')
        .distinct()
        .where('person', '=', person.id)
        .where('ended_at', 'is', null)
        .execute(),
      open ? chat.messages(open.id) : [],
    ]);
    return {
      person,
      names,
      conversations,
      apps: apps.map(({ app: name }) => name),
      connectedApps: `${bridge.publicUrl}/connected-apps`,
      ...(open ? { open: { conversation: open, messages } } : {}),
    };
  };

  app.get('/', (_request, response) => response.redirect(303, '/chat'));
  app.get('/sign-in', (_request, response) => {
    response.send(page({ title: 'Sign in', body: signInForm() }));
  });
  app.post('/sign-in', form, async (request, response) => {
    try {
      const person = await people.signIn(field(request, 'login'), field(request, 'password'));
      const { token, expires } = await people.begin(person);
      response.cookie(COOKIE, token, { ...cookie, expires }).redirect(303, '/chat');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      response.status(403).send(page({ title: 'Sign in', body: signInForm({ problem: error.message }) }));
    }
  });
  app.post('/sign-out', async (request, response) => {
    await people.end(tokenOf(request));
    response.clearCookie(COOKIE, cookie).redirect(303, '/sign-in');
  });

  app.get(
    '/chat',
    signedIn(async (person, _request, response) => response.send(chatPage(await view(person)))),
  );
  app.get(
    '/chat/:id',
    signedIn(async (person, request, response) =>
      response.send(chatPage(await view(person, String(request.params.id)))),
    ),
  );
  app.post(
    '/chat',
    form,
    signedIn(async (person, request, response) => {
      const { with: others = [] } = (request.body ?? {}) as { with?: string | string[] };
      response.redirect(303, `/chat/${await chat.open(person.id, [others].flat(), field(request, 'title'))}`);
    }),
  );
  app.post(
    '/chat/:id/messages',
    form,
    signedIn(async (person, request, response) => {
      const conversation = String(request.params.id);
      await chat.send(person.id, conversation, field(request, 'text'), field(request, 'id') || undefined);
      response.redirect(303, `/chat/${conversation}`);
    }),
  );
  app.post(
    '/messages/:id/edit',
    form,
    signedIn(async (person, request, response) => {
      const message = String(request.params.id);
      response.redirect(303, `/chat/${await chat.edit(person.id, message, field(request, 'text'))}`);
    }),
  );
  app.post(
    '/messages/:id/delete',
    form,
    signedIn(async (person, request, response) => {
      response.redirect(303, `/chat/${await chat.delete(person.id, String(request.params.id))}`);
    }),
  );

  /** Says only that something changed, and the page fetches itself anew: one that missed a line has missed nothing. */
  app.get(
    '/events',
    signedIn(async (person, request, response) => {
      response.set('Content-Type', 'text/event-stream').flushHeaders();
      const tell = (_conversation: string, members: string[]) => {
        if (members.includes(person.id)) response.write('data: changed\n\n');
      };
      const timer = setInterval(() => response.write(': still there\n\n'), STILL_THERE_MS);
      chat.on('changed', tell);
      request.on('close', () => {
        clearInterval(timer);
        chat.off('changed', tell);
      });
      response.write('data: changed\n\n');
    }),
  );
}

export function answerErrors(app: Express, log: (line: string) => void): void {
  app.use((_request: Request, response: Response) => {
    response.status(404).send(problemPage('There is no such page.'));
  });
  app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const { status = 500 } = error as { status?: number };
    if (error instanceof Refused) return void response.status(400).send(problemPage(error.message));
    if (status < 500) return void response.status(status).send(problemPage('That cannot be read.'));
    log(`${error.stack ?? error.message}`);
    response.status(500).send(problemPage('Try it again in a moment.'));
  });
}

/** One field of a form: empty where it is missing or there more than once, and without U+0000, which PostgreSQL does not store. */
export function field(request: Request, name: string): string {
  const value = (request.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.replaceAll('\0', '') : '';
}

function tokenOf(request: Request): string {
  const found = (request.headers.cookie ?? '').split('; ').find((each) => each.startsWith(`${COOKIE}=`));
  return found?.slice(COOKIE.length + 1) ?? '';
}
