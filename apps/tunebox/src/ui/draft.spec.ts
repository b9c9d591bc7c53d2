import { type Draft, type Edit, EMPTY, edited, firstOf, lastLetters } from './draft.js';

const after = (...edits: Edit[]): Draft => edits.reduce(edited, EMPTY);

describe('What is being written', () => {
  test('is written where the cursor is', () => {
    const draft = after({ do: 'insert', text: 'helo' }, { do: 'left' }, { do: 'insert', text: 'l' });
    expect(draft).toEqual({ before: 'hell', after: 'o' });
    expect(edited(draft, { do: 'home' })).toEqual({ before: '', after: 'hello' });
    expect(edited(draft, { do: 'end' })).toEqual({ before: 'hello', after: '' });
  });

  test('loses what people see as one character at a time', () => {
    const family = after({ do: 'insert', text: 'a👩‍👩‍👧é' });
    expect(edited(family, { do: 'backspace' })).toEqual({ before: 'a👩‍👩‍👧', after: '' });
    expect(after({ do: 'insert', text: 'a👩‍👩‍👧' }, { do: 'backspace' })).toEqual({ before: 'a', after: '' });
    expect(after({ do: 'insert', text: '👩‍👩‍👧' }, { do: 'left' }, { do: 'right' })).toEqual({
      before: '👩‍👩‍👧',
      after: '',
    });
    expect(after({ do: 'backspace' }, { do: 'left' }, { do: 'right' })).toEqual(EMPTY);
  });

  test('is cut between characters, and never in one', () => {
    expect(lastLetters('abc👩‍👩‍👧é', 2)).toBe('👩‍👩‍👧é');
    expect(firstOf('👩‍👩‍👧abc')).toBe('👩‍👩‍👧');
    expect(firstOf('')).toBe('');
  });
});
