import { find } from './find.ts';

const partners = [
  { id: 'a1f0', name: 'Tunebox' },
  { id: 'a2f0', name: 'Tunebox TV' },
  { id: 'b3f0', name: 'Reelhouse' },
];

describe('A partner is named', () => {
  test.each([
    ['a1f0', 'a1f0'],
    ['tunebox', 'a1f0'],
    ['Tunebox T', 'a2f0'],
    ['ree', 'b3f0'],
    ['b', 'b3f0'],
  ])('by %s', (reference, id) => {
    expect(find(partners, reference, 'partner').id).toBe(id);
  });

  test('by nothing that several begin with, nor by what none has, nor by nothing at all', () => {
    expect(() => find(partners, 'tune', 'partner')).toThrow(
      '"tune" is more than one partner: Tunebox (a1f0) and Tunebox TV (a2f0). Write more of it, or the id.',
    );
    const known = 'there are Tunebox, Tunebox TV and Reelhouse.';
    expect(() => find(partners, 'Skyline', 'partner')).toThrow(`There is no partner "Skyline"; ${known}`);
    expect(() => find(partners, '', 'partner')).toThrow('There is no partner ""');
    expect(() => find([], 'x', 'partner')).toThrow('There is no partner "x"; there is no partner at all.');
  });

  test('in full where nobody is asked', () => {
    expect(find(partners, 'Reelhouse', 'partner', true).id).toBe('b3f0');
    expect(() => find(partners, 'ree', 'partner', true)).toThrow(
      'With --yes write the whole id or name of the partner: "ree" is the beginning of Reelhouse (b3f0).',
    );
  });
});
