// One epoch, as everybody may read it: the front page of a public ledger.

import type { Page } from "@playwright/test";

import { change, percent, split, units } from "../harness/arithmetic.ts";
import { Books } from "../harness/api.ts";
import {
  chapter,
  countsOf,
  decisionOf,
  KINDS,
  nameOf,
  poolOf,
  proposedOf,
  resolvedEvents,
  splitOf,
  unresolvedEvents,
  WEIGHTS,
} from "../harness/orchard.ts";
import { cells, expect, fact, test } from "../harness/test.ts";

const open = chapter(3);
const now = splitOf(open);
const before = new Map(splitOf(chapter(2)).rows.map((row) => [row.user, row.credits]));

test("is the ledger's front page while it collects", async ({ page }) => {
  await page.goto("/l/orchard");
  await expect(page).toHaveTitle("Epoch 3 · orchard · Epoch Ledger");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Epoch 3");
  await expect(page.locator(".title-row .badge")).toHaveText("open");
  await expect(page.locator(".under-title")).toContainText("16 Nov 2026, 00:00 UTC to 23 Nov 2026, 00:00 UTC");
  await expect(page.getByRole("link", { name: "Current epoch" })).toHaveAttribute("aria-current", "true");
  await expect(fact(page, "Time")).toHaveText(/^(Begins in .+|.+ left|Ended .+ ago)$/);
  await expect(fact(page, "Pool")).toHaveText(`${poolOf(open)} credits`);
  await expect(fact(page, "Units")).toHaveText(units(now.total));
  await expect(fact(page, "Contributors")).toHaveText("14");
  const events = resolvedEvents(open) + unresolvedEvents(open);
  await expect(fact(page, "Events")).toHaveText(`${events} 5 unresolved 2 late`);
  await expect(page.getByRole("region", { name: "Before it is closed" })).toHaveText(
    /5 events belong to nobody yet; once the epoch is closed, they are never paid\./,
  );
});

test("says how much time is left", async ({ page }) => {
  const books = await Books.of("time-left");
  const hour = 3_600_000;
  const at = (time: number): string => new Date(time).toISOString();
  await books.openEpoch({
    period_start: at(Date.now() - 100 * hour),
    period_end: at(Date.now() + 51.5 * hour),
    weights: { "git:commit_authored": "1000" },
  });
  await page.goto(books.page());
  await expect(fact(page, "Time")).toHaveText("2 days 3 hours left");
  await expect(page.getByRole("heading", { name: "Nothing was collected yet" })).toBeVisible();
  await expect(page.getByText("epoch-ledger collect git .")).toBeVisible();
});

test("shows who has what share", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3");
  const legend = page.locator(".shares .legend > li");
  // Eight by name, and the others together.
  const named = now.rows.slice(0, 8);
  const others = now.rows.slice(8).reduce((sum, row) => sum + row.units, 0n);
  await expect(legend).toHaveCount(9);
  for (const [at, row] of named.entries()) {
    await expect(legend.nth(at)).toContainText(nameOf(row.user));
    await expect(legend.nth(at)).toContainText(percent(row.share));
  }
  await expect(legend.nth(8)).toContainText("6 others");
  await expect(legend.nth(8)).toContainText(percent((others * 1_000_000n) / now.total));
  // A name leads to its row.
  await legend.nth(2).getByRole("link").click();
  await expect(page).toHaveURL(/#c-3$/);
});

test("shows the way from events to units to credits", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3");
  const sums = KINDS.map((kind) => {
    const counts = Object.keys(open.work).map((user) => countsOf(open, user).get(kind) ?? 0);
    const events = counts.reduce((sum, one) => sum + one, 0);
    return { kind, events, units: BigInt(events) * WEIGHTS[kind] };
  });
  sums.sort((a, b) => Number(b.units - a.units));
  expect(await cells(page, "From events to units to credits")).toEqual(
    sums.map((sum) => [sum.kind, String(sum.events), units(WEIGHTS[sum.kind]), units(sum.units)]),
  );
  const flow = page.locator("figure.flow");
  const feet = flow.locator("tfoot tr");
  const raised = 9_000n - proposedOf(open, "arlo");
  await expect(feet.nth(0)).toHaveText(`Proposed${units(now.total - raised)}`);
  await expect(feet.nth(1)).toHaveText(`Raised by decisions+${units(raised)}`);
  await expect(feet.nth(2)).toHaveText(`Units that count${units(now.total)}`);
  await expect(feet.nth(3)).toHaveText(`Pool that they share, in credits${poolOf(open)}`);
  await expect(flow.getByText("Not in it: 5 events that wait for a name.")).toBeVisible();
  const first = now.rows[0]!;
  await expect(flow.locator(".flow-note")).toContainText(
    `${nameOf(first.user)}, for example: ${units(first.units)} of ${units(now.total)} units is ` +
      `${percent(first.share)}, and that of ${poolOf(open)} credits is ${first.credits}`,
  );
  // The picture has the same names and amounts.
  const picture = flow.locator("svg.flow-picture");
  await expect(picture).toContainText("Credits, so far");
  await expect(picture).toContainText(nameOf(first.user));
  await expect(picture.locator(".flow-total")).toHaveText(units(now.total));
});

