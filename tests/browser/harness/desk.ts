// A small community for the tests that write: one open week, three people who are known and one who is
// not.

import { split, type Split } from "./arithmetic.ts";
import { Books } from "./api.ts";

export const UNITS = new Map([
  ["ada", 4_000n],
  ["ben", 5_500n],
  ["cleo", 5_000n],
]);

// The one whom nobody knows yet has two commits.
export const STRANGER = "stranger@example.org";
export const STRANGER_UNITS = 2_000n;

export const POOL = 1_000n;

const WORK = [
  { user: "ada", kind: "commit_authored", source: "git", times: 4 },
  { user: "ben", kind: "commit_authored", source: "git", times: 3 },
  { user: "ben", kind: "answer_accepted", source: "forum", times: 1 },
  { user: "cleo", kind: "answer_accepted", source: "forum", times: 2 },
  { user: "stranger", kind: "commit_authored", source: "git", times: 2 },
] as const;

export class Desk {
  private constructor(
    readonly books: Books,
    // The open week's number.
    readonly epoch: number,
  ) {}

  // With `isReady`, proposals and pool are there already.
  static async of(ledger: string, { isReady = true, isPublic = true } = {}): Promise<Desk> {
    const books = await Books.of(ledger, { isPublic });
    const weights = { "git:commit_authored": "1000", "forum:answer_accepted": "2500" };
    const desk = new Desk(books, await books.openEpoch({ week: "2026-W47", weights }));
    await desk.books.insert(
      desk.epoch,
      WORK.flatMap(({ user, kind, source, times }) =>
        Array.from({ length: times }, (_, time) => ({
          id: `${source}:${user}/${time}`,
          source,
          event_type: kind,
          platform_user_id: `${user}@example.org`,
          event_time: `2026-11-1${6 + time}T09:30:00Z`,
          artifact_url: `https://${source}.example.org/${user}/${time}`,
        })),
      ),
    );
    await desk.books.bind(
      WORK.filter(({ user }) => user !== "stranger").map(({ user, source }) => ({
        source,
        platform_user_id: `${user}@example.org`,
        user_id: user,
      })),
    );
    if (isReady) {
      await desk.books.propose(desk.epoch);
      await desk.addBase();
    }
    return desk;
  }

  async addBase(): Promise<void> {
    await this.books.addPart(this.epoch, { component_id: "base_issuance", amount_credits: POOL.toString() });
  }

  // The address of a page of the open week.
  page(rest = ""): string {
    return this.books.page(`/epochs/${this.epoch}${rest}`);
  }
}

// Who gets what, where some have other units.
export const splitWith = (others: Record<string, bigint> = {}, pool = POOL): Split =>
  split(new Map([...UNITS, ...Object.entries(others)]), pool);
