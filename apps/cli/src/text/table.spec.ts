import { table } from './table.ts';
import { shown, widthOf } from './width.ts';

const plain = { width: 80, paint: (_style: string, text: string) => text };

describe('A table', () => {
  test('has its columns under their titles, also where letters are two columns wide', () => {
    const rows = [
      ['東京ラジオ', 'approved'],
      ['Tunebox', { text: 'ended', style: 'red' as const }],
    ];
    expect(table(['NAME', 'STATUS'], rows, plain).split('\n')).toEqual([
      'NAME        STATUS',
      '東京ラジオ  approved',
      'Tunebox     ended',
    ]);
  });

  test('becomes a block for each row where the terminal is too narrow, and nothing of it is cut off', () => {
    const id = '0b8f5a4e-3c53-4d0e-9a2b-6f5d1f1f6a11';
    const rows = [
      ['Tunebox', 'messages.read, messages.send', id],
      ['Reelhouse', '', id],
    ];
    expect(table(['NAME', 'SCOPES', 'ID'], rows, { ...plain, width: 24 }).split('\n')).toEqual([
      'NAME    Tunebox',
      'SCOPES  messages.read,',
      '        messages.send',
      `ID      ${id}`,
      '',
      'NAME    Reelhouse',
      'SCOPES',
      `ID      ${id}`,
    ]);
  });

  test('says less where that makes it fit', () => {
    const id = { text: '0b8f5a4e-3c53-4d0e-9a2b-6f5d1f1f6a11', short: '0b8f5a4e' };
    expect(table(['NAME', 'ID'], [['Tunebox', id]], { ...plain, width: 45 })).toBe(`NAME     ID\nTunebox  ${id.text}`);
    expect(table(['NAME', 'ID'], [['Tunebox', id]], { ...plain, width: 44 })).toBe('NAME     ID\nTunebox  0b8f5a4e');
  });

  test('is coloured after it is aligned', () => {
    const painted = table(['A', 'B'], [[{ text: 'x', style: 'red' }, 'y']], {
      width: 80,
      paint: (style, text) => `<${style}>${text}</>`,
    });
    expect(painted.split('\n')[1]).toBe('<red>x</>  y');
  });

  test('shows what others wrote, and lets it do nothing to the terminal', () => {
    expect(table(['NAME'], [['\u001b[2JTune\u202ebox\n']], plain)).toBe('NAME\n\ufffd[2JTune\ufffdbox\ufffd');
    expect(shown('東京 é 👩‍👩‍👧')).toBe('東京 é 👩‍👩‍👧');
  });
});

describe('The width of a text', () => {
  test.each([
    ['Tunebox', 7],
    ['e\u0301', 1],
    ['東京', 4],
    ['한글', 4],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['\u200b', 0],
  ])('of %s is %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});
