// The payout rule once more, from its description and not from the program: largest remainders.

export interface Share {
  user: string;
  units: bigint;
  // In millionths, cut.
  share: bigint;
  product: bigint;
  floor: bigint;
  remainder: bigint;
  // From 1: the place of the remainder.
  place: number;
  credits: bigint;
}

export interface Split {
  pool: bigint;
  total: bigint;
  leftOver: bigint;
  // By units, the most first; of two with as many, by user id.
  rows: Share[];
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: { user: string }, b: { user: string }): number => (a.user < b.user ? -1 : 1);

export function split(units: ReadonlyMap<string, bigint>, pool: bigint): Split {
  const total = [...units.values()].reduce((sum, one) => sum + one, 0n);
  const rows = [...units].map(([user, own]) => ({
    user,
    units: own,
    share: (own * 1_000_000n) / total,
    product: own * pool,
    floor: (own * pool) / total,
    remainder: (own * pool) % total,
    place: 0,
    credits: 0n,
  }));
  const leftOver = pool - rows.reduce((sum, row) => sum + row.floor, 0n);
  rows.sort((a, b) => order(b.remainder, a.remainder) || byName(a, b));
  rows.forEach((row, at) => {
    row.place = at + 1;
    row.credits = row.floor + (BigInt(at) < leftOver ? 1n : 0n);
  });
  rows.sort((a, b) => order(b.units, a.units) || byName(a, b));
  return { pool, total, leftOver, rows };
}

// As pages write them. Groups of digits are set apart by a margin, so that no text is between them.

export const units = (thousandths: bigint): string =>
  `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, "0")}`;

export const percent = (millionths: bigint): string =>
  `${millionths / 10_000n}.${String((millionths % 10_000n) / 100n).padStart(2, "0")}%`;

export const exact = (millionths: bigint): string =>
  `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, "0")}`;

export const change = (credits: bigint): string =>
  credits === 0n ? "0" : credits > 0n ? `+${credits}` : `\u2212${-credits}`;
