import { readFileSync } from 'node:fs';

/** CPU that a process has used so far, user and system, in µs (Linux: /proc/<pid>/schedstat is ns on CPU of one thread, so all tasks are added up from stat, in clock ticks of 10 ms). */
export function processCpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
