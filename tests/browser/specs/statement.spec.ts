// The result: as a table, as files, and recomputed.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { exact, units } from "../harness/arithmetic.ts";
import type { Statement } from "../harness/api.ts";
import { chapter, nameOf, splitOf } from "../harness/orchard.ts";
import { cells, expect, fact, test, type Watch } from "../harness/test.ts";

const PAGE = "/l/orchard/epochs/2/statement";
const closed = splitOf(chapter(2));
// A statement is ordered by user id.
const rows = [...closed.rows].sort((a, b) => (a.user < b.user ? -1 : 1));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const allocationSetHash = sha256(rows.map((row) => `${row.user}:${row.units}`).join("\n"));
const HASH = /^[0-9a-f]{64}$/;

async function download(page: Page, watch: Watch, name: string): Promise<{ name: string; text: string }> {
  watch.expectDownload();
  const started = page.waitForEvent("download");
  await page.getByRole("link", { name }).click();
  const file = await started;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

test("a statement has every payout and its fingerprints", async ({ page }) => {
  await page.goto("/l/orchard/epochs/2");
  await page.getByRole("navigation", { name: "Epoch 2" }).getByRole("link", { name: "Statement" }).click();
  await expect(page).toHaveURL(PAGE);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Statement of epoch 2");
  await expect(fact(page, "Paid")).toHaveText("12500 credits");
  await expect(fact(page, "To")).toHaveText("13 contributors");
  await expect(fact(page, "Written")).toHaveText(/^\d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC$/);
  const shown = await cells(page, "Payouts, by user id");
  expect(shown).toEqual(
    rows.map((row) => [nameOf(row.user), units(row.units), exact(row.share), String(row.credits)]),
  );
  expect(shown.reduce((sum, row) => sum + Number(row[3]), 0)).toBe(12_500);
  await expect(page.locator("table.payouts tfoot")).toHaveText(new RegExp(`Total\\s*${units(closed.total)}\\s*12500`));
  const prints = page.locator("dl.hashes > div");
  await expect(prints.nth(1).locator("code")).toHaveText(allocationSetHash);
  await expect(prints.nth(2).locator("code")).toHaveText(HASH);
  await expect(prints.nth(3)).toContainText("no other statement");
});

test("verifying reports every check", async ({ page }) => {
  await page.goto(PAGE);
  await expect(page.locator("#report")).toHaveCount(0);
  await page.getByRole("button", { name: "Verify", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Verified: everything agrees" })).toBeInViewport();
  await expect(page.locator(".report-checks > li")).toHaveText([
    "agrees no event is from after the window",
    "agrees proposed units follow from events and weights",
    "agrees the pool is the sum of its components",
    "agrees the allocation set hash follows from the units",
    "agrees the payouts follow from units and pool",
  ]);
  await expect(page.getByRole("button", { name: "Verify again" })).toBeVisible();
});

test("the CSV file has the rows of the page", async ({ page, watch }) => {
  await page.goto(PAGE);
  const { name, text } = await download(page, watch, "Download CSV");
  expect(name).toBe("orchard-epoch-2.csv");
  expect(text.trimEnd().split(/\r?\n/)).toEqual([
    "user_id,total_units,share,amount_credits",
    ...rows.map((row) => `${row.user},${row.units},${exact(row.share)},${row.credits}`),
  ]);
});

test("the JSON file is enough to recompute the fingerprints", async ({ page, watch }) => {
  await page.goto(PAGE);
  const { name, text } = await download(page, watch, "Download JSON");
  expect(name).toBe("orchard-epoch-2.json");
  const file = JSON.parse(text) as {
    format: string;
    ledger: string;
    redacted: boolean;
    pool_components: { component_id: string; amount_credits: string }[];
    units: { user_id: string; units: string }[];
    statement: Statement;
  };
  expect([file.format, file.ledger, file.redacted]).toEqual(["epoch-ledger/statement/v1", "orchard", false]);
  expect(file.pool_components.map((part) => [part.component_id, part.amount_credits])).toEqual([
    ["base_issuance", "10000"],
    ["top_up", "2500"],
  ]);
  expect(sha256(file.units.map((one) => `${one.user_id}:${one.units}`).join("\n"))).toBe(allocationSetHash);
  expect(file.statement.allocation_set_hash).toBe(allocationSetHash);
  // RFC 8785: keys in order, no space between.
  const canonical = file.statement.payouts.map(({ user_id, total_units, share, amount_credits }) => ({
    amount_credits,
    share,
    total_units,
    user_id,
  }));
  expect(sha256(JSON.stringify(canonical))).toBe(file.statement.payouts_hash);
  await expect(page.locator("dl.hashes")).toContainText(file.statement.payouts_hash);
  await expect(page.locator("dl.hashes")).toContainText(file.statement.id);
});

test("where there is no statement yet, the page says what comes before", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3/statement");
  await expect(page.getByRole("heading", { name: "There is no statement yet" })).toBeVisible();
  await expect(page.getByText("The epoch is open. A statement is written when it is closed")).toBeVisible();
  await expect(page.getByRole("main").getByRole("listitem").filter({ hasText: "reviewed" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Verify" })).toHaveCount(0);
});
