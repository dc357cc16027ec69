// Payouts by largest remainder and the hash of what they come from, as a TypeScript service computes them:
// BigInt throughout, a Map to sum by user, sorted bytewise.
import { createHash } from "node:crypto";
import { act, mixed } from "./stage.ts";

const [work, count] = process.argv.slice(2);
if (work !== "payouts") throw new Error("this peer takes part in nothing else");

type Units = { userId: string; units: bigint };
type Payout = { userId: string; totalUnits: bigint; share: string; amountCredits: bigint };

const people = Number(count);
const allocations: Units[] = Array.from({ length: people }, (_, n) => ({
  userId: `user-${String((n * 7_919) % people).padStart(6, "0")}`,
  units: 1n + (mixed(BigInt(n)) % 100_000n),
}));

// The ids are ASCII, where the order of code units is that of bytes.
const byId = (a: { userId: string }, b: { userId: string }) =>
  a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0;

function hashOf(of: Units[]): string {
  const lines = [...of].sort(byId).map(({ userId, units }) => `${userId}:${units}`);
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function payouts(of: Units[], pool: bigint): Payout[] {
  const sums = new Map<string, bigint>();
  for (const { userId, units } of of) sums.set(userId, (sums.get(userId) ?? 0n) + units);
  let total = 0n;
  for (const units of sums.values()) total += units;
  if (total === 0n || pool <= 0n) return [];
  const rows = [...sums].map(([userId, units]) => ({
    userId,
    units,
    amount: (units * pool) / total,
    remainder: (units * pool) % total,
  }));
  let left = pool;
  for (const row of rows) left -= row.amount;
  rows.sort((a, b) => (a.remainder < b.remainder ? 1 : a.remainder > b.remainder ? -1 : byId(a, b)));
  for (let at = 0; BigInt(at) < left; at++) rows[at].amount += 1n;
  rows.sort(byId);
  return rows.map(({ userId, units, amount }) => {
    const millionths = String((units * 1_000_000n) / total).padStart(7, "0");
    const share = `${millionths.slice(0, -6)}.${millionths.slice(-6)}`;
    return { userId, totalUnits: units, share, amountCredits: amount };
  });
}

await act("payouts", () => {
  hashOf(allocations);
  return payouts(allocations, 1_000_000_000n).length;
});
process.exit(0);
