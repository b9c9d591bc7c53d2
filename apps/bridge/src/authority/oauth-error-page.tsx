import { type Page, page } from '../pages/page.js';
import type { Texts } from '../texts/en.js';

interface OAuthError {
  error: string;
  error_description?: string;
}

interface Explanation {
  title: string;
  text: string;
}

function explanationOf(error: string, { oauth }: Texts): Explanation {
  switch (error) {
    case 'invalid_client':
      return { title: oauth.unknownApp, text: oauth.unknownAppText };
    case 'invalid_redirect_uri':
      return { title: oauth.wrongAddress, text: oauth.wrongAddressText };
    case 'server_error':
      return { title: oauth.fault, text: oauth.faultText };
    default:
      return { title: oauth.other, text: oauth.otherText };
  }
}

/** What a person sees when the app's request went wrong and there is no safe way back to the app. */
export function oauthErrorPage(error: OAuthError): { status: number; page: Page } {
  const status = error.error === 'server_error' ? 500 : 400;
  return { status, page: messagePage((texts) => explanationOf(error.error, texts), error) };
}

/** For an interaction that is over, unknown, or another browser's. */
export function signInOverPage(): Page {
  return messagePage(({ oauth }) => ({ title: oauth.over, text: oauth.overText }));
}

function messagePage(of: (texts: Texts) => Explanation, detail?: OAuthError): Page {
  return page((texts) => {
    const { title, text } = of(texts);
    return {
      title,
      body: (
        <section class="card">
          <h1>{title}</h1>
          <p class="lead">{text}</p>
          {detail && <p class="small quiet">{texts.oauth.forMakers(<Detail {...detail} />)}</p>}
        </section>
      ),
    };
  });
}

/** As the app's makers would read it from the protocol, whatever language the page is in. */
function Detail({ error, error_description: description }: OAuthError) {
  return (
    <bdi lang="en" dir="ltr">
      <code>{error}</code>
      {description && `, ${description}`}
    </bdi>
  );
}
