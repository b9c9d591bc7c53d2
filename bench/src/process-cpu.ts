import { readdirSync, readFileSync } from 'node:fs';

const TICK_US = 10_000;

/** CPU that a process and its children have used so far, user and system, µs. Linux only, in ticks of 10 ms. */
export function treeCpuUs(root: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const fields = statOf(pid);
    if (fields && (pid === root || Number(fields[1]) === root)) ticks += Number(fields[11]) + Number(fields[12]);
    // What its children used that are gone by now.
    if (fields && pid === root) ticks += Number(fields[13]) + Number(fields[14]);
  }
  return ticks * TICK_US;
}

/** The fields after the name, which may have spaces: state, parent, … Undefined when the process is gone. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
