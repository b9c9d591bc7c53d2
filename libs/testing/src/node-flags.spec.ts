import { readFileSync } from 'node:fs';
import { NODE_FLAGS } from './bridge-process.js';

describe('The flags of Node', () => {
  test('are the same for npm run serve, the image, and the bridges of tests and benchmark', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(scripts.serve).toContain(` node ${NODE_FLAGS.join(' ')} dist/`);
    expect(readFileSync('Dockerfile', 'utf8')).toContain(
      `CMD ${JSON.stringify(['node', ...NODE_FLAGS, 'dist/apps/bridge/src/main.js']).replaceAll(',', ', ')}`,
    );
  });
});
