// Before all tests: a database and a server of their own, and the orchard's books. After all tests:
// the server is told to stop, and must have nothing to complain about.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { keepOrchard } from "./orchard.ts";
import { ADDRESS_VARIABLE, createLedger, environment, PROGRAM, STATE_VARIABLE } from "./program.ts";

const PATIENCE_MS = 60_000;

export default async function start(): Promise<() => Promise<void>> {
  const state = await mkdtemp(join(tmpdir(), "epoch-ledger-browser-"));
  // Where root runs this, the database runs as another user.
  await chmod(state, 0o755);
  await mkdir(join(state, "home"));
  process.env[STATE_VARIABLE] = state;
  try {
    await createLedger("orchard", true);
    const words = ["--ledger", "orchard", "serve", "--listen", "127.0.0.1:0"];
    const server = spawn(PROGRAM, [...words, "--requests-per-minute", "100000"], {
      env: environment(state),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const log: string[] = [];
    const ended = once(server, "exit");
    try {
      process.env[ADDRESS_VARIABLE] = await addressOf(server, log);
      await keepOrchard();
    } catch (error) {
      server.kill("SIGTERM");
      await ended;
      throw error;
    }
    return async () => {
      server.kill("SIGTERM");
      const deadline = setTimeout(() => server.kill("SIGKILL"), PATIENCE_MS);
      const [code, signal] = (await ended) as [number | null, string | null];
      clearTimeout(deadline);
      await rm(state, { recursive: true, force: true });
      const failures = log.filter((line) => / (ERROR|WARN) |panicked/.test(line));
      if (code !== 0) throw new Error(`the server ended with ${signal ?? code}:\n${log.slice(-20).join("\n")}`);
      if (failures.length > 0) throw new Error(`the server's log has failures:\n${failures.join("\n")}`);
    };
  } catch (error) {
    await rm(state, { recursive: true, force: true });
    throw error;
  }
}

// Reads the log line by line; it must be read to the end, or the server would block.
async function addressOf(server: ChildProcess, log: string[]): Promise<string> {
  return await new Promise((found, failed) => {
    const tooLate = setTimeout(() => failed(new Error("the server does not say its address")), PATIENCE_MS);
    server.once("error", failed);
    // Once the address is found, these find nobody who waits.
    server.once("exit", (code) => failed(new Error(`the server ended with ${code}:\n${log.join("\n")}`)));
    let rest = "";
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      log.push(...lines);
      const address = lines.join("\n").match(/The pages are at (http:\/\/[0-9.:]+)\//)?.[1];
      if (address === undefined) return;
      clearTimeout(tooLate);
      found(address);
    });
  });
}
