// The other pages that everybody may read of a public ledger.

import { exact, percent, units } from "../harness/arithmetic.ts";
import { Books } from "../harness/api.ts";
import {
  chapter,
  countsOf,
  decisionOf,
  nameOf,
  proposedOf,
  resolvedEvents,
  splitOf,
  unresolvedEvents,
} from "../harness/orchard.ts";
import { cells, expect, fact, test } from "../harness/test.ts";

test("an explanation's numbers add up to the amount", async ({ page }) => {
  for (const id of [1, 2, 3] as const) {
    const of = chapter(id);
    const { rows, total, pool, leftOver } = splitOf(of);
    for (const row of rows.filter((_, at) => at % 4 === 1 || decisionOf(of, _.user))) {
      await page.goto(`/l/orchard/epochs/${id}/users/${row.user}`);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${nameOf(row.user)} in epoch ${id}`);
      const verb = of.isClosed ? "got" : "would get";
      await expect(page.locator("p.result")).toContainText(
        `${nameOf(row.user)} ${verb} ${row.credits} credits for ${units(row.units)} units.`,
      );
      // Events become units.
      const kinds = await cells(page, "Events by kind");
      const counts = countsOf(of, row.user);
      expect(new Set(kinds.map((kind) => kind[0]))).toEqual(new Set(counts.keys()));
      const thousandths = (text: string | undefined): bigint => BigInt((text ?? "").replace(".", ""));
      const sum = kinds.reduce((all, kind) => {
        expect(thousandths(kind[3])).toBe(BigInt(kind[1] ?? "") * thousandths(kind[2]));
        return all + thousandths(kind[3]);
      }, 0n);
      expect(sum).toBe(proposedOf(of, row.user));
      // Decisions.
      const decision = decisionOf(of, row.user);
      const steps = page.locator("ol.proof > li");
      if (decision === undefined) {
        await expect(steps.nth(1)).toContainText(`None. The ${units(sum)} units count as proposed.`);
      } else {
        await expect(steps.nth(1)).toContainText(`decided on ${units(decision.units)} units in place of ${units(sum)}`);
        await expect(steps.nth(1).locator("blockquote")).toHaveText(decision.reason);
      }
      // Units become a share.
      await expect(steps.nth(2)).toContainText(`${units(row.units)} of ${units(total)} units is ${exact(row.share)}`);
      // The pool is split: what is shown is recomputed from what is shown.
      const division = await cells(page, "Units times pool, divided by all units");
      const [own, credits, product, all, floor, remainder] = division.map((line) => BigInt(line[1] ?? ""));
      expect([own, credits, all]).toEqual([row.units, pool, total]);
      expect(product).toBe(own! * credits!);
      expect(floor! * all! + remainder!).toBe(product);
      expect(remainder! < all!).toBe(true);
      // What is left over.
      const getsOne = BigInt(row.place) <= leftOver;
      await expect(steps.nth(4)).toContainText(`${leftOver} credit`);
      await expect(steps.nth(4)).toContainText(
        `This remainder is number ${row.place} of ${rows.length}, so it gets ${getsOne ? "one more credit" : "none"}.`,
      );
      await expect(steps.nth(5)).toContainText(`${floor} + ${getsOne ? 1 : 0} = ${row.credits} credits`);
      // Every event, with its weight: once more the same sum.
      const events = await cells(page, "Their events, oldest first");
      expect(events.reduce((all, event) => all + thousandths(event.at(-1)), 0n)).toBe(sum);
    }
  }
});

test.describe("activity", () => {
  const open = chapter(3);
  const all = resolvedEvents(open) + unresolvedEvents(open);
  const activity = "/l/orchard/epochs/3/activity";

  test("shows every event, and marks the unresolved and the late", async ({ page }) => {
    await page.goto(activity);
    await expect(page.locator("p.lead")).toContainText(`${all} events. 5 unresolved: they earn nothing`);
    await expect(page.locator("p.lead")).toContainText("2 late: from before the window");
    await expect(page.getByText(`${Math.min(all, 100)} events on this page`)).toBeVisible();
    const rows = page.locator("table.events tbody tr");
    await expect(rows.first()).toContainText("14 Nov 2026, 10:00");
    await expect(rows.first()).toContainText("Hana Doi");
    await expect(rows.first().locator(".tag")).toHaveText("late");
    const times = await rows.locator("time").evaluateAll((list) => list.map((one) => one.getAttribute("datetime")));
    expect(times).toEqual([...times].sort());
    // Nobody's eyes see addresses and platforms' ids here.
    await expect(page.getByRole("main")).not.toContainText("@");
    await expect(page.getByRole("main")).not.toContainText("night-gardener");
  });

  test("is drawn per day, and every number is in a table", async ({ page }) => {
    await page.goto(activity);
    await expect(page.getByRole("img", { name: "Events per day" })).toBeVisible();
    await page.getByText("Show as a table").click();
    const days = await cells(page, "Events per day");
    expect(days.map((day) => day[0])).toEqual([
      "14 Nov", "15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov",
    ]);
    expect(days.slice(0, 2).map((day) => day[1])).toEqual(["1", "1"]);
    expect(days.reduce((sum, day) => sum + Number(day[1]), 0)).toBe(all);
    await expect(page.locator("svg.column-chart rect.column")).toHaveCount(9);
  });

  test("is filtered by user, source and type", async ({ page }) => {
    await page.goto(activity);
    await page.getByLabel("User").fill("juna");
    await page.getByLabel("Source").selectOption("github");
    await page.getByLabel("Type").selectOption("review_submitted");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect(page).toHaveURL(/user=juna&source=github&type=review_submitted/);
    await expect(page.getByText("4 events on this page")).toBeVisible();
    const rows = await cells(page, "Events, oldest first");
    expect(rows.map((row) => [row[1], row[2], row[4]])).toEqual(
      Array(4).fill(["github:review_submitted", "Juna Petrow", "3.000"]),
    );
    await expect(page.getByLabel("User")).toHaveValue("juna");
    await page.getByRole("link", { name: "Show all" }).click();
    await expect(page.getByText(`${Math.min(all, 100)} events on this page`)).toBeVisible();
  });

  test("is filtered by what is unresolved and what is late", async ({ page }) => {
    await page.goto(activity);
    await page.getByLabel("Only unresolved").check();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect(page.getByText("5 events on this page")).toBeVisible();
    const waiting = await cells(page, "Events, oldest first");
    expect(waiting.map((row) => row[2])).toEqual(Array(5).fill("unresolved"));
    await page.getByLabel("Only unresolved").uncheck();
    await page.getByLabel("Only late").check();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect(page.getByText("2 events on this page")).toBeVisible();
    expect((await cells(page, "Events, oldest first")).map((row) => row[2])).toEqual(["Hana Doi", "Radu Mere"]);
  });

  test("says so where a filter finds nothing, or cannot be", async ({ page }) => {
    await page.goto(`${activity}?user=nobody`);
    await expect(page.getByText("No event of this epoch is like that.")).toBeVisible();
    await page.goto(`${activity}?user=someone%40example.org`);
    await expect(page.getByRole("alert")).toContainText("This filter finds nothing");
    await expect(page.getByLabel("User")).toHaveValue("someone@example.org");
  });
});

test("a contributor's page has their epochs and a chart", async ({ page }) => {
  const rows = [3, 2, 1].map((id) => {
    const found = splitOf(chapter(id as 1 | 2 | 3)).rows.find((row) => row.user === "ines");
    return [id, found!] as const;
  });
  const credits = (id: number): bigint => rows.find(([of]) => of === id)![1].credits;
  await page.goto("/l/orchard/users/ines");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ines Wildt");
  await expect(fact(page, "Paid in all")).toHaveText(`${credits(1) + credits(2)} credits`);
  await expect(fact(page, "By")).toHaveText("2 epochs");
  await expect(fact(page, "Not closed yet")).toHaveText(`${credits(3)} credits, provisional`);
  const shown = await cells(page, "Epochs of Ines Wildt, the newest first");
  expect(shown.map((row) => [row[0], row[2], row[3], row[4], row[5]])).toEqual(
    rows.map(([id, row]) => [
      `Epoch ${id}`,
      id === 3 ? "open" : "closed",
      units(row.units),
      percent(row.share),
      String(row.credits),
    ]),
  );
  await expect(page.getByRole("img", { name: "Credits by epoch" }).locator("rect.column")).toHaveCount(2);
  await page.getByText("Show as a table").click();
  expect(await cells(page, "Credits by epoch")).toEqual([
    ["Epoch 1", String(credits(1))],
    ["Epoch 2", String(credits(2))],
  ]);
  await page.getByRole("link", { name: "Why this amount in epoch 2" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ines Wildt in epoch 2");
});

test("holdings are the totals over all closed epochs", async ({ page }) => {
  const totals = new Map<string, bigint>();
  for (const id of [1, 2] as const) {
    for (const row of splitOf(chapter(id)).rows) totals.set(row.user, (totals.get(row.user) ?? 0n) + row.credits);
  }
  const order = [...totals].sort(([a, x], [b, y]) => Number(y - x) || (a < b ? -1 : 1));
  await page.goto("/l/orchard/holdings");
  await expect(fact(page, "Paid in all")).toHaveText("24000 credits");
  await expect(fact(page, "To")).toHaveText("13 contributors");
  await expect(fact(page, "By")).toHaveText("2 closed epochs");
  const shown = await cells(page, "Credits of everybody, the most first");
  expect(shown.map((row) => [row[0], row[1], row[2]])).toEqual(
    order.map(([user, credits], at) => [String(at + 1), nameOf(user), String(credits)]),
  );
  expect(shown.reduce((sum, row) => sum + Number(row[2]), 0)).toBe(24_000);
  await expect(page.locator(".bar-cell svg rect").first()).toHaveAttribute("width", "100.0000%");
});

test("the lists of ledgers and of epochs lead everywhere", async ({ page }) => {
  const books = await Books.of("listed");
  await Books.of("hidden-ledger", { isPublic: false });
  await page.goto("/");
  await expect(page).toHaveTitle("Ledgers · Epoch Ledger");
  await expect(page.getByRole("link", { name: "listed", exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "hidden-ledger" })).toHaveCount(0);
  await page.getByRole("link", { name: "listed", exact: true }).click();
  await expect(page.getByRole("heading", { name: "There is no epoch yet" })).toBeVisible();
  await expect(page.getByText(/epoch-ledger epoch open --week \d{4}-W\d\d/)).toBeVisible();
  await page.goto(books.page("/epochs"));
  await expect(page.getByRole("heading", { name: "There is no epoch yet" })).toBeVisible();
  await page.goto(books.page("/holdings"));
  await expect(page.getByRole("heading", { name: "Nothing was paid yet" })).toBeVisible();

  await page.goto("/l/orchard");
  await page.getByRole("navigation", { name: "Ledger" }).getByRole("link", { name: "Epochs" }).click();
  const shown = await cells(page, "Epochs, the newest first");
  expect(shown.map((row) => [row[0], row[1], row[2], row[3]])).toEqual([
    ["Epoch 3", "16 Nov 2026 to 23 Nov 2026", "open", "not closed"],
    ["Epoch 2", "9 Nov 2026 to 16 Nov 2026", "closed", "12500"],
    ["Epoch 1", "2 Nov 2026 to 9 Nov 2026", "closed", "11500"],
  ]);
  await page.getByRole("link", { name: "12500 credits: statement of epoch 2" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Statement of epoch 2");
});
