import { Logger } from '@nestjs/common';
import { errorFields } from './error-fields.js';
import { Log } from './log.js';
import { Repeats } from './repeats.js';

describe('The log', () => {
  const written: string[] = [];
  const lines = () => written.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
  const start = (level: 'trace' | 'info') => {
    Logger.overrideLogger(new Log({ level, gateway: 'gw-1', destination: { write: (line) => written.push(line) } }));
  };
  afterAll(() => Logger.overrideLogger(undefined as never));

  it('writes one JSON line with the level, the time, the gateway, the part of the program and the fields', () => {
    start('info');
    new Logger('Connection').warn({ connection: 7, person: 'alice' }, 'A thing happened');
    new Logger('Connection').debug({ connection: 7 }, 'Below the level');
    new Logger('Bridge').log('Just a sentence');
    const [first, second, ...rest] = lines();
    expect(first).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      gateway: 'gw-1',
      pid: process.pid,
      part: 'Connection',
      connection: 7,
      person: 'alice',
      msg: 'A thing happened',
    });
    expect(second).toMatchObject({ level: 'info', part: 'Bridge', msg: 'Just a sentence' });
    expect(rest).toEqual([]);
  });

  it('keeps what Nest says of itself for trace, and the stack that Nest gives beside a sentence', () => {
    start('info');
    new Logger('InstanceLoader').log('CoreModule dependencies initialized');
    new Logger('Nest').error('It failed', 'Error: a secret\n    at one (file.js:1:2)\n    at two (file.js:3:4)');
    expect(lines()).toEqual([
      expect.objectContaining({ msg: 'It failed', stack: '    at one (file.js:1:2)\n    at two (file.js:3:4)' }),
    ]);
    start('trace');
    new Logger('InstanceLoader').log('CoreModule dependencies initialized');
    expect(lines()).toEqual([expect.objectContaining({ level: 'trace', part: 'InstanceLoader' })]);
  });

  it('says of an error its type, message, code, stack and cause, and nothing that quotes a value or holds a row', () => {
    const row = Object.assign(new Error('duplicate key value violates unique constraint "message_pkey"'), {
      code: '23505',
      detail: 'Key (text)=(my secret) already exists.',
      parameters: ['my secret'],
    });
    const value = Object.assign(new Error('invalid input syntax for type uuid: "my secret"'), { code: '22P02' });
    const parsing = (() => {
      try {
        return JSON.parse('my secret');
      } catch (error) {
        return error as Error;
      }
    })();
    const outer = new Error('It could not be stored', { cause: row });
    const found = [outer, value, parsing, 'my secret', Object.assign(new Error('it'), { text: 'my secret' })].map(
      (error) => errorFields(error),
    );
    expect(JSON.stringify(found)).not.toContain('my secret');
    expect(found[0]).toMatchObject({
      type: 'Error',
      message: 'It could not be stored',
      stack: expect.stringContaining('log.spec'),
      cause: { code: '23505', message: row.message },
    });
    expect(found[1]).toMatchObject({ code: '22P02', message: expect.stringContaining('withheld') });
  });

  it('leaves out what repeats itself, and counts it (I9)', () => {
    let now = 0;
    const repeats = new Repeats(() => now);
    const said = Array.from({ length: 13 }, () => repeats.count('gone'));
    expect(said).toEqual([...Array(10).fill(0), 'enough', 'enough', 'enough']);
    expect(repeats.count('something else')).toBe(0);
    now = 10_000;
    expect([repeats.count('gone'), repeats.count('gone')]).toEqual([3, 0]);
  });
});
