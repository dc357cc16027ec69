// The review desk.

import type { Locator, Page } from "@playwright/test";

import { change, exact, percent, units } from "../harness/arithmetic.ts";
import { Desk, POOL, splitWith, STRANGER, STRANGER_UNITS, UNITS } from "../harness/desk.ts";
import { cells, expect, fact, signIn, test } from "../harness/test.ts";

const step = (page: Page, id: string): Locator => page.locator(`#${id}`);
const told = (page: Page, id: string): Locator => step(page, id).locator(".step-head + p");
const done = (page: Page): Locator => page.locator("#message");

// What the table of allocations shows: who, events, proposed, counts, decision.
const allocations = async (page: Page): Promise<string[][]> =>
  (await cells(page, "Allocations: what was proposed, and what was decided")).map((row) => row.slice(0, 5));

test("a week goes from who is who to its statement", async ({ page }) => {
  const desk = await Desk.of("whole-story", { isReady: false });
  await signIn(page, desk.books.admin);
  await expect(page.locator(".session")).toContainText("Signed in: admin");
  await page.getByRole("link", { name: "Review" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Review of epoch ${desk.epoch}`);
  await expect(told(page, "finalize")).toHaveText("Something comes first.");
  await expect(step(page, "finalize").locator(".missing > li")).toHaveText([
    "Units were not proposed yet.",
    "The pool has no base issuance.",
  ]);

  // Who is who.
  await expect(told(page, "resolve")).toHaveText("One platform user waits for a name.");
  expect((await cells(page, "Platform users that wait for a name")).map((row) => row.slice(0, 3))).toEqual([
    ["git", STRANGER, "2"],
  ]);
  await page.getByLabel(`User for git ${STRANGER}`).fill("dana");
  await page.getByRole("button", { name: `Bind git ${STRANGER}` }).click();
  await expect(done(page)).toContainText("Done. They are bound, and have what waited for them.");
  await expect(told(page, "resolve")).toHaveText("Every event belongs to somebody.");

  // Units.
  await expect(told(page, "propose")).toHaveText("Nothing was proposed yet.");
  await page.getByRole("button", { name: "Compute proposals" }).click();
  await expect(done(page)).toContainText("Done. The proposals are what the events come to.");
  expect(await allocations(page)).toEqual([
    ["ben", "4", "5.500", "5.500", "as proposed"],
    ["cleo", "2", "5.000", "5.000", "as proposed"],
    ["ada", "4", "4.000", "4.000", "as proposed"],
    ["dana", "2", "2.000", "2.000", "as proposed"],
  ]);

  // The pool.
  await expect(told(page, "pool")).toHaveText("The pool needs a base_issuance.");
  await expect(page.getByLabel("Part", { exact: true })).toHaveValue("base_issuance");
  await page.getByLabel("Credits", { exact: true }).fill("1000");
  await page.getByLabel("Evidence").fill("https://example.org/votes/7");
  await page.getByRole("button", { name: "Add to the pool" }).click();
  await expect(done(page)).toContainText("Done. The part is in the pool.");
  await expect(told(page, "pool")).toHaveText("There are 1000 credits.");
  expect(await cells(page, "The parts of the pool")).toEqual([
    ["base_issuance", "manual-v1", "https://example.org/votes/7", "1000"],
  ]);

  // A decision.
  await page.getByRole("link", { name: "Decide for dana" }).click();
  await page.getByLabel("Units, in thousandths").fill("6500");
  await page.getByLabel("Reason").fill("Two days of interviews.");
  await page.getByRole("button", { name: "Save decision" }).click();
  await expect(done(page)).toContainText("Done. The decision is saved.");

  // The review, and what would be written.
  await page.getByRole("button", { name: "Begin the review" }).click();
  await expect(done(page)).toContainText("Done. The epoch is in review.");
  await expect(page.locator(".title-row .badge")).toHaveText("in review");
  await expect(page.getByRole("button", { name: "Begin the review" })).toHaveCount(0);
  await page.getByRole("link", { name: "See exactly what will be written" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Close epoch ${desk.epoch}`);
  const will = splitWith({ dana: 6_500n });
  const rows = [...will.rows].sort((a, b) => (a.user < b.user ? -1 : 1));
  const payouts = rows.map((row) => [row.user, units(row.units), exact(row.share), String(row.credits)]);
  expect(await cells(page, "Payouts that will be written, by user id")).toEqual(payouts);
  await expect(fact(page, "Will be paid")).toHaveText("1000 credits");
  await expect(fact(page, "To")).toHaveText("4 contributors");
  await expect(fact(page, "Decisions")).toHaveText("1");
  await expect(fact(page, "Stay unpaid")).toHaveText("0 unresolved events");
  const prints = await page.locator("dl.hashes code").allTextContents();
  // Looking wrote nothing.
  await expect(page.locator(".title-row .badge")).toHaveText("in review");

  // The close.
  await page.getByRole("button", { name: `Close epoch ${desk.epoch} and pay 1000 credits` }).click();
  await expect(page).toHaveURL(/\/statement\?done=closed$/);
  await expect(done(page)).toContainText("Done. The epoch is closed, and this is its statement.");
  await expect(page.locator(".title-row .badge")).toHaveText("closed");
  expect(await cells(page, "Payouts, by user id")).toEqual(payouts);
  expect((await page.locator("dl.hashes code").allTextContents()).slice(1, 3)).toEqual(prints);
  await page.getByRole("button", { name: "Verify", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Verified: everything agrees" })).toBeVisible();
  await page.getByRole("link", { name: "Review" }).click();
  await expect(page.getByRole("heading", { name: "The epoch is closed" })).toBeVisible();
  await expect(page.getByRole("main").getByRole("button")).toHaveCount(0);
});

test.describe("a decision", () => {
  const was = splitWith();

  const open = async (page: Page, desk: Desk, user: string): Promise<void> => {
    await signIn(page, await desk.books.token("review"), desk.page("/review"));
    await page.getByRole("link", { name: `Decide for ${user}` }).click();
    await expect(page.getByRole("heading", { name: `Units of ${user}` })).toBeInViewport();
    await expect(page.getByLabel("Units, in thousandths")).toHaveValue(UNITS.get(user)!.toString());
  };

  test("shows everybody's amounts before and after, then is saved, then is taken back", async ({ page }) => {
    const desk = await Desk.of("decision-preview");
    await open(page, desk, "ada");
    await page.getByLabel("Units, in thousandths").fill("9000");
    // To look, one needs no reason yet.
    await page.getByRole("button", { name: "Preview" }).click();
    const preview = page.getByRole("status").filter({ hasText: "What it would change" });
    await expect(preview).toBeVisible();
    const will = splitWith({ ada: 9_000n });
    const of = (split: typeof was, user: string) => split.rows.find((row) => row.user === user)!;
    const expected = ["ada", "ben", "cleo"].map((user) => {
      const [before, after] = [of(was, user), of(will, user)];
      return [
        user,
        percent(before.share),
        percent(after.share),
        String(before.credits),
        String(after.credits),
        change(after.credits - before.credits),
      ];
    });
    const shown = await cells(page, "Amounts before and after");
    expect(shown.toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1))).toEqual(expected);
    const sum = (column: number): number => shown.reduce((all, row) => all + Number(row[column]), 0);
    expect([sum(3), sum(4)]).toEqual([Number(POOL), Number(POOL)]);
    await expect(preview).toContainText("The pool stays 1000 credits. Nothing was saved so far.");
    // What was entered is still there, and nothing is decided.
    await expect(page.getByLabel("Units, in thousandths")).toHaveValue("9000");
    await expect(told(page, "overrides")).toHaveText("Everybody gets what is proposed.");

    await page.getByLabel("Reason").fill("Wrote the handbook on paper.");
    await page.getByRole("button", { name: "Save decision" }).click();
    await expect(done(page)).toContainText("Done. The decision is saved.");
    await expect(told(page, "overrides")).toHaveText("One decision was made.");
    expect((await allocations(page))[0]).toEqual(["ada", "4", "4.000", "9.000", "Wrote the handbook on paper."]);
    await page.goto(desk.page("/users/ada"));
    await expect(page.locator("p.result")).toContainText(`would get ${of(will, "ada").credits} credits for 9.000 units`);

    await page.goto(desk.page("/review"));
    await page.getByRole("link", { name: "Change the decision for ada" }).click();
    await expect(page.getByLabel("Units, in thousandths")).toHaveValue("9000");
    await page.getByRole("button", { name: "Take the decision back" }).click();
    await expect(done(page)).toContainText("Done. The decision is taken back; the proposal counts again.");
    expect((await allocations(page)).find((row) => row[0] === "ada")).toEqual([
      "ada", "4", "4.000", "4.000", "as proposed",
    ]);
  });

  test("without a reason is refused, and what was entered stays", async ({ page, watch }) => {
    const desk = await Desk.of("decision-without-reason");
    await open(page, desk, "cleo");
    await page.getByLabel("Units, in thousandths").fill("7777");
    // The browser does not send the form at all.
    await page.getByRole("button", { name: "Save decision" }).click();
    await expect(page.getByLabel("Reason")).toBeFocused();
    await expect(page).toHaveURL(/user=cleo#decide$/);
    // A blank one is a reason to the browser, and none to the ledger.
    await page.getByLabel("Reason").fill("   ");
    watch.expect(422, /\/review\/override$/);
    await page.getByRole("button", { name: "Save decision" }).click();
    await expect(page.getByLabel("Reason")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("#o-reason-error")).toBeVisible();
    await expect(page.getByLabel("Reason")).toBeFocused();
    await expect(page.locator("#decide")).toBeInViewport();
    await expect(page.getByLabel("Units, in thousandths")).toHaveValue("7777");
    await page.getByRole("link", { name: "Cancel" }).click();
    await expect(page.locator("#decide")).toHaveCount(0);
    expect((await allocations(page)).map((row) => row[4])).toEqual(Array(3).fill("as proposed"));
  });

  test("on units that are no number is refused", async ({ page, watch }) => {
    const desk = await Desk.of("decision-no-number");
    await open(page, desk, "ben");
    await page.getByLabel("Units, in thousandths").fill("5.5");
    await page.getByLabel("Reason").fill("A half.");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.locator("#o-units-error")).toBeVisible();
    watch.expect(422, /\/review\/override$/);
    await page.getByRole("button", { name: "Save decision" }).click();
    await expect(page.locator("#o-units-error")).toBeVisible();
    await expect(page.getByLabel("Units, in thousandths")).toHaveValue("5.5");
    await expect(page.getByLabel("Reason")).toHaveValue("A half.");
  });
});

test("a binding to no user at all is refused at its field", async ({ page, watch }) => {
  const desk = await Desk.of("bind-refused");
  await signIn(page, desk.books.admin, desk.page("/review"));
  watch.expect(422, /\/review\/bind$/);
  const tooLong = "x".repeat(300);
  await page.getByLabel(`User for git ${STRANGER}`).fill(tooLong);
  await page.getByRole("button", { name: `Bind git ${STRANGER}` }).click();
  await expect(page.getByRole("alert")).toContainText("Not done. The platform user was not bound");
  await expect(page.getByLabel(`User for git ${STRANGER}`)).toHaveValue(tooLong);
  await expect(page.getByLabel(`User for git ${STRANGER}`)).toHaveAttribute("aria-invalid", "true");
  await expect(told(page, "resolve")).toHaveText("One platform user waits for a name.");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("every form works all the same", async ({ page }) => {
    const desk = await Desk.of("no-javascript", { isReady: false });
    await signIn(page, desk.books.admin, desk.page("/review"));
    await page.getByLabel(`User for git ${STRANGER}`).fill("ada");
    await page.getByRole("button", { name: `Bind git ${STRANGER}` }).click();
    await expect(done(page)).toContainText("They are bound");
    await page.getByRole("button", { name: "Compute proposals" }).click();
    await page.getByLabel("Credits", { exact: true }).fill("1000");
    await page.getByRole("button", { name: "Add to the pool" }).click();
    await page.getByRole("link", { name: "Decide for cleo" }).click();
    await page.getByLabel("Units, in thousandths").fill("0");
    await page.getByRole("button", { name: "Preview" }).click();
    expect((await cells(page, "Amounts before and after")).map((row) => row[0])).toContain("cleo");
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Begin the review" }).click();
    await page.getByRole("link", { name: "See exactly what will be written" }).click();
    await page.getByRole("button", { name: /^Close epoch / }).click();
    await expect(page).toHaveURL(/\/statement\?done=closed$/);
  });
});

test("binding makes the proposals stale, and the desk says so", async ({ page }) => {
  const desk = await Desk.of("bind-stale");
  await signIn(page, desk.books.admin, desk.page("/review"));
  await expect(told(page, "propose")).toHaveText("The proposals are what the events come to.");
  await page.getByLabel(`User for git ${STRANGER}`).fill("ada");
  await page.getByRole("button", { name: `Bind git ${STRANGER}` }).click();
  await expect(told(page, "propose")).toHaveText("The events say something else by now.");
  await expect(step(page, "finalize").locator(".missing > li")).toHaveText([
    "The proposed units are not what the events of today come to.",
  ]);
  await page.getByRole("button", { name: "Compute proposals" }).click();
  expect((await allocations(page))[0]).toEqual([
    "ada", "6", units(UNITS.get("ada")! + STRANGER_UNITS), "6.000", "as proposed",
  ]);
});

test.describe("the pool", () => {
  test("takes a part, and refuses a wrong amount at its field", async ({ page, watch }) => {
    const desk = await Desk.of("pool");
    await signIn(page, desk.books.admin, desk.page("/review"));
    await page.getByText("Add a part").click();
    await page.getByLabel("Part", { exact: true }).fill("top_up");
    await page.getByLabel("Credits", { exact: true }).fill("2.50");
    watch.expect(422, /\/review\/pool$/);
    await page.getByRole("button", { name: "Add to the pool" }).click();
    await expect(page.getByRole("alert")).toContainText("Not done. Nothing was added to the pool");
    await expect(page.locator("#p-amount-error")).toBeVisible();
    await expect(page.getByLabel("Credits", { exact: true })).toBeFocused();
    await expect(page.locator("#pool")).toBeInViewport();
    await expect(page.getByLabel("Part", { exact: true })).toHaveValue("top_up");
    await expect(page.getByLabel("Credits", { exact: true })).toHaveValue("2.50");
    await page.getByLabel("Credits", { exact: true }).fill("250");
    await page.getByRole("button", { name: "Add to the pool" }).click();
    await expect(done(page)).toContainText("Done. The part is in the pool.");
    await expect(told(page, "pool")).toHaveText("There are 1250 credits.");
  });

  test("refuses a part that is there already, and one without a proper name", async ({ page, watch }) => {
    const desk = await Desk.of("pool-twice");
    await signIn(page, desk.books.admin, desk.page("/review"));
    watch.expect(422, /\/review\/pool$/);
    for (const [part, field] of [
      ["base_issuance", null],
      ["Not A Part!", "#p-part-error"],
    ] as const) {
      const panel = page.locator("#pool details");
      if (!(await panel.evaluate((one: HTMLDetailsElement) => one.open))) await page.getByText("Add a part").click();
      await page.getByLabel("Part", { exact: true }).fill(part);
      await page.getByLabel("Credits", { exact: true }).fill("5");
      await page.getByRole("button", { name: "Add to the pool" }).click();
      await expect(page.getByRole("alert")).toContainText("Nothing was added to the pool");
      if (field !== null) await expect(page.locator(field)).toBeVisible();
      else await expect(page.getByRole("alert")).toBeFocused();
      await expect(told(page, "pool")).toHaveText("There are 1000 credits.");
    }
  });
});

test("a preview that is out of date closes nothing, and the new one is shown", async ({ page, watch }) => {
  const desk = await Desk.of("stale-preview");
  await desk.books.beginReview(desk.epoch);
  await signIn(page, desk.books.admin, desk.page("/review?preview=finalize"));
  await expect(page.getByRole("button", { name: `Close epoch ${desk.epoch} and pay 1000 credits` })).toBeVisible();
  await expect(fact(page, "Stay unpaid")).toHaveText("2 unresolved events");
  watch.expect(409, /\/review\/finalize$/);

  await desk.books.addPart(desk.epoch, { component_id: "top_up", amount_credits: "500" });
  await page.getByRole("button", { name: /^Close epoch / }).click();
  await expect(page.getByRole("alert")).toContainText("Not done. The epoch was not closed");
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.getByRole("button", { name: `Close epoch ${desk.epoch} and pay 1500 credits` })).toBeVisible();

  await desk.books.decide(desk.epoch, "ada", 1_000n, "Somebody else decides meanwhile.");
  await page.getByRole("button", { name: /^Close epoch / }).click();
  await expect(page.getByRole("alert")).toContainText("Not done. The epoch was not closed");
  await expect(fact(page, "Decisions")).toHaveText("1");
  const will = splitWith({ ada: 1_000n }, 1_500n);
  const shown = await cells(page, "Payouts that will be written, by user id");
  expect(shown.map((row) => [row[0], row[3]])).toEqual(
    [...will.rows].sort((a, b) => (a.user < b.user ? -1 : 1)).map((row) => [row.user, String(row.credits)]),
  );
  await page.getByRole("button", { name: /^Close epoch / }).click();
  await expect(done(page)).toContainText("Done. The epoch is closed");
  await expect(fact(page, "Paid")).toHaveText("1500 credits");
});
