// The program under test, as somebody at a shell uses it.

import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

export const PROGRAM = resolve(
  import.meta.dirname,
  "..",
  process.env["EPOCH_LEDGER"] ?? "../../target/debug/epoch-ledger",
);

// What the setup tells the tests, which run in other processes.
export const STATE_VARIABLE = "EPOCH_LEDGER_BROWSER_TESTS_STATE";
export const ADDRESS_VARIABLE = "EPOCH_LEDGER_BROWSER_TESTS_ADDRESS";

// A database of the program's own below that directory, and nothing of whoever runs the tests.
export function environment(state: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => name !== "DATABASE_URL" && !name.startsWith("EPOCH_LEDGER") && name !== "RUST_LOG",
  );
  return { ...Object.fromEntries(kept), HOME: `${state}/home`, EPOCH_LEDGER_STATE_DIR: `${state}/state` };
}

function told(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: the setup has not run`);
  return value;
}

// Where the pages are, without a slash at the end.
export const address = (): string => told(ADDRESS_VARIABLE);

const run = promisify(execFile);

// What `epoch-ledger … --json` prints.
export async function command(...words: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(PROGRAM, ["--json", ...words], {
    env: environment(told(STATE_VARIABLE)),
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

export type Scope = "read" | "collect" | "review" | "admin";

export async function createLedger(name: string, isPublic: boolean): Promise<void> {
  await command("ledger", "create", name, ...(isPublic ? ["--public"] : []));
}

export async function createToken(ledger: string, scope: Scope): Promise<string> {
  const made = await command("--ledger", ledger, "token", "create", "--scope", scope, `browser-${scope}`);
  return String(made["token"]);
}
