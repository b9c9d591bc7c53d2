import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { textOf } from '../parts/text.js';
import type { Command } from './document.js';
import { choiceOf, choicesOf, type Field, fieldsOf, filledFrom, someOf } from './fields.js';

type Data = Readonly<Record<string, unknown>>;

/** The frame as a form, made from the schema of its command. */
export const FormView: FunctionComponent<{ console: Console; command: Command }> = ({ console, command }) => {
  const { composer } = console;
  const data = (composer.frame.value?.data ?? {}) as Data;
  const choices = choicesOf(command.schema);
  const choice = choiceOf(choices, data);
  const some = someOf(command.schema);
  const write = (next: Data) => composer.write(command.name, next);
  const fields = fieldsOf(command.schema).filter(({ name }) => !choice?.without.includes(name));
  return (
    <div class="fields">
      {command.examples.length > 0 && (
        <>
          <label for="example">Fill in from an example</label>
          <select
            id="example"
            value=""
            onChange={(event) => {
              const example = command.examples[Number(event.currentTarget.value)];
              if (example) write(filledFrom(example, () => composer.newClientId()));
              event.currentTarget.value = '';
            }}
          >
            <option value="">Choose one</option>
            {command.examples.map(({ summary }, index) => (
              <option key={summary} value={index}>
                {summary}
              </option>
            ))}
          </select>
        </>
      )}
      {choice && (
        <fieldset class="choice">
          <legend>With</legend>
          {choices.map((each) => (
            <label key={each.name}>
              <input
                type="radio"
                name="shape"
                checked={each === choice}
                onChange={() => {
                  const kept = Object.entries(data).filter(([name]) => !each.without.includes(name));
                  write({
                    ...Object.fromEntries(each.required.map((name) => [name, ''])),
                    ...Object.fromEntries(kept),
                  });
                }}
              />
              {each.name}
            </label>
          ))}
        </fieldset>
      )}
      {some.length > 0 && <p class="quiet">At least one of {some.join(', ')}.</p>}
      {fields.length === 0 && <p class="quiet">It takes no data.</p>}
      {fields.map((field) => (
        <FieldView
          key={field.name}
          console={console}
          field={choice?.required.includes(field.name) ? { ...field, required: true } : field}
          id={`field-${field.name}`}
          value={data[field.name]}
          onChange={(value) => write(withValue(data, field.name, value))}
        />
      ))}
    </div>
  );
};

/** Undefined takes it out. */
function withValue(data: Data, name: string, value: unknown): Data {
  const { [name]: _, ...others } = data;
  if (value === undefined) return others;
  return { ...data, [name]: value };
}

