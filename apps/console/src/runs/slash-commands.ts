import { SLASH } from '../send/slash-commands.js';

SLASH.add(
  {
    name: 'record',
    args: '',
    help: 'Record what the two people do, until /stop',
    run({ console: { runs } }) {
      runs.start();
      return 'It is being recorded: /stop ends it.';
    },
  },
  {
    name: 'stop',
    args: '[name]',
    help: 'End the recording; Runs has its steps, replays it and makes a test of it',
    run({ console: { runs } }, given) {
      const { steps } = runs.stop(given.text.trim());
      return `${steps.length} steps were recorded: see Runs.`;
    },
  },
);
