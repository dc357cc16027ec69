// A peer's side of the conductor's lines; see src/stage.rs.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const MASK = (1n << 64n) - 1n;

// SplitMix64, as in src/data.rs.
export function mixed(number: bigint): bigint {
  let z = (number + 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

function memory(name: string): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))![1]) * 1024;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function act(name: string, work: () => number | Promise<number>): Promise<void> {
  if ((await lines.next()).done) throw new Error("the conductor is gone");
  writeFileSync("/proc/self/clear_refs", "5");
  const before = memory("VmRSS");
  const began = process.hrtime.bigint();
  const done = await work();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const memory_bytes = Math.max(0, memory("VmHWM") - before);
  console.log(JSON.stringify({ act: name, seconds, memory_bytes, done }));
}
