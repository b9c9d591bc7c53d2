import { randomUUID } from 'node:crypto';
import { CHAT_LIMITS } from './chat.js';
import { type Html, html } from './html.js';
import type { Conversation, Message, Person } from './schema.js';

interface Page {
  readonly title: string;
  readonly body: Html;
  /** Follows what happens, in this conversation and in the list. */
  readonly live?: { readonly conversation: string };
}

export function page({ title, body, live }: Page): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Commons</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/commons.css">
${live && html`<script type="module" src="/assets/commons.js"></script>`}
</head>
<body${live && html` data-conversation="${live.conversation}"`}>
${body}
</body>
</html>`.toString();
}

export function signInForm({ why, problem }: { why?: string; problem?: string } = {}): Html {
  return html`<main class="narrow">
<p class="brand">Commons</p>
<h1>Sign in ${why}</h1>
${problem && html`<p class="problem" role="alert">${problem}</p>`}
<form method="post">
<label for="login">Login</label>
<input id="login" name="login" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>
</main>`;
}

export function problemPage(problem: string): string {
  const body = html`<main class="narrow"><p class="brand">Commons</p><h1>That did not work</h1><p>${problem}</p><p><a href="/chat">Back to your chats</a></p></main>`;
  return page({ title: 'That did not work', body });
}

export interface ChatView {
  readonly person: Person;
  readonly names: ReadonlyMap<string, string>;
  readonly conversations: readonly (Conversation & { last: string | null })[];
  /** The apps of partners that may use this person's messages now. */
  readonly apps: readonly string[];
  readonly connectedApps: string;
  readonly open?: { readonly conversation: Conversation; readonly messages: readonly Message[] };
}

export function chatPage(view: ChatView): string {
  const { person, names, open, apps, connectedApps } = view;
  const title = open ? titleOf(open.conversation, view) : 'Chats';
  const body = html`<a class="skip" href="#content">Skip to the messages</a>
<header><a class="brand" href="/chat">Commons</a>
<form method="post" action="/sign-out"><span>${person.name}</span> <button class="plain">Sign out</button></form></header>
<div class="columns${open && ' open'}">
<nav aria-label="Chats"><ul id="conversations">${view.conversations.map((each) => conversationItem(each, view))}</ul>
<details><summary>New chat</summary>
<form method="post" action="/chat"><fieldset><legend>With</legend>
${[...names].map(([id, name]) => id !== person.id && html`<label class="choice"><input type="checkbox" name="with" value="${id}"> ${name}</label>`)}
</fieldset><label for="title">Name of the group</label><input id="title" name="title" maxlength="${CHAT_LIMITS.titleLength}">
<button>Begin</button></form></details>
<p class="apps" id="apps">${apps.length > 0 && html`Connected: ${apps.join(', ')}. `}<a href="${connectedApps}">Connected apps</a></p></nav>
<main id="content" tabindex="-1">${open ? conversation(open, title, view) : html`<h1>Chats</h1><p class="quiet">Choose a chat, or begin a new one.</p>`}</main>
</div>`;
  return page({ title, body, live: { conversation: open?.conversation.id ?? '' } });
}

function titleOf({ kind, title, members }: Conversation, { person, names }: ChatView): string {
  if (title) return title;
  const others = members.filter((id) => id !== person.id).map((id) => names.get(id) ?? 'Somebody');
  return kind === 'direct' ? (others[0] ?? 'Somebody') : others.join(', ');
}

function conversationItem(each: Conversation & { last: string | null }, view: ChatView): Html {
  const isOpen = view.open?.conversation.id === each.id;
  return html`<li><a href="/chat/${each.id}"${isOpen && html` aria-current="page"`}><strong>${titleOf(each, view)}</strong>
<span class="quiet">${each.last?.slice(0, 80) ?? 'Nothing yet'}</span></a></li>`;
}

function conversation(
  { conversation: { id, kind, members }, messages }: NonNullable<ChatView['open']>,
  title: string,
  view: ChatView,
): Html {
  const people = members.map((member) => view.names.get(member) ?? 'Somebody').join(', ');
  return html`<p class="back"><a href="/chat">All chats</a></p>
<h1>${title}</h1>${kind === 'group' && html`<p class="quiet">${people}</p>`}
<div class="log" role="log" aria-label="Messages" tabindex="0"><ol id="messages">${messages.map((each) => messageItem(each, view))}</ol></div>
<form id="write" method="post" action="/chat/${id}/messages"><input type="hidden" name="id" value="${randomUUID()}">
<label for="text">Message</label>
<div class="row"><textarea id="text" name="text" rows="2" required maxlength="${CHAT_LIMITS.textLength}"></textarea><button>Send</button></div></form>`;
}

function messageItem(message: Message, { person, names }: ChatView): Html {
  const { id, author, text, via, sent_at, edited_at, deleted_at, refusal } = message;
  const own = author === person.id;
  const time = sent_at.toISOString();
  return html`<li id="m-${id}" class="${own ? 'own' : ''}"><p class="meta"><strong>${names.get(author) ?? 'Somebody'}</strong>
<time datetime="${time}">${time.slice(0, 16).replace('T', ' ')}</time>${via && html` <span class="via">via ${via}</span>`}${edited_at && !deleted_at && html` <span>edited</span>`}${refusal && html` <span class="problem">Not shown in other apps: ${refusal}</span>`}</p>
<p class="text${deleted_at && ' quiet'}">${deleted_at ? 'This message was deleted.' : text}</p>
${
  own &&
  !deleted_at &&
  html`<details><summary>Change<span class="hidden"> “${text?.slice(0, 40)}”</span></summary>
<form method="post" action="/messages/${id}/edit"><label for="e-${id}">New text</label><textarea id="e-${id}" name="text" rows="2" required>${text}</textarea><button>Save</button></form>
<form method="post" action="/messages/${id}/delete"><button class="ending">Delete</button></form></details>`
}</li>`;
}
