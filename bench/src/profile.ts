import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CpuProfile } from './probe-client.js';

export interface SelfTime {
  readonly name: string;
  /** As it was written: the TypeScript where there is a source map. */
  readonly place: string;
  readonly us: number;
  /** Of all the work. */
  readonly share: number;
}

/** What is no work of the gateway's; the profiler's own start, in node:inspector, is none either. */
const NOT_WORK = new Set(['(idle)', '(root)']);

/** The functions that took the most time themselves, the most first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const byNode = new Map<number, number>();
  for (const [n, node] of samples.entries()) byNode.set(node, (byNode.get(node) ?? 0) + Math.max(0, timeDeltas[n]!));
  const byPlace = new Map<string, { name: string; place: string; us: number }>();
  let busy = 0;
  for (const { id, callFrame } of nodes) {
    const us = byNode.get(id) ?? 0;
    if (us === 0 || NOT_WORK.has(callFrame.functionName) || callFrame.url === 'node:inspector') continue;
    busy += us;
    const place = placeOf(callFrame);
    const key = `${callFrame.functionName} ${place}`;
    const entry = byPlace.get(key) ?? { name: callFrame.functionName || '(anonymous)', place, us: 0 };
    entry.us += us;
    byPlace.set(key, entry);
  }
  const times = [...byPlace.values()].map((entry) => ({ ...entry, share: entry.us / busy }));
  return times.sort((a, b) => b.us - a.us);
}

const maps = new Map<string, { map: SourceMap; folder: string } | undefined>();

function placeOf({ url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (!url.startsWith('file:')) return url === '' ? '' : `${url}:${lineNumber + 1}`;
  const file = fileURLToPath(url);
  if (!maps.has(file)) maps.set(file, sourceMapOf(file));
  const found = maps.get(file);
  const entry = found?.map.findEntry(lineNumber, columnNumber);
  const written =
    entry && 'originalSource' in entry
      ? `${resolve(found!.folder, entry.originalSource)}:${entry.originalLine + 1}`
      : `${file}:${lineNumber + 1}`;
  return relative(process.cwd(), written);
}

function sourceMapOf(file: string): { map: SourceMap; folder: string } | undefined {
  const path = `${file}.map`;
  if (!existsSync(path)) return undefined;
  return { map: new SourceMap(JSON.parse(readFileSync(path, 'utf8'))), folder: dirname(file) };
}

export function selfTimeList(title: string, times: readonly SelfTime[], count = 15): string {
  const lines = times
    .slice(0, count)
    .map(({ name, place, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${name}  ${place}`);
  return [`${title}: the CPU that was used, by function`, ...lines].join('\n');
}
