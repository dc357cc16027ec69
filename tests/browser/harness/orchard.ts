// The books that the reading tests read: a community with two closed weeks and one that is open. The
// people are invented. What pages must show is computed from the tables here, by arithmetic.ts.

import { split, type Split } from "./arithmetic.ts";
import { Books, type Event, type Part } from "./api.ts";
import { command } from "./program.ts";

export const LEDGER = "orchard";

// In thousandths of a unit.
export const WEIGHTS = {
  "workshop:session_held": 12_000n,
  "github:pr_merged": 8_000n,
  "github:review_submitted": 3_000n,
  "forum:answer_accepted": 2_500n,
  "git:commit_authored": 1_000n,
  "git:commit_coauthored": 500n,
} as const;

export type Kind = keyof typeof WEIGHTS;
export const KINDS = Object.keys(WEIGHTS) as Kind[];

// How many events of each kind, in the order of WEIGHTS.
type Row = readonly [number, number, number, number, number, number];

export const PEOPLE: Record<string, string> = {
  arlo: "Arlo Finch",
  freya: "Freya Holm",
  hana: "Hana Doi",
  ines: "Ines Wildt",
  juna: "Juna Petrow",
  lina: "Lina Quist",
  milo: "Milo Sand",
  nils: "Nils Brook",
  osei: "Osei Barak",
  piet: "Piet Vogel",
  radu: "Radu Mere",
  sabine: "Sabine Korn",
  tomas: "Tomás Arbor",
  yara: "Yara Lund",
};

export const nameOf = (user: string): string => PEOPLE[user] ?? user;

export interface Chapter {
  id: number;
  week: string;
  // The window's first day.
  monday: string;
  work: Record<string, Row>;
  // Events from before the window.
  late: { user: string; kind: Kind; time: string }[];
  // Events of platform users that are nobody yet.
  unresolved: { kind: Kind; platform_user_id: string; login?: string; times: number }[];
  decisions: { user: string; units: bigint; reason: string }[];
  pool: Part[];
  isClosed: boolean;
}

