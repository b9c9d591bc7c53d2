import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { chooseServer, isElsewhere, type OtherServer } from '../settings.js';

/** The console of one bridge can be used with another one, so that a run is replayed there. */
export const ServerChoice: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { settings, runs } = console;
  const url = useSignal(settings.publicUrl);
  const clientId = useSignal(settings.clientId);
  const problem = useSignal('');
  const go = async (server: OtherServer | undefined) => {
    problem.value = '';
    try {
      if (server) await reach(server.publicUrl);
      runs.remember();
      chooseServer(server);
      location.reload();
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  return (
    <section aria-labelledby="server-title">
      <h3 id="server-title">Server</h3>
      <p class="quiet">
        A run can be replayed against another server: choose it, sign both people in there, and replay. That server’s
        operator has to register this console there first, as a web app with the redirect URI{' '}
        <code>{`${location.origin}${location.pathname}`}</code>.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const publicUrl = url.value.trim().replace(/\/+$/, '');
          void go(publicUrl === settings.own ? undefined : { publicUrl, clientId: clientId.value.trim() });
        }}
      >
        <label for="server-url">Its public address</label>
        <input
          id="server-url"
          type="url"
          required
          value={url.value}
          onInput={(event) => {
            url.value = event.currentTarget.value;
          }}
        />
        <label for="server-client">The client id of this console there</label>
        <input
          id="server-client"
          type="text"
          required
          autocomplete="off"
          value={clientId.value}
          onInput={(event) => {
            clientId.value = event.currentTarget.value;
          }}
        />
        <div class="buttons">
          <button type="submit">Use this server</button>
          {isElsewhere(settings) && (
            <button type="button" onClick={() => void go(undefined)}>
              Back to this console’s own
            </button>
          )}
        </div>
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
      </form>
    </section>
  );
};

/** Whether a bridge is there: any page may read what its codes mean. */
async function reach(publicUrl: string): Promise<void> {
  try {
    const response = await fetch(`${publicUrl}/errors`, { headers: { accept: 'application/json' } });
    const { errors } = (await response.json()) as { errors?: unknown };
    if (Array.isArray(errors)) return;
  } catch {
    // Said below.
  }
  throw new Error(`No bridge answers at ${publicUrl}. Is it the public address, and can this browser reach it?`);
}
