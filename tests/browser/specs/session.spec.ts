// Signing in and out, and being refused.

import type { APIRequestContext, Page } from "@playwright/test";

import { Books } from "../harness/api.ts";
import { Desk } from "../harness/desk.ts";
import { cells, expect, signIn, signOut, test } from "../harness/test.ts";

const COOKIE = "epoch_ledger_session";

test("a private ledger asks to sign in, and leads back", async ({ page, watch }) => {
  const desk = await Desk.of("private-orchard", { isPublic: false });
  await page.goto(desk.page("/activity?late=true"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  await page.getByLabel("Token").fill(await desk.books.token("read"));
  await page.getByLabel("Token").press("Enter");
  await expect(page).toHaveURL(desk.page("/activity?late=true"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Activity of epoch ${desk.epoch}`);
  await expect(page.locator(".session")).toContainText("Signed in: read");
  // Its holder sees who did what on the platforms.
  await page.getByRole("link", { name: "Show all" }).click();
  expect((await cells(page, "Events, oldest first")).map((row) => row[2])).toContain("ada ada@example.org");
  // And it is on the list of ledgers, for them alone.
  const names = async (): Promise<string> => {
    await page.goto("/");
    return await page.getByRole("main").innerText();
  };
  expect(await names()).toContain("private-orchard");
  await signOut(page);
  expect(await names()).not.toContain("private-orchard");

  // Another ledger's token is told nothing about it.
  const other = await Books.of("not-private");
  await signIn(page, await other.token("admin"));
  watch.expect(404, /^\/l\/private-orchard$/);
  await page.goto("/l/private-orchard");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such thing");
});

test.describe("signing in", () => {
  for (const [what, tokenOf, why] of [
    ["no token at all", () => "let me in", /./],
    ["a token that nobody made", (real: string) => real.slice(0, -8) + "00000000", /not known, was taken back, or has ended/],
  ] as const) {
    test(`is refused with ${what}`, async ({ page, watch, context }) => {
      const books = await Books.of(`sign-in-${what.length}`);
      watch.expect(401, /^\/sign-in$/);
      await page.goto("/sign-in");
      await page.getByLabel("Token").fill(tokenOf(books.admin));
      await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
      const message = page.getByRole("alert");
      await expect(message).toContainText("Not done. That token opens nothing");
      await expect(message.locator("p").nth(1)).toHaveText(why);
      await expect(message).toBeFocused();
      await expect(page.getByLabel("Token")).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByLabel("Token")).toHaveValue("");
      expect(await context.cookies()).toEqual([]);
    });
  }

  test("keeps the token where no script and no other site gets it", async ({ page, context }) => {
    const books = await Books.of("cookie-jar");
    await page.goto(books.page("/epochs"));
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("Token").fill(books.admin);
    await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(books.page("/epochs"));
    const cookies = await context.cookies();
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatchObject({ name: COOKIE, httpOnly: true, sameSite: "Strict", path: "/" });
    const weekFromNow = Date.now() / 1_000 + 7 * 86_400;
    expect(Math.abs((cookies[0]?.expires ?? 0) - weekFromNow)).toBeLessThan(120);
    expect(await page.evaluate(() => document.cookie)).toBe("");
    expect(await page.content()).not.toContain(books.admin);
    await signOut(page);
    expect(await context.cookies()).toEqual([]);
  });

  test("does not lead to another site", async ({ page }) => {
    const books = await Books.of("stays-here");
    await signIn(page, books.admin, "https://elsewhere.example.org/");
    await expect(page).toHaveURL(books.page());
    await signOut(page);
    await signIn(page, books.admin, "//elsewhere.example.org/");
    await expect(page).toHaveURL(books.page());
  });
});

// Sends a form as the signed-in browser would, and answers the status and the page's heading.
async function send(request: APIRequestContext, path: string, form: Record<string, string>): Promise<string> {
  const answer = await request.post(path, { form, headers: { accept: "text/html" }, maxRedirects: 0 });
  const heading = (await answer.text()).match(/<h1>(.*?)<\/h1>/)?.[1] ?? "";
  return `${answer.status()} ${heading}`.trim();
}

const csrfOf = async (page: Page): Promise<string> =>
  await page.locator("input[name=csrf]").first().inputValue();

test.describe("who is not allowed to is refused:", () => {
  const FORGED = "403 The form did not come from a page of yours";
  const NOT_ALLOWED = "403 The access token does not allow this";

  test("everybody, at the desk", async ({ page, request }) => {
    const desk = await Desk.of("refused-everybody");
    await page.goto(desk.page());
    await expect(page.getByRole("link", { name: "Review" })).toHaveCount(0);
    await page.goto(desk.page("/review"));
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    expect(await send(request, desk.page("/review/propose"), {})).toBe("401 A valid access token is needed");
  });

  test("a token that only reads, at the desk", async ({ page, watch }) => {
    const desk = await Desk.of("refused-read");
    await signIn(page, await desk.books.token("read"));
    await expect(page.getByRole("link", { name: "Review" })).toHaveCount(0);
    watch.expect(403, /\/review$/);
    await page.goto(desk.page("/review"));
    await expect(page.locator(".eyebrow")).toHaveText("Error 403");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("The access token does not allow this");
    await expect(page.getByText("this needs the scope review; the token's is read")).toBeVisible();
    await expect(page.getByText("Sign in with a token that may do this")).toBeVisible();
    // The page of a problem knows who reads it, as any other does.
    await expect(page.getByRole("banner").getByText("Signed in: read")).toBeVisible();
    await expect(page.getByRole("banner").getByRole("link", { name: "Sign in" })).toHaveCount(0);
  });

  test("a token that only reviews, at the pool and at the close", async ({ page, watch }) => {
    const desk = await Desk.of("refused-review");
    await signIn(page, await desk.books.token("review"), desk.page("/review"));
    watch.expect(403, /\/review\/pool$/);
    await page.getByText("Add a part").click();
    await page.getByLabel("Part", { exact: true }).fill("top_up");
    await page.getByLabel("Credits", { exact: true }).fill("50");
    await page.getByRole("button", { name: "Add to the pool" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("The access token does not allow this");
    await expect(page.getByText("this needs the scope admin; the token's is review")).toBeVisible();
    await page.goto(desk.page());
    expect(await cells(page, "The parts of the pool")).toHaveLength(1);
    await page.goto(desk.page("/review"));
    const csrf = await csrfOf(page);
    expect(await send(page.request, desk.page("/review/finalize"), { csrf })).toBe(NOT_ALLOWED);
  });

  test("a form without the session's proof", async ({ page, watch }) => {
    const desk = await Desk.of("refused-forged");
    await signIn(page, desk.books.admin, desk.page("/review"));
    watch.expect(403, /\/review\/begin$/);
    const field = page.locator("#begin input[name=csrf]");
    const real = await field.inputValue();
    await field.evaluate((input: HTMLInputElement, forged) => (input.value = forged), "0".repeat(real.length));
    await page.getByRole("button", { name: "Begin the review" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("The form did not come from a page of yours");
    await expect(page.getByText("open the page again and send its form; nothing was changed")).toBeVisible();
    await page.goto(desk.page());
    await expect(page.locator(".title-row .badge")).toHaveText("open");
    // Nor does one work that has none, or another session's.
    const other = await Desk.of("refused-forged-other");
    const send_ = async (form: Record<string, string>) =>
      await send(page.request, desk.page("/review/begin"), form);
    expect(await send_({})).toBe(FORGED);
    await signIn(page, other.books.admin, other.page("/review"));
    const foreign = await csrfOf(page);
    await signIn(page, desk.books.admin);
    expect(await send_({ csrf: foreign })).toBe(FORGED);
    expect(await send_({ csrf: real })).toBe("303");
  });

  test("a session of another ledger", async ({ page, watch }) => {
    const [desk, other] = [await Desk.of("refused-other"), await Desk.of("refused-other-own")];
    await signIn(page, other.books.admin, other.page("/review"));
    const csrf = await csrfOf(page);
    // It is public, and read like everybody reads it.
    await page.goto(desk.page("/activity"));
    await expect(page.getByRole("main")).not.toContainText("@");
    await expect(page.getByRole("link", { name: "Review" })).toHaveCount(0);
    watch.expect(403, /\/review$/);
    await page.goto(desk.page("/review"));
    await expect(page.getByText("the token is one of another ledger")).toBeVisible();
    for (const form of ["bind", "propose", "override", "begin", "pool", "finalize"]) {
      expect(await send(page.request, desk.page(`/review/${form}`), { csrf }), form).toBe(NOT_ALLOWED);
    }
  });

  test("a session at the API's writes", async ({ page }) => {
    const desk = await Desk.of("refused-cookie");
    await signIn(page, desk.books.admin);
    const answer = await page.request.post(`/api/v1/ledgers/refused-cookie/epochs/${desk.epoch}/review`);
    expect(answer.status()).toBe(401);
  });

  test("a form that another site sends to sign somebody in", async ({ page }) => {
    const books = await Books.of("refused-elsewhere");
    const answer = await page.request.post("/sign-in", {
      form: { token: books.admin },
      headers: { accept: "text/html", "sec-fetch-site": "cross-site" },
      maxRedirects: 0,
    });
    expect([answer.status(), answer.headers()["set-cookie"]]).toEqual([403, undefined]);
  });
});