export const CHAPTERS: readonly [Chapter, Chapter, Chapter] = [
  {
    id: 1,
    week: "2026-W45",
    monday: "2026-11-02",
    work: {
      ines: [1, 4, 3, 2, 9, 1],
      tomas: [0, 3, 5, 1, 7, 0],
      juna: [1, 2, 2, 4, 4, 2],
      milo: [0, 2, 1, 0, 8, 0],
      freya: [0, 1, 4, 2, 3, 1],
      osei: [1, 0, 0, 5, 0, 0],
      lina: [0, 1, 1, 1, 4, 0],
      radu: [0, 0, 2, 3, 2, 1],
      hana: [0, 1, 0, 0, 3, 0],
      piet: [0, 0, 1, 2, 0, 0],
      sabine: [0, 0, 0, 1, 2, 0],
    },
    late: [],
    unresolved: [],
    decisions: [
      {
        user: "piet",
        units: 14_000n,
        reason: "Carried the move to the new forum for two days; none of it left an event.",
      },
    ],
    pool: [
      { component_id: "base_issuance", amount_credits: "10000", algorithm_version: "weekly-v1" },
      {
        component_id: "kpi_bonus_v0",
        amount_credits: "1500",
        algorithm_version: "kpi-v0",
        evidence_ref: "https://example.org/minutes/2026-11-02",
      },
    ],
    isClosed: true,
  },
  {
    id: 2,
    week: "2026-W46",
    monday: "2026-11-09",
    work: {
      ines: [0, 5, 2, 1, 11, 0],
      tomas: [1, 2, 6, 2, 5, 1],
      juna: [0, 3, 3, 3, 6, 0],
      milo: [0, 3, 2, 1, 9, 2],
      freya: [1, 1, 3, 0, 4, 0],
      osei: [1, 1, 0, 4, 1, 0],
      lina: [0, 2, 2, 2, 5, 1],
      radu: [0, 1, 1, 4, 3, 0],
      hana: [0, 1, 2, 1, 4, 1],
      piet: [0, 0, 2, 3, 1, 0],
      sabine: [0, 1, 0, 2, 2, 0],
      yara: [0, 0, 1, 1, 3, 1],
      nils: [0, 0, 0, 2, 1, 0],
    },
    late: [{ user: "osei", kind: "workshop:session_held", time: "2026-11-07T15:30:00Z" }],
    unresolved: [],
    decisions: [
      {
        user: "milo",
        units: 32_500n,
        reason: "Two of the merged changes were one change, sent in halves.",
      },
      {
        user: "sabine",
        units: 19_000n,
        reason: "Wrote the grant report, which happened outside of every platform.",
      },
    ],
    pool: [
      { component_id: "base_issuance", amount_credits: "10000", algorithm_version: "weekly-v1" },
      {
        component_id: "top_up",
        amount_credits: "2500",
        algorithm_version: "vote-v1",
        evidence_ref: "https://example.org/votes/12",
      },
    ],
    isClosed: true,
  },
  {
    id: 3,
    week: "2026-W47",
    monday: "2026-11-16",
    work: {
      ines: [1, 3, 4, 2, 8, 1],
      tomas: [0, 4, 3, 1, 6, 0],
      juna: [0, 2, 4, 5, 3, 1],
      milo: [0, 3, 1, 1, 7, 0],
      freya: [0, 2, 2, 3, 5, 2],
      osei: [1, 0, 1, 3, 0, 0],
      lina: [0, 2, 1, 1, 6, 0],
      radu: [0, 1, 2, 2, 2, 1],
      hana: [1, 1, 1, 0, 5, 0],
      piet: [0, 0, 3, 2, 2, 0],
      sabine: [0, 0, 1, 3, 1, 0],
      yara: [0, 1, 1, 0, 4, 1],
      nils: [0, 0, 0, 2, 2, 0],
      arlo: [0, 0, 1, 0, 1, 1],
    },
    late: [
      { user: "hana", kind: "workshop:session_held", time: "2026-11-14T10:00:00Z" },
      { user: "radu", kind: "forum:answer_accepted", time: "2026-11-15T18:45:00Z" },
    ],
    unresolved: [
      { kind: "github:review_submitted", platform_user_id: "41999", login: "night-gardener", times: 3 },
      { kind: "git:commit_authored", platform_user_id: "shed@example.org", times: 2 },
    ],
    decisions: [
      {
        user: "arlo",
        units: 9_000n,
        reason: "First week: paired all of Thursday, which no platform saw.",
      },
    ],
    pool: [
      { component_id: "base_issuance", amount_credits: "12000", algorithm_version: "weekly-v1" },
      {
        component_id: "kpi_bonus_v0",
        amount_credits: "777",
        algorithm_version: "kpi-v0",
        evidence_ref: "https://example.org/minutes/2026-11-16",
      },
    ],
    isClosed: false,
  },
];

export const chapter = (id: 1 | 2 | 3): Chapter => CHAPTERS[id - 1] as Chapter;

// What the events of one come to, by kind, late ones included.
export function countsOf(of: Chapter, user: string): Map<Kind, number> {
  const counts = new Map<Kind, number>();
  KINDS.forEach((kind, at) => {
    const late = of.late.filter((one) => one.user === user && one.kind === kind).length;
    const events = (of.work[user]?.[at] ?? 0) + late;
    if (events > 0) counts.set(kind, events);
  });
  return counts;
}

export function proposedOf(of: Chapter, user: string): bigint {
  return [...countsOf(of, user)].reduce((sum, [kind, events]) => sum + BigInt(events) * WEIGHTS[kind], 0n);
}

export const decisionOf = (of: Chapter, user: string): Chapter["decisions"][number] | undefined =>
  of.decisions.find((one) => one.user === user);

export const poolOf = (of: Chapter): bigint =>
  of.pool.reduce((sum, part) => sum + BigInt(part.amount_credits), 0n);

// Who gets what.
export function splitOf(of: Chapter): Split {
  const counted = Object.keys(of.work).map(
    (user) => [user, decisionOf(of, user)?.units ?? proposedOf(of, user)] as const,
  );
  return split(new Map(counted), poolOf(of));
}