test("has a table of contributors that adds up", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3");
  const shown = await cells(page, "Contributors by units. Each name opens the events behind it.");
  const changeOf = (user: string, credits: bigint): string => {
    const was = before.get(user);
    return was === undefined ? "new" : change(credits - was);
  };
  expect(shown).toEqual(
    now.rows.map((row, at) => [
      String(at + 1),
      nameOf(row.user) + (decisionOf(open, row.user) ? " decided" : ""),
      units(row.units),
      percent(row.share),
      String(row.credits),
      changeOf(row.user, row.credits),
    ]),
  );
  const sum = shown.reduce((all, row) => all + Number(row[4]), 0);
  expect(sum).toBe(12_777);
  await expect(page.getByText("Contributors 1 to 14 of 14")).toBeVisible();
});

const expectOpenRow = async (page: Page): Promise<void> => {
  const row = page.locator("tbody", { has: page.getByRole("link", { name: "Hana Doi", exact: true }) });
  await expect(row.getByRole("link", { name: "Hana Doi", exact: true })).toHaveAttribute("aria-expanded", "true");
  const counts = countsOf(open, "hana");
  const kinds = row.locator("ul.kinds > li");
  await expect(kinds).toHaveCount(counts.size);
  for (const [kind, events] of counts) {
    const sum = units(BigInt(events) * WEIGHTS[kind]);
    await expect(kinds.filter({ hasText: kind })).toHaveText(`${kind} ${events} × ${units(WEIGHTS[kind])} = ${sum}`);
  }
  const events = row.locator("table.events tbody tr");
  await expect(events).toHaveCount(9);
  await expect(events.filter({ hasText: "late" })).toHaveCount(1);
  await expect(events.getByRole("link").first()).toHaveAttribute("href", /^https:\/\/workshop\.example\.org\//);
  await expect(row.getByRole("link", { name: "Why this amount" })).toHaveAttribute("href", "/l/orchard/epochs/3/users/hana");
};

test("opens a contributor's row in place, and closes it", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3");
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  const toggle = page.getByRole("link", { name: "Hana Doi", exact: true }).and(page.locator(".toggle"));
  await expect(toggle).toHaveAttribute("aria-expanded", "false");
  await toggle.click();
  await expectOpenRow(page);
  await expect(page).toHaveURL(/\?open=hana#c-\d+$/);
  await expect(toggle).toBeFocused();
  await toggle.click();
  await expect(toggle).toHaveAttribute("aria-expanded", "false");
  await expect(page.locator("tr.detail")).toHaveCount(0);
  expect(await page.evaluate(() => "isSamePage" in window)).toBe(true);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("opens a contributor's row by its link", async ({ page }) => {
    await page.goto("/l/orchard/epochs/3");
    await page.locator("a.toggle", { hasText: "Hana Doi" }).click();
    await expect(page).toHaveURL(/\?open=hana#c-\d+$/);
    await expectOpenRow(page);
    await page.locator("a.toggle", { hasText: "Hana Doi" }).click();
    await expect(page.locator("tr.detail")).toHaveCount(0);
  });
});

test("tells a decision's reason in the row", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3?open=arlo");
  await expect(page.locator("tr.detail")).toContainText(
    "An admin decided on 9.000 units: First week: paired all of Thursday, which no platform saw.",
  );
});

test("lists the parts of its pool, with their evidence", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3");
  expect(await cells(page, "The parts of the pool")).toEqual([
    ["base_issuance", "weekly-v1", "none", "12000"],
    ["kpi_bonus_v0", "kpi-v0", "https://example.org/minutes/2026-11-16", "777"],
  ]);
  await expect(page.locator("table.pool tfoot")).toHaveText(/Pool\s*12777/);
  await expect(page.getByRole("link", { name: "https://example.org/minutes/2026-11-16" })).toHaveAttribute(
    "rel",
    "noopener noreferrer nofollow",
  );
});

