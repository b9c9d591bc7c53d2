import { readOptions } from './options.js';

describe('The command line of Tunebox', () => {
  test('keeps each person’s sign-in on each bridge in a folder of its own', () => {
    const env = { XDG_CONFIG_HOME: '/home/a/.config' };
    expect(readOptions(['--as', 'alice'], env)).toMatchObject({
      url: 'http://127.0.0.1:8080',
      folder: '/home/a/.config/tunebox/127.0.0.1_8080/alice',
    });
    const other = readOptions(['--url', 'https://bridge.example/', '--folder', '/tmp/t'], env);
    expect(other).toMatchObject({ url: 'https://bridge.example', folder: '/tmp/t/bridge.example/me' });
  });

  test.each([
    [['--as', '../alice']],
    [['--as', '..']],
    [['--as', '']],
    [['--url', 'bridge.example']],
    [['--url', 'ftp://bridge.example']],
    [['--volume', '11']],
  ])('refuses %j', (args) => {
    expect(() => readOptions(args, {})).toThrow();
  });
});
