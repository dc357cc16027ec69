// A TypeScript adapter of the usual shape: drizzle-orm over postgres.js, its own usual schema, multi-row
// VALUES with onConflictDoNothing in one transaction, all rows of a select at once, one statement for each
// cursor. Speaks the conductor's lines (see src/stage.rs).
import { and, asc, eq } from "drizzle-orm";
import { bigint, index, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { act, MASK, mixed } from "./stage.ts";

const [work, count, url] = process.argv.slice(2);
if (!["ingest", "small"].includes(work)) throw new Error("this peer takes part in nothing else");

const activityEvents = pgTable(
  "activity_events",
  {
    id: text("id").primaryKey(),
    ledgerId: text("ledger_id").notNull(),
    epochId: bigint("epoch_id", { mode: "number" }).notNull(),
    source: text("source").notNull(),
    eventType: text("event_type").notNull(),
    platformUserId: text("platform_user_id").notNull(),
    platformLogin: text("platform_login"),
    userId: text("user_id"),
    artifactUrl: text("artifact_url"),
    metadata: jsonb("metadata"),
    payloadHash: text("payload_hash").notNull(),
    producer: text("producer").notNull(),
    producerVersion: text("producer_version").notNull(),
    eventTime: timestamp("event_time", { withTimezone: true }).notNull(),
    retrievedAt: timestamp("retrieved_at", { withTimezone: true }).notNull(),
    ingestedAt: timestamp("ingested_at", { withTimezone: true }).notNull(),
  },
  (table) => [index("activity_events_epoch").on(table.epochId, table.eventTime)],
);

const sourceCursors = pgTable(
  "source_cursors",
  {
    ledgerId: text("ledger_id").notNull(),
    source: text("source").notNull(),
    stream: text("stream").notNull(),
    scope: text("scope").notNull(),
    cursorValue: text("cursor_value").notNull(),
    retrievedAt: timestamp("retrieved_at", { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.ledgerId, table.source, table.stream, table.scope] })],
);

const CREATE = `
  CREATE TABLE source_cursors (
    ledger_id text NOT NULL, source text NOT NULL, stream text NOT NULL, scope text NOT NULL,
    cursor_value text NOT NULL, retrieved_at timestamptz NOT NULL,
    PRIMARY KEY (ledger_id, source, stream, scope));
  CREATE TABLE activity_events (
    id text PRIMARY KEY, ledger_id text NOT NULL, epoch_id bigint NOT NULL, source text NOT NULL,
    event_type text NOT NULL, platform_user_id text NOT NULL, platform_login text, user_id text,
    artifact_url text, metadata jsonb, payload_hash text NOT NULL, producer text NOT NULL,
    producer_version text NOT NULL, event_time timestamptz NOT NULL,
    retrieved_at timestamptz NOT NULL, ingested_at timestamptz NOT NULL);
  CREATE INDEX activity_events_epoch ON activity_events (epoch_id, event_time)`;

// As many as fit into 65,535 parameters at 16 a row, and no more than drizzle takes without running out of
// stack.
const BATCH = 4_000;

type Event = typeof activityEvents.$inferInsert;

// The same events as src/data.rs makes.
const LEDGER = "716ad4e3-1d15-5a45-96b2-7b848addbd4a";
const KINDS = [
  ["git", "commit_authored"],
  ["github", "pull_request_merged"],
  ["github", "review_submitted"],
  ["forum", "answer_accepted"],
] as const;
const START = Date.parse("2026-11-16T00:00:00Z");
const WEEK_SECONDS = 7 * 24 * 60 * 60;

function eventOf(n: number, all: number): Event {
  const [source, eventType] = KINDS[n % 4];
  const hex = (z: bigint) => z.toString(16).padStart(16, "0");
  const hash = hex(mixed(BigInt(n))) + hex(mixed(BigInt(n) ^ MASK));
  const person = String((Math.floor(n / 4) * 7_919 + (n % 4) * 250) % 1_000).padStart(6, "0");
  return {
    id: `${source}:example/orchard:${hash}`,
    ledgerId: LEDGER,
    epochId: 1,
    source,
    eventType,
    platformUserId: `dev${person}@example.org`,
    platformLogin: n % 2 === 0 ? `user-${person}` : null,
    userId: null,
    artifactUrl: n % 4 === 3 ? null : `https://forge.example/orchard/commit/${hash}`,
    metadata: n % 4 === 1 ? { additions: n % 997, deletions: n % 89 } : null,
    payloadHash: hash + hash,
    producer: "ledger-bench",
    producerVersion: "1",
    eventTime: new Date(START + Math.floor((n * WEEK_SECONDS) / all) * 1000),
    retrievedAt: new Date(START + WEEK_SECONDS * 1000),
    ingestedAt: new Date(),
  };
}

// postgres.js does not know a socket's folder in an address.
function options(text: string): postgres.Options<{}> {
  const parts = new URL(text);
  const [host, port] = [decodeURIComponent(parts.hostname), Number(parts.port || 5432)];
  const place = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  return { ...place, username: parts.username, database: parts.pathname.slice(1), max: 1 };
}

const client = postgres(options(url));
const db = drizzle(client);
await client.unsafe(CREATE);
const number = work === "small" ? 0 : Number(count);
const events = Array.from({ length: number }, (_, n) => eventOf(n, number));

async function ingest(): Promise<number> {
  return await db.transaction(async (tx) => {
    let inserted = 0;
    for (let at = 0; at < events.length; at += BATCH) {
      const rows = events.slice(at, at + BATCH);
      const result = await tx.insert(activityEvents).values(rows).onConflictDoNothing();
      inserted += result.count;
    }
    return inserted;
  });
}

async function read(): Promise<number> {
  const rows = await db
    .select()
    .from(activityEvents)
    .where(and(eq(activityEvents.ledgerId, LEDGER), eq(activityEvents.epochId, 1)))
    .orderBy(asc(activityEvents.eventTime), asc(activityEvents.id));
  return rows.length;
}

async function upsertCursors(): Promise<number> {
  for (let n = 0; n < Number(count); n++) {
    const [cursorValue, retrievedAt] = [`page-${n}`, new Date()];
    const key = { ledgerId: LEDGER, source: "git", stream: "commits", scope: "example/orchard" };
    const { ledgerId, source, stream, scope } = sourceCursors;
    await db
      .insert(sourceCursors)
      .values({ ...key, cursorValue, retrievedAt })
      .onConflictDoUpdate({ target: [ledgerId, source, stream, scope], set: { cursorValue, retrievedAt } });
  }
  return Number(count);
}

if (work === "ingest") {
  await act("fresh", ingest);
  await act("again", ingest);
  // As the store's database is left before it is read.
  await client.unsafe("VACUUM (FREEZE, ANALYZE) activity_events");
  await act("read", read);
} else {
  await act("upsert-cursor", upsertCursors);
}
await client.end();
process.exit(0);