interface FieldProps {
  readonly console: Console;
  readonly field: Field;
  readonly id: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

const FieldView: FunctionComponent<FieldProps> = (props) => {
  const { console, field, id, value, onChange } = props;
  const { name, kind, required, hint, limits, offer } = field;
  const about = [hint, limits && `${limits[0]?.toUpperCase()}${limits.slice(1)}.`].filter(Boolean).join(' ');
  const list = offer && `known-${offer}`;
  if (kind === 'object') return <ObjectView {...props} />;
  if (kind === 'list') return <ListView {...props} about={about} list={list} />;
  const shared = { id, required, 'aria-describedby': about ? `${id}-about` : undefined };
  return (
    <div class="field">
      <label for={id}>
        {name}
        {required && <Required />}
      </label>
      {kind === 'long' ? (
        <textarea
          {...shared}
          rows={3}
          dir="auto"
          value={shown(value)}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      ) : kind === 'boolean' ? (
        <select
          {...shared}
          value={shown(value)}
          onChange={(event) => onChange({ true: true, false: false }[event.currentTarget.value])}
        >
          <option value="">not given</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <div class="line">
          <input
            {...shared}
            type="text"
            dir="auto"
            autocomplete="off"
            inputMode={kind === 'number' ? 'numeric' : undefined}
            list={list}
            value={shown(value)}
            onInput={(event) => onChange(read(event.currentTarget.value, kind))}
          />
          {name === 'clientId' && (
            <button type="button" onClick={() => onChange(console.composer.newClientId())}>
              New
            </button>
          )}
        </div>
      )}
      {about && (
        <small id={`${id}-about`} class="quiet">
          {about.replaceAll('`', '')}
        </small>
      )}
      {name === 'clientId' && (
        <label>
          <input
            type="checkbox"
            checked={console.composer.keepsClientId.value}
            onChange={(event) => {
              console.composer.keepsClientId.value = event.currentTarget.checked;
            }}
          />
          Keep it after sending, to send it twice
        </label>
      )}
    </div>
  );
};

const Required: FunctionComponent = () => <span class="required"> required</span>;

/** An object inside of the data, such as `title`: it is there as a whole or not at all. */
const ObjectView: FunctionComponent<FieldProps> = ({ console, field, id, value, onChange }) => {
  const { name, required, hint, fields } = field;
  const isThere = typeof value === 'object' && value !== null;
  const data = (isThere ? value : {}) as Data;
  return (
    <fieldset class="nested">
      <legend>
        {required ? (
          <>
            {name}
            <Required />
          </>
        ) : (
          <label>
            <input
              type="checkbox"
              checked={isThere}
              onChange={(event) => onChange(event.currentTarget.checked ? {} : undefined)}
            />
            {name}
          </label>
        )}
      </legend>
      {hint && <small class="quiet">{hint.replaceAll('`', '')}</small>}
      {(isThere || required) &&
        fields.map((each) => (
          <FieldView
            key={each.name}
            console={console}
            field={each}
            id={`${id}-${each.name}`}
            value={data[each.name]}
            onChange={(next) => onChange(withValue(data, each.name, next))}
          />
        ))}
    </fieldset>
  );
};

const ListView: FunctionComponent<FieldProps & { about: string; list: string | undefined }> = ({
  field: { name, required },
  id,
  value,
  onChange,
  about,
  list,
}) => {
  const entries = Array.isArray(value) ? value : [];
  const write = (next: readonly unknown[]) => onChange(next.length === 0 ? undefined : next);
  return (
    <fieldset class="field" aria-describedby={`${id}-about`}>
      <legend>
        {name}
        {required && <Required />}
      </legend>
      {entries.map((entry, index) => (
        <div class="line" key={index}>
          <input
            type="text"
            aria-label={`${name} ${index + 1}`}
            dir="auto"
            autocomplete="off"
            list={list}
            value={shown(entry)}
            onInput={(event) => write(entries.with(index, event.currentTarget.value))}
          />
          <button type="button" onClick={() => write(entries.toSpliced(index, 1))}>
            Remove
            <span class="visually-hidden">
              {' '}
              {name} {index + 1}
            </span>
          </button>
        </div>
      ))}
      <button type="button" onClick={() => write([...entries, ''])}>
        Add one<span class="visually-hidden"> to {name}</span>
      </button>
      <small id={`${id}-about`} class="quiet">
        {about.replaceAll('`', '')}
      </small>
    </fieldset>
  );
};

const shown = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** What is no number stays as it is typed, and the check says so; a placeholder is filled when it is sent. */
function read(text: string, kind: Field['kind']): unknown {
  if (text === '') return undefined;
  return kind === 'number' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Of each kind: they are drawn anew with every message that comes. */
const MAX_KNOWN = 50;
const LABEL_MAX = 80;

/** The ids that the console knows, for the fields that take one. */
export const KnownIds: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { chat } = console.seat;
  const people = new Map(
    [...chat.contacts.value, ...chat.talks.value.flatMap(({ members }) => members)].map(({ id, name }) => [id, name]),
  );
  return (
    <>
      <datalist id="known-conversations">
        {chat.talks.value.slice(0, MAX_KNOWN).map(({ id, title, members }) => (
          <option key={id} value={id} label={textOf(title ?? members.map(({ name }) => name).join(', '), LABEL_MAX)} />
        ))}
      </datalist>
      <datalist id="known-people">
        {[...people].map(([id, name]) => (
          <option key={id} value={id} label={textOf(name, LABEL_MAX)} />
        ))}
      </datalist>
      <datalist id="known-messages">
        {chat.messages.value
          .slice(-MAX_KNOWN)
          .toReversed()
          .map(({ id, text, position }) => (
            <option key={id} value={id} label={textOf(`${position}: ${textOf(text)}`, LABEL_MAX)} />
          ))}
      </datalist>
    </>
  );
};
