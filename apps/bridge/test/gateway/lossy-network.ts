import type { Bus, BusHandler } from '@drawbridge/bus';

/** What becomes of a hint between two gateways. */
export type Fate = 'arrives' | 'lost' | 'twice' | 'late';

interface Member {
  readonly handlers: Map<string, Set<BusHandler>>;
  alive: boolean;
}

/** A bus that joins gateways of one process, and treats their hints as `fate` says. */
export class LossyNetwork {
  private readonly members = new Set<Member>();
  private readonly late: (() => void)[] = [];

  /** Asked for every hint and every member that would get it. */
  constructor(private readonly fate: () => Fate) {}

  /** A gateway's end of it; `die` cuts it off without a word. */
  join(): Bus & { die(): void } {
    const member: Member = { handlers: new Map(), alive: true };
    this.members.add(member);
    const die = () => {
      member.alive = false;
      this.members.delete(member);
    };
    return {
      isUp: true,
      publish: (channel, payload) => this.publish(member, channel, payload),
      subscribe: async (channel, handler) => {
        const own: BusHandler = (payload) => handler(payload);
        member.handlers.set(channel, (member.handlers.get(channel) ?? new Set()).add(own));
        return () => void member.handlers.get(channel)?.delete(own);
      },
      onUp: () => () => {},
      close: async () => die(),
      die,
    };
  }

  private publish(from: Member, channel: string, payload: Uint8Array): void {
    if (!from.alive) return;
    const overtaken = this.late.splice(0);
    for (const member of this.members) {
      const arrive = () => {
        if (member.alive) for (const handler of member.handlers.get(channel) ?? []) handler(payload);
      };
      const fate = member === from ? 'arrives' : this.fate();
      if (fate === 'late') this.late.push(arrive);
      else if (fate !== 'lost') queueMicrotask(arrive);
      if (fate === 'twice') setImmediate(arrive);
    }
    for (const arrive of overtaken) queueMicrotask(arrive);
  }
}
