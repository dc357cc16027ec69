// The API, as a program uses it: how the tests write the books that pages then show.

import { address, createToken, createLedger, type Scope } from "./program.ts";

export interface Event {
  id: string;
  source: string;
  event_type: string;
  platform_user_id: string;
  event_time: string;
  platform_login?: string;
  artifact_url?: string;
}

export interface Part {
  component_id: string;
  amount_credits: string;
  algorithm_version?: string;
  evidence_ref?: string;
}

export interface Window {
  week?: string;
  period_start?: string;
  period_end?: string;
  weights?: Record<string, string>;
}

export interface Payout {
  user_id: string;
  display_name: string | null;
  total_units: string;
  share: string;
  amount_credits: string;
}

export interface Statement {
  id: string;
  allocation_set_hash: string;
  payouts_hash: string;
  pool_total_credits: string;
  payouts: Payout[];
}

// One ledger, with a token that may do everything.
export class Books {
  private constructor(
    readonly ledger: string,
    readonly admin: string,
  ) {}

  static async of(ledger: string, { isPublic = true, isNew = true } = {}): Promise<Books> {
    if (isNew) await createLedger(ledger, isPublic);
    return new Books(ledger, await createToken(ledger, "admin"));
  }

  async token(scope: Scope): Promise<string> {
    return await createToken(this.ledger, scope);
  }

  // The address of a page of this ledger.
  page(rest = ""): string {
    return `/l/${this.ledger}${rest}`;
  }

  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${address()}/api/v1/ledgers/${this.ledger}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.admin}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }

  async openEpoch(window: Window): Promise<number> {
    return (await this.call<{ id: number }>("POST", "/epochs", window)).id;
  }

  async insert(epoch: number, events: Event[]): Promise<void> {
    const path = `/epochs/${epoch}/activity`;
    const done = await this.call<{ inserted: number; faults: unknown[] }>("POST", path, events);
    if (done.inserted !== events.length) throw new Error(`not all were inserted: ${JSON.stringify(done)}`);
  }

  async bind(bindings: { source: string; platform_user_id: string; user_id: string }[]): Promise<void> {
    await this.call("POST", "/identities", { bindings });
  }

  async propose(epoch: number): Promise<void> {
    await this.call("POST", `/epochs/${epoch}/allocations/propose`);
  }

  async decide(epoch: number, user: string, units: bigint, reason: string): Promise<void> {
    const decision = { final_units: units.toString(), reason };
    await this.call("PATCH", `/epochs/${epoch}/allocations/${user}`, decision);
  }

  async addPart(epoch: number, part: Part): Promise<void> {
    await this.call("POST", `/epochs/${epoch}/pool-components`, part);
  }

  async beginReview(epoch: number): Promise<void> {
    await this.call("POST", `/epochs/${epoch}/review`);
  }

  async close(epoch: number): Promise<Statement> {
    const done = await this.call<{ statement: Statement }>("POST", `/epochs/${epoch}/finalize`, {});
    return done.statement;
  }

  async statement(epoch: number): Promise<Statement> {
    return await this.call<Statement>("GET", `/epochs/${epoch}/statement`);
  }
}
