import { Lifecycle } from './lifecycle.js';

describe('The life of the process', () => {
  it('is ready once started, while every check passes, and says which one does not', async () => {
    const life = new Lifecycle();
    expect(await life.readiness()).toMatchObject({ ready: false, phase: 'starting' });
    life.started();
    let reachable = true;
    life.addCheck('database', async () => {
      if (!reachable) throw new Error('cannot be reached');
    });
    life.addCheck('consent', () => {});
    expect(await life.readiness()).toEqual({ ready: true, phase: 'ready', checks: { database: 'ok', consent: 'ok' } });
    reachable = false;
    expect(await life.readiness()).toMatchObject({
      ready: false,
      checks: { database: 'cannot be reached', consent: 'ok' },
    });
  });

  it('is not ready from the moment it leaves, and refuses nothing until it drains', async () => {
    const life = new Lifecycle();
    life.started();
    await life.leave(1);
    expect([await life.readiness(), life.draining]).toMatchObject([{ ready: false, phase: 'leaving' }, false]);
  });

  it('is not ready from the moment it drains, runs every drain, the last added first, and outlives one that fails', async () => {
    const life = new Lifecycle();
    life.started();
    const ran: string[] = [];
    life.onDrain('first', async () => {
      ran.push('first');
    });
    life.onDrain('fails', async () => {
      ran.push(`fails while ${(await life.readiness()).phase}`);
      throw new Error('no');
    });
    const problems: string[] = [];
    await life.drain((name) => problems.push(name));
    expect(ran).toEqual(['fails while draining', 'first']);
    expect(problems).toEqual(['fails']);
    life.started();
    expect(life.draining).toBe(true);
  });
});