export const unresolvedEvents = (of: Chapter): number =>
  of.unresolved.reduce((sum, one) => sum + one.times, 0);

export function resolvedEvents(of: Chapter): number {
  const counts = Object.keys(of.work).flatMap((user) => [...countsOf(of, user).values()]);
  return counts.reduce((sum, one) => sum + one, 0);
}

// Who somebody is on a platform.
function platformUser(source: string, user: string): { id: string; login: string | undefined } {
  const number = 1_001 + Object.keys(PEOPLE).indexOf(user) * 37;
  switch (source) {
    case "github":
      return { id: String(number * 31), login: `${user}-${number % 89}` };
    case "git":
      return { id: `${user}@example.org`, login: undefined };
    default:
      return { id: `u-${number}`, login: user };
  }
}

const DAY_MS = 86_400_000;

class Diary {
  readonly events: Event[] = [];
  constructor(private readonly of: Chapter) {}

  // Spread over the week, fewer at its end; the same each time.
  private time(): string {
    const at = this.events.length * 7_919;
    const day = [0, 1, 1, 2, 2, 3, 3, 4, 0, 5, 2, 1, 6][at % 13] ?? 0;
    const second = 7 * 3_600 + ((at * 613) % (13 * 3_600));
    return new Date(Date.parse(this.of.monday) + day * DAY_MS + second * 1_000).toISOString();
  }

  write(kind: Kind, platformUserId: string, login: string | undefined, time = this.time()): void {
    const [source, type] = kind.split(":") as [string, string];
    const number = this.of.id * 1_000 + this.events.length;
    const path = { github: "pull", git: "commit", forum: "t", workshop: "sessions" }[source] ?? "x";
    const name = source === "git" ? ((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0") : number;
    this.events.push({
      id: `${source}:${path}/${name}`,
      source,
      event_type: type,
      platform_user_id: platformUserId,
      event_time: time,
      artifact_url: `https://${source}.example.org/orchard/${path}/${name}`,
      ...(login === undefined ? {} : { platform_login: login }),
    });
  }
}

export function eventsOf(of: Chapter): Event[] {
  const diary = new Diary(of);
  for (const [user, row] of Object.entries(of.work)) {
    KINDS.forEach((kind, at) => {
      const { id, login } = platformUser(kind.split(":")[0] ?? "", user);
      for (let count = 0; count < (row[at] ?? 0); count += 1) diary.write(kind, id, login);
    });
  }
  for (const { user, kind, time } of of.late) {
    const { id, login } = platformUser(kind.split(":")[0] ?? "", user);
    diary.write(kind, id, login, time);
  }
  for (const { kind, platform_user_id, login, times } of of.unresolved) {
    for (let count = 0; count < times; count += 1) diary.write(kind, platform_user_id, login);
  }
  return diary.events;
}

// Writes everything above to the ledger, which is there and empty.
export async function keepOrchard(): Promise<void> {
  const books = await Books.of(LEDGER, { isNew: false });
  for (const [user, name] of Object.entries(PEOPLE)) {
    await command("--ledger", LEDGER, "identity", "name", user, name);
  }
  const sources = [...new Set(KINDS.map((kind) => kind.split(":")[0] ?? ""))];
  const bindings = Object.keys(PEOPLE).flatMap((user) =>
    sources.map((source) => ({ source, platform_user_id: platformUser(source, user).id, user_id: user })),
  );
  const weights = Object.fromEntries(KINDS.map((kind) => [kind, WEIGHTS[kind].toString()]));
  for (const one of CHAPTERS) {
    const id = await books.openEpoch({ week: one.week, weights });
    if (id !== one.id) throw new Error(`epoch ${one.id} became ${id}`);
    await books.insert(id, eventsOf(one));
    // Again each week: binding gives people what waits for them.
    await books.bind(bindings);
    await books.propose(id);
    for (const { user, units, reason } of one.decisions) await books.decide(id, user, units, reason);
    for (const part of one.pool) await books.addPart(id, part);
    if (!one.isClosed) continue;
    await books.beginReview(id);
    await books.close(id);
  }
}
