import { NoTurn, Turns } from './turns.js';

describe('Turns', () => {
  test('go key by key, so many at once and no more, and one that fails gives its turn on (I9)', async () => {
    const turns = new Turns({ atOnce: 2 });
    const begun: string[] = [];
    const ends = new Map<string, PromiseWithResolvers<void>>();
    const read = (key: string, name: string) =>
      turns.take(key, () => {
        begun.push(name);
        const end = Promise.withResolvers<void>();
        ends.set(name, end);
        return end.promise;
      });
    const finish = async (name: string, reading: Promise<void> | undefined, error?: Error) => {
      if (error) ends.get(name)!.reject(error);
      else ends.get(name)!.resolve();
      await reading?.catch(() => {});
    };

    const flood = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => read('a', name));
    const b = [read('b', 'b1'), read('b', 'b2')];
    const c = read('c', 'c1');
    expect(begun).toEqual(['a1', 'a2']);
    await finish('a1', flood[0]);
    await finish('a2', flood[1], new Error('the store is down'));
    expect(begun.slice(2)).toEqual(['a3', 'b1']);
    await finish('a3', flood[2]);
    await finish('b1', b[0]);
    expect(begun.slice(4)).toEqual(['c1', 'a4']);
    await finish('c1', c);
    await finish('a4', flood[3]);
    expect(begun.slice(6)).toEqual(['b2', 'a5']);
    await finish('b2', b[1]);
    await finish('a5', flood[4]);

    // Nothing is left of any of them: two may begin at once again.
    const later = [read('d', 'd1'), read('d', 'd2'), read('d', 'd3')];
    expect(begun.slice(8)).toEqual(['d1', 'd2']);
    await finish('d1', later[0]);
    expect(begun.slice(10)).toEqual(['d3']);
  });

  test('are refused where too many of one key wait, or of all together, and are given again when fewer do (I9)', async () => {
    const turns = new Turns({ atOnce: 1, waitingEach: 2, waiting: 3 });
    const end = Promise.withResolvers<void>();
    const take = (key: string) => turns.take(key, () => end.promise);
    const taken = ['a', 'a', 'a'].map(take);
    await expect(take('a')).rejects.toMatchObject({ crowded: 'own' });
    taken.push(take('b'));
    await expect(take('c')).rejects.toThrow(NoTurn);
    await expect(take('c')).rejects.toMatchObject({ crowded: 'all' });
    end.resolve();
    await Promise.all(taken);
    await Promise.all(['a', 'a', 'a', 'b'].map(take));
  });
});
