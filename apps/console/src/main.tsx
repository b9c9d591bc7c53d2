import { render } from 'preact';
import { App } from './app.js';
import { Console } from './console.js';
import { signInStep } from './people/sign-in-window.js';
import { loadSettings } from './settings.js';
import './style.css';

const root = document.getElementById('app')!;

async function start(): Promise<void> {
  const settings = await loadSettings();
  const step = await signInStep(settings);
  if (step === 'leaving') return;
  const console = new Console(settings);
  if (step !== 'none' && step.error) console.seats[step.side].problem.value = `The sign-in failed: ${step.error}`;
  render(<App console={console} />, root);
  await console.start();
}

start().catch((error: Error) => {
  render(
    <main class="failed">
      <h1>The console could not start</h1>
      <p role="alert">{error.message}</p>
    </main>,
    root,
  );
});
