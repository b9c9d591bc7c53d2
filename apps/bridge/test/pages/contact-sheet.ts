import { VIEWS } from './walk.js';

/** A page that shows the pictures side by side: a row for each state, a column for each view. */
export function contactSheet(states: readonly { language: string; state: string }[]): string {
  const rows = states.map(({ language, state }) => {
    const id = `${language}-${state.replace('/', '-')}`;
    const pictures = VIEWS.map(({ name, width }) => {
      const file = `${language}/${state.replace('/', '.')}.${name}.png`;
      return `<a href="${file}"><img loading="lazy" class="${width < 600 ? 'narrow' : 'broad'}" src="${file}" alt="${state}, ${name}"></a>`;
    });
    return `<section id="${id}"><h2><a href="#${id}">${state}</a> <small>${language}</small></h2><div>${pictures.join('')}</div></section>`;
  });
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>The pages</title>
<style>
  body { margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; background: #777; color: #fff; }
  h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
  a { color: inherit; }
  div { display: flex; gap: 1rem; align-items: flex-start; overflow-x: auto; }
  .broad { width: 40rem; }
  .narrow { width: 20rem; }
</style>
${rows.join('\n')}
</html>
`;
}
