import { page } from '../pages/layout.js';

interface Explanation {
  title: string;
  text: string;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  invalid_client: {
    title: 'This app is not connected to us',
    text: 'The app that sent you here is not one we know, or its partner is not approved at the moment. Nothing was shared with it.',
  },
  invalid_redirect_uri: {
    title: 'We will not send you there',
    text: 'The app asked us to send you to an address that is not registered for it. Nothing was shared with it.',
  },
  server_error: {
    title: 'Something went wrong on our side',
    text: 'Nothing was shared. Go back to the app and try again in a moment.',
  },
};

const EXPIRED: Explanation = {
  title: 'This sign-in is no longer open',
  text: 'It took too long, was finished already, or was started in another browser. Nothing was shared. Go back to the app and sign in from there again.',
};

const OTHER: Explanation = {
  title: 'The app’s request cannot be answered',
  text: 'Something is wrong with what the app asked for. Nothing was shared. If it happens again, tell the makers of the app.',
};

/** What a person sees when the app's request went wrong and there is no safe way back to the app. */
export function oauthErrorPage(error: { error: string; error_description?: string }): { status: number; html: string } {
  const { title, text } = EXPLANATIONS[error.error] ?? OTHER;
  return { status: error.error === 'server_error' ? 500 : 400, html: messagePage(title, text, error) };
}

/** For an interaction that is over, unknown, or another browser's. */
export function signInOverPage(): string {
  return messagePage(EXPIRED.title, EXPIRED.text);
}

function messagePage(title: string, text: string, detail?: { error: string; error_description?: string }): string {
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      <p>{text}</p>
      {detail && (
        <p class="small quiet">
          For the makers of the app: <code>{detail.error}</code>
          {detail.error_description && `, ${detail.error_description}`}
        </p>
      )}
    </section>,
  );
}
