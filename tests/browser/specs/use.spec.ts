// With a keyboard, on a telephone, in the dark, and where something is not there.

import { Books } from "../harness/api.ts";
import { LEDGER } from "../harness/orchard.ts";
import { address } from "../harness/program.ts";
import { expect, signIn, test } from "../harness/test.ts";

test.describe("with the keyboard", () => {
  test("the first stop skips to the content", async ({ page }) => {
    await page.goto("/l/orchard");
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
    // What comes next is in the content, not in the navigation.
    await page.keyboard.press("Tab");
    await expect(page.getByRole("main").locator(":focus")).toHaveCount(1);
  });

  test("a row is reached, opened and left", async ({ page }) => {
    await page.goto("/l/orchard/epochs/3");
    const toggle = page.locator("#c-1 a.toggle");
    await page.getByRole("region", { name: "Contributors" }).focus();
    await page.keyboard.press("Tab");
    await expect(toggle).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(toggle).toHaveAttribute("aria-expanded", "true");
    await expect(toggle).toBeFocused();
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Why this amount" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(/ in epoch 3$/);
  });

  test("whatever has the focus shows it", async ({ page }) => {
    await page.goto("/l/orchard/epochs/3/activity");
    const seen = new Set<string>();
    for (let stops = 0; stops < 40; stops += 1) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate(() => {
        const one = document.activeElement;
        if (one === null || one === document.body) return null;
        const style = getComputedStyle(one);
        const isShown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        return { what: `${one.tagName} ${one.textContent ?? ""}`.slice(0, 60), isShown };
      });
      if (found === null) break;
      expect(found.isShown, found.what).toBe(true);
      seen.add(found.what);
    }
    expect(seen.size).toBeGreaterThan(15);
  });
});

test("a telephone scrolls tables, and never the page, to the side", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const books = await Books.of(LEDGER, { isNew: false });
  await signIn(page, books.admin);
  for (const path of [
    "/",
    "/l/orchard",
    "/l/orchard/epochs/3?open=ines",
    "/l/orchard/epochs/3/activity",
    "/l/orchard/epochs/2/statement?verify=true",
    "/l/orchard/epochs/2/users/ines",
    "/l/orchard/users/ines",
    "/l/orchard/holdings",
    "/l/orchard/epochs",
    "/l/orchard/epochs/3/review?user=ines",
    "/l/orchard/epochs/3/review?preview=finalize",
  ]) {
    await page.goto(path);
    const { wide, width } = await page.evaluate(() => {
      const root = document.documentElement;
      return { wide: root.scrollWidth, width: root.clientWidth };
    });
    expect(wide, path).toBeLessThanOrEqual(width);
    await expect(page.getByRole("heading", { level: 1 })).toBeInViewport();
  }
});

test("the dark scheme is dark, and the light one light", async ({ page }) => {
  await page.goto("/l/orchard");
  // How bright a colour is, from 0 to 255.
  const brightness = async (property: "backgroundColor" | "color"): Promise<number> =>
    await page.evaluate((name) => {
      const style = getComputedStyle(document.body);
      const canvas = new OffscreenCanvas(1, 1).getContext("2d");
      if (canvas === null) throw new Error("no canvas");
      const isClear = (colour: string): boolean => /^rgba\(.*, 0\)$/.test(colour);
      const root = getComputedStyle(document.documentElement)[name];
      canvas.fillStyle = isClear(style[name]) ? root : style[name];
      canvas.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return (red + green + blue) / 3;
    }, property);
  for (const [colorScheme, isDark] of [["light", false], ["dark", true]] as const) {
    await page.emulateMedia({ colorScheme });
    const [back, text] = [await brightness("backgroundColor"), await brightness("color")];
    expect(back < 64, `${colorScheme}: background ${back}`).toBe(isDark);
    expect(text > 160, `${colorScheme}: text ${text}`).toBe(isDark);
  }
});

test.describe("what is not there", () => {
  for (const [what, path, detail] of [
    ["a page", "/nothing/here", /./],
    ["an epoch", "/l/orchard/epochs/999999", /999999/],
    ["a contributor", "/l/orchard/users/nobody", /nobody of that name has units in this ledger/],
  ] as const) {
    test(`${what} is told so, with a way on`, async ({ page, watch }) => {
      watch.expect(404, new RegExp(`^${path}$`));
      await page.goto(path);
      await expect(page.locator(".eyebrow")).toHaveText("Error 404");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such thing");
      await expect(page.locator("p.lead")).toHaveText(detail);
      await expect(page.getByText("Check the address.")).toBeVisible();
      await expect(page.getByText(/^Request [0-9a-f-]{36}$/)).toBeVisible();
      await page.getByRole("link", { name: "To the list of ledgers" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^(Ledgers|Epoch 3)$/);
    });
  }

  test("a ledger is not told from a private one", async ({ page }) => {
    await page.goto("/l/no-such-ledger");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  });
});

test("the API's documentation is shown without any other host", async ({ page }) => {
  await page.goto("/l/orchard");
  await page.getByRole("link", { name: "API documentation" }).click();
  await expect(page).toHaveURL(`${address()}/docs`);
  await expect(page.getByText("/api/v1/ledgers/{ledger}/epochs/{epoch}/statement").first()).toBeVisible();
  await page.getByRole("link", { name: "codes", exact: true }).click();
  await expect(page.getByRole("row", { name: /^epoch_closed 409/ })).toBeVisible();
});
