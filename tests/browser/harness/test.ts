// `test` with an eye on everything that happens behind a page: whatever a person would not see, but
// would be wrong all the same, fails the test.

import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";

import { address } from "./program.ts";

interface Answered {
  status: number;
  path: RegExp;
  wasSeen: boolean;
}

// Collects what goes wrong in a browser context.
export class Watch {
  readonly faults: string[] = [];
  private readonly expected: Answered[] = [];
  private downloads = 0;

  constructor(context: BrowserContext) {
    context.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const failed = message.text().match(/^Failed to load resource: .* status of (\d+)/)?.[1];
      if (failed !== undefined && this.isExpected(Number(failed), message.location().url)) return;
      this.faults.push(`console ${message.type()}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.faults.push(`uncaught: ${error.error().message}`));
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== address() && protocol !== "data:") this.faults.push(`another host: ${request.url()}`);
    });
    context.on("requestfailed", (request) => {
      // A navigation that became a download is given up as a navigation.
      if (request.isNavigationRequest() && this.downloads > 0) {
        this.downloads -= 1;
        return;
      }
      this.faults.push(`failed: ${request.method()} ${request.url()}: ${request.failure()?.errorText}`);
    });
    context.on("response", (response) => {
      if (response.status() < 400) return;
      if (!this.isExpected(response.status(), response.url())) {
        this.faults.push(`${response.status()}: ${response.request().method()} ${response.url()}`);
      }
    });
  }

  // Says that some path will answer with such a status. It must, then.
  expect(status: number, path: RegExp): void {
    this.expected.push({ status, path, wasSeen: false });
  }

  expectDownload(): void {
    this.downloads += 1;
  }

  private isExpected(status: number, url: string): boolean {
    const { pathname } = new URL(url);
    const found = this.expected.find((one) => one.status === status && one.path.test(pathname));
    if (found !== undefined) found.wasSeen = true;
    return found !== undefined;
  }

  end(): void {
    const missing = this.expected.filter((one) => !one.wasSeen).map((one) => `no ${one.status} of ${one.path}`);
    expect([...this.faults, ...missing], "what happened behind the pages").toEqual([]);
  }
}

// The content security policy's refusals, also those that a browser does not print.
const TELL_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("refused by the policy: " + event.violatedDirective + " " + event.blockedURI));`;

export const test = base.extend<{ watch: Watch }>({
  baseURL: async ({}, use) => {
    await use(address());
  },
  watch: [
    async ({ context }, use) => {
      await context.addInitScript(TELL_VIOLATIONS);
      const watch = new Watch(context);
      await use(watch);
      watch.end();
    },
    { auto: true },
  ],
});

export { expect };

// Signs in with the form.
export async function signIn(page: Page, token: string, next?: string): Promise<void> {
  await page.goto(next === undefined ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("banner").getByRole("link", { name: "Sign in" })).toBeVisible();
}

// The cells of a table's body rows, as text.
export async function cells(page: Page, table: string): Promise<string[][]> {
  const rows = page.getByRole("table", { name: table }).locator("tbody > tr");
  return await rows.evaluateAll((all) =>
    all.map((row) => [...row.children].map((cell) => (cell.textContent ?? "").replace(/\s+/g, " ").trim())),
  );
}

// What stands beside a name in the list of facts at a page's head.
export const fact = (page: Page, name: string) =>
  page.locator(".facts > div").filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd");

// No rule of the checker is broken, in either colour scheme.
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations.map(
      (one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`,
    );
    expect(told, `accessibility of ${page.url()}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: "light" });
}
