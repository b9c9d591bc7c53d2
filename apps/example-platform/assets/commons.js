// Makes the page live: when the server says that something changed, the page is fetched again, and what looks otherwise
// takes its place. Without this script everything works too, page by page.
const parser = new DOMParser();
const list = document.querySelector('#messages');
const log = list?.parentElement;
const form = document.querySelector('#write');
/** What the server said of each item that is shown. */
const said = new WeakMap();

/** Puts the items of `fresh` into `old`, and touches only those that differ: what somebody is typing in stays. */
function take(old, fresh) {
  const known = new Map([...old.children].filter(({ id }) => id).map((item) => [item.id, item]));
  for (const [index, item] of [...fresh.children].entries()) {
    const before = known.get(item.id);
    // An open form is the person's own until they are done.
    const same = before && (said.get(before) === item.outerHTML || before.querySelector('details[open]'));
    const kept = same ? before : document.importNode(item, true);
    if (!same) said.set(kept, item.outerHTML);
    const there = old.children[index];
    if (there === kept) continue;
    if (!same && there?.id && there.id === kept.id) there.replaceWith(kept);
    else old.insertBefore(kept, there ?? null);
  }
  while (old.children.length > fresh.children.length) old.lastElementChild.remove();
}

const isAtEnd = () => log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
const toEnd = () => log?.scrollTo(0, log.scrollHeight);

let running = false;
let again = false;
/** One at a time; what changes meanwhile is one more. */
async function refresh() {
  again = true;
  if (running) return;
  running = true;
  while (again) {
    again = false;
    const response = await fetch(location.pathname).catch(() => undefined);
    if (!response?.ok) continue;
    if (response.redirected) location.reload();
    const fresh = parser.parseFromString(await response.text(), 'text/html');
    const wasAtEnd = isAtEnd();
    if (list) take(list, fresh.querySelector('#messages'));
    for (const id of ['conversations', 'apps']) {
      const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
      if (old.innerHTML !== now.innerHTML && !old.contains(document.activeElement)) old.innerHTML = now.innerHTML;
    }
    if (wasAtEnd) toEnd();
  }
  running = false;
}

for (const item of list?.children ?? []) said.set(item, item.outerHTML);
toEnd();
// It connects again by itself, and the first line of each connection makes the page fresh.
new EventSource('/events').addEventListener('message', refresh);

async function send(event) {
  event.preventDefault();
  const text = form.elements.text;
  if (text.value.trim() === '') return;
  const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).catch(
    () => undefined,
  );
  // With the same id, so that whatever became of the first it is written once.
  if (!response?.ok) return void form.submit();
  form.elements.id.value = crypto.randomUUID();
  text.value = '';
  text.focus();
  await refresh();
  toEnd();
}

form?.addEventListener('submit', send);
form?.elements.text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