test("leads to the epochs beside it, and a closed one says so", async ({ page }) => {
  await page.goto("/l/orchard");
  await page.getByRole("link", { name: "Earlier Epoch 2" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Epoch 2");
  await expect(page.locator(".title-row .badge")).toHaveText("closed");
  await expect(fact(page, "Time")).toHaveText(/^Closed \d+ [A-Z][a-z]{2} \d{4}$/);
  await expect(page.getByText("Amounts are provisional")).toHaveCount(0);
  const closed = splitOf(chapter(2));
  const rows = await cells(page, "Contributors by units. Each name opens the events behind it.");
  expect(rows.map((row) => row[4])).toEqual(closed.rows.map((row) => String(row.credits)));
  await expect(page.getByRole("link", { name: "Later Epoch 3" })).toBeVisible();
});

test("is cut into pages where many contributed", async ({ page }) => {
  const books = await Books.of("crowd");
  const epoch = await books.openEpoch({ week: "2026-W46", weights: { "git:commit_authored": "1000" } });
  const people = Array.from({ length: 130 }, (_, at) => `member-${String(at + 1).padStart(3, "0")}`);
  // The first has one event, the last has three.
  const timesOf = (at: number): number => (at < 60 ? 1 : at < 110 ? 2 : 3);
  await books.insert(
    epoch,
    people.flatMap((user, at) =>
      Array.from({ length: timesOf(at) }, (_, time) => ({
        id: `git:${user}/${time}`,
        source: "git",
        event_type: "commit_authored",
        platform_user_id: `${user}@example.org`,
        event_time: new Date(Date.parse("2026-11-10") + (at * 3 + time) * 60_000).toISOString(),
      })),
    ),
  );
  await books.bind(
    people.map((user) => ({ source: "git", platform_user_id: `${user}@example.org`, user_id: user })),
  );
  await books.propose(epoch);
  await books.addPart(epoch, { component_id: "base_issuance", amount_credits: "1000" });
  const expected = split(new Map(people.map((user, at) => [user, BigInt(timesOf(at)) * 1_000n])), 1_000n);

  await page.goto(books.page());
  await expect(page.getByText("Contributors 1 to 100 of 130")).toBeVisible();
  const table = "Contributors by units. Each name opens the events behind it.";
  const first = await cells(page, table);
  await page.getByRole("navigation", { name: "Pages of contributors" }).getByRole("link", { name: "Next page" }).click();
  await expect(page.getByText("Contributors 101 to 130 of 130")).toBeVisible();
  const second = await cells(page, table);
  expect([...first, ...second].map((row) => [row[1], row[2], row[3], row[4]])).toEqual(
    expected.rows.map((row) => [row.user, units(row.units), percent(row.share), String(row.credits)]),
  );
  // A row of the second page opens there.
  await page.locator("#c-130 a.toggle").click();
  await expect(page.locator("#c-130 table.events tbody tr")).toHaveCount(1);
  await expect(page).toHaveURL(/page=2&open=member-060#c-130$/);
  await page.getByRole("link", { name: "Previous page" }).click();
  await expect(page.getByText("Contributors 1 to 100 of 130")).toBeVisible();

  // The events are cut, too: 220 of them, by a cursor.
  await page.goto(books.page(`/epochs/${epoch}/activity`));
  const seen = new Set<string>();
  for (const count of [100, 100, 20]) {
    await expect(page.getByText(`${count} events on this page`)).toBeVisible();
    for (const time of await page.locator("table.events tbody tr").allTextContents()) seen.add(time);
    if (count < 100) break;
    const here = page.url();
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL((url) => url.href !== here);
  }
  expect(seen.size).toBe(220);
  await expect(page.getByRole("link", { name: "Next page" })).toHaveCount(0);
  await page.getByRole("link", { name: "First page" }).click();
  await expect(page.getByText("100 events on this page")).toBeVisible();
  await expect(page.locator("table.events time").first()).toHaveText("10 Nov 2026, 00:00");
});
