import { defineConfig } from "@playwright/test";

// One server for the whole run (harness/server.ts); what a test writes, it writes to a ledger of its
// own, so that the tests need no order.
export default defineConfig({
  testDir: "specs",
  globalSetup: "./harness/server.ts",
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env["CI"]),
  retries: 0,
  // The accessibility checker takes its time with long tables.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    colorScheme: "light",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      // No other host can be reached, whatever a page asks for. (Playwright adds --no-sandbox, which
      // root needs.)
      args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    },
  },
});
