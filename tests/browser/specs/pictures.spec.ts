// The pictures of the README. They are taken each time, so that it is known that they can be; they are
// written only on demand, so that a run leaves no traces.

import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { Locator, Page } from "@playwright/test";

import { Books } from "../harness/api.ts";
import { LEDGER } from "../harness/orchard.ts";
import { expect, fact, signIn, test } from "../harness/test.ts";

const FOLDER = resolve(import.meta.dirname, "../../../docs/pictures");
const MAX_BYTES = 250_000;

// From the top of the page to the end of one of its parts.
async function take(page: Page, name: string, last: Locator): Promise<void> {
  const box = await last.boundingBox();
  const scrolled = await page.evaluate(() => scrollY);
  const height = Math.ceil((box?.y ?? 0) + (box?.height ?? 0) + scrolled) + 28;
  const clip = { x: 0, y: 0, width: 1280, height };
  const picture = await page.screenshot({ animations: "disabled", caret: "hide", fullPage: true, clip });
  expect(picture.length, `bytes of ${name}`).toBeLessThan(MAX_BYTES);
  if (process.env["EPOCH_LEDGER_PICTURES"] !== "1") return;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${name}.png`), picture);
}

test("an epoch", async ({ page }) => {
  await page.goto("/l/orchard");
  // The one thing on the page that says when the picture was taken.
  await fact(page, "Time").evaluate((one) => (one.textContent = "2 days 3 hours left"));
  await take(page, "epoch", page.locator("svg.flow-picture"));
});

test("an explanation", async ({ page }) => {
  await page.goto("/l/orchard/epochs/2/users/milo");
  await take(page, "explain", page.locator("ol.proof"));
});

test("a statement", async ({ page }) => {
  await page.goto("/l/orchard/epochs/2/statement?verify=true");
  await fact(page, "Written").evaluate((one) => (one.textContent = "17 Nov 2026, 09:12 UTC"));
  // Each statement has an id of its own.
  await page.locator("dl.hashes code").first().evaluate((one) => {
    one.textContent = "0d6f4c1e-5b7a-4f5e-9a55-2c8c6c1b7d10";
  });
  await take(page, "statement", page.locator("table.payouts"));
});

test("the review desk", async ({ page }) => {
  const books = await Books.of(LEDGER, { isNew: false });
  await signIn(page, books.admin, "/l/orchard/epochs/3/review");
  await page.getByRole("link", { name: "Decide for Yara Lund" }).click();
  await page.getByLabel("Units, in thousandths").fill("24000");
  await page.getByLabel("Reason").fill("Looked after the newcomers all week, mostly by telephone.");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("What it would change")).toBeVisible();
  await take(page, "review", page.locator("#decide"));
});
