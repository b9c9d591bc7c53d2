import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { fileText } from '../parts/file-text.js';
import { SAVED_LIMITS } from './saved.js';

/** The tester's own requests. */
export const SavedView: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { saved, text } = console.composer;
  const name = useSignal('');
  const chosen = useSignal('');
  const problem = useSignal('');
  const doing = async (act: () => string | Promise<string>) => {
    try {
      console.say(await act());
      problem.value = '';
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  const current = saved.all.value.find((each) => each.name === chosen.value);
  return (
    <section class="saved" aria-label="Saved requests">
      <h3>Saved requests</h3>
      {saved.all.value.length > 0 && (
        <>
          <label for="saved">Use one</label>
          <select
            id="saved"
            value={current?.name ?? ''}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
              const next = saved.all.value.find((each) => each.name === chosen.value);
              if (!next) return;
              text.value = next.text;
              name.value = next.name;
            }}
          >
            <option value="">Choose one</option>
            {saved.all.value.map((each) => (
              <option key={each.name} value={each.name}>
                {each.name}
              </option>
            ))}
          </select>
        </>
      )}
      <label for="saved-name">Name</label>
      <input
        id="saved-name"
        type="text"
        autocomplete="off"
        maxLength={SAVED_LIMITS.nameCharacters}
        value={name.value}
        onInput={(event) => {
          name.value = event.currentTarget.value;
        }}
      />
      <div class="line">
        <button
          type="button"
          onClick={() =>
            void doing(() => {
              console.composer.save(name.value);
              chosen.value = name.value.trim();
              return 'The request was saved.';
            })
          }
        >
          Save the frame
        </button>
        {current && (
          <>
            <button
              type="button"
              onClick={() =>
                void doing(() => {
                  saved.rename(current.name, name.value);
                  chosen.value = name.value.trim();
                  return 'The request was renamed.';
                })
              }
            >
              Rename
            </button>
            <button
              type="button"
              class="ending"
              onClick={() =>
                void doing(() => {
                  saved.delete(current.name);
                  chosen.value = '';
                  return 'The request was deleted.';
                })
              }
            >
              Delete
            </button>
          </>
        )}
      </div>
      <div class="line">
        <button type="button" disabled={saved.all.value.length === 0} onClick={() => download(saved.exported())}>
          Export all
        </button>
        <label class="file">
          Import{' '}
          <input
            type="file"
            accept="application/json,.json"
            onChange={async (event) => {
              const input = event.currentTarget;
              const file = input.files?.[0];
              input.value = '';
              if (file)
                await doing(async () => {
                  const count = saved.import(await fileText(file, SAVED_LIMITS.fileBytes));
                  return `${count} ${count === 1 ? 'request was' : 'requests were'} imported.`;
                });
            }}
          />
        </label>
      </div>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </section>
  );
};

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: 'drawbridge-requests.json' });
  link.click();
  URL.revokeObjectURL(url);
}
