// The accessibility checker (axe) finds nothing on any page, in both colour schemes.

import type { Page } from "@playwright/test";

import { Books } from "../harness/api.ts";
import { LEDGER } from "../harness/orchard.ts";
import { expect, expectAccessible, signIn, test, type Watch } from "../harness/test.ts";

const PUBLIC: Record<string, string> = {
  "an open epoch with a row open": "/l/orchard/epochs/3?open=hana",
  "a closed epoch": "/l/orchard/epochs/1",
  "activity": "/l/orchard/epochs/3/activity",
  "activity that is filtered": "/l/orchard/epochs/3/activity?unresolved=true&source=github",
  "a filter that cannot be": "/l/orchard/epochs/3/activity?user=a%40b",
  "a statement that is verified": "/l/orchard/epochs/2/statement?verify=true",
  "a statement that is not there yet": "/l/orchard/epochs/3/statement",
  "an explanation": "/l/orchard/epochs/2/users/milo",
  "a contributor": "/l/orchard/users/ines",
  "holdings": "/l/orchard/holdings",
  "epochs": "/l/orchard/epochs",
  "signing in": "/sign-in",
};

for (const [what, path] of Object.entries(PUBLIC)) {
  test(what, async ({ page }) => {
    await page.goto(path);
    await expectAccessible(page);
  });
}

test("an open table of a chart, and an open row, after clicks", async ({ page }) => {
  await page.goto("/l/orchard/epochs/3/activity");
  await page.getByText("Show as a table").click();
  await expectAccessible(page);
  await page.goto("/l/orchard");
  await page.locator("#c-2 a.toggle").click();
  await expect(page.locator("#c-2 table.events")).toBeVisible();
  await expectAccessible(page);
});

test("where nothing is yet", async ({ page }) => {
  const books = await Books.of("accessible-empty");
  for (const path of ["/", books.page(), books.page("/epochs"), books.page("/holdings")]) {
    await page.goto(path);
    await expectAccessible(page);
  }
  const epoch = await books.openEpoch({ week: "2026-W47", weights: { "git:commit_authored": "1000" } });
  for (const path of [books.page(), books.page(`/epochs/${epoch}/activity`)]) {
    await page.goto(path);
    await expectAccessible(page);
  }
});

test("errors", async ({ page, watch }) => {
  watch.expect(404, /^\/nothing$/);
  await page.goto("/nothing");
  await expectAccessible(page);
  watch.expect(401, /^\/sign-in$/);
  await page.goto("/sign-in");
  await page.getByLabel("Token").fill("wrong");
  await page.getByLabel("Token").press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  await expectAccessible(page);
  const books = await Books.of(LEDGER, { isNew: false });
  await signIn(page, await books.token("read"));
  watch.expect(403, /\/review$/);
  await page.goto("/l/orchard/epochs/3/review");
  await expectAccessible(page);
});

test.describe("the desk", () => {
  const REFUSALS: Record<string, [number, RegExp, (page: Page) => Promise<void>]> = {
    "a binding": [422, /bind$/, async (page) => {
      await page.getByLabel("User for github 41999").fill("x".repeat(300));
      await page.getByRole("button", { name: "Bind github 41999" }).click();
    }],
    "a decision": [422, /override$/, async (page) => {
      await page.getByRole("link", { name: "Decide for Ines Wildt" }).click();
      await page.getByLabel("Units, in thousandths").fill("many");
      await page.getByLabel("Reason").fill(" ");
      await page.getByRole("button", { name: "Save decision" }).click();
    }],
    "a part of the pool": [422, /pool$/, async (page) => {
      await page.getByText("Add a part").click();
      await page.getByLabel("Part", { exact: true }).fill("Not A Part!");
      await page.getByLabel("Credits", { exact: true }).fill("-1");
      await page.getByRole("button", { name: "Add to the pool" }).click();
    }],
  };

  const atDesk = async (page: Page): Promise<void> => {
    const books = await Books.of(LEDGER, { isNew: false });
    await signIn(page, books.admin, "/l/orchard/epochs/3/review");
  };

  test("as it is opened, with every panel", async ({ page }) => {
    await atDesk(page);
    await page.getByText("Add a part").click();
    await expectAccessible(page);
  });

  test("previewing a decision", async ({ page }) => {
    await atDesk(page);
    await page.getByRole("link", { name: "Decide for Ines Wildt" }).click();
    await expectAccessible(page);
    await page.getByLabel("Units, in thousandths").fill("90000");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByText("What it would change")).toBeVisible();
    await expectAccessible(page);
  });

  for (const [what, [status, path, refuse]] of Object.entries(REFUSALS)) {
    test(`refusing ${what}`, async ({ page, watch }: { page: Page; watch: Watch }) => {
      await atDesk(page);
      watch.expect(status, path);
      await refuse(page);
      await expect(page.locator("[aria-invalid=true]").first()).toBeVisible();
      await expectAccessible(page);
    });
  }

  test("previewing the close", async ({ page }) => {
    await atDesk(page);
    await page.getByRole("link", { name: "See exactly what will be written" }).click();
    await expect(page.getByRole("button", { name: /^Close epoch 3/ })).toBeVisible();
    await expectAccessible(page);
  });

  test("of a closed epoch", async ({ page }) => {
    await atDesk(page);
    await page.goto("/l/orchard/epochs/1/review");
    await expect(page.getByRole("heading", { name: "The epoch is closed" })).toBeVisible();
    await expectAccessible(page);
  });
});

test("the API's documentation", async ({ page }) => {
  await page.goto("/docs");
  await expect(page.getByText("/api/v1/ledgers/{ledger}/epochs/{epoch}/statement").first()).toBeVisible();
  await expectAccessible(page);
});
