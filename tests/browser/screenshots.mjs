// Makes the pictures that are looked at before a release: `node screenshots.mjs FOLDER`.
// With MELTEMI_BIN, MELTEMI_WEB and CHROMIUM set as for the tests.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { launchBrowser, newDevice, startServer } from "./harness.mjs";
import { openAt, says } from "./screen.mjs";

const SCREENS = {
  overview: ["/", /Mediterranean City-to-City/],
  list: ["/events", "Events"],
  event: ["/events/ev14", "Fostering the Right to the City for all"],
};
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  rtl: { colorScheme: "light", rtl: true },
};

/** The harness cleans up after a test; here, after the script. */
class Cleanup {
  #steps = [];

  after(step) {
    this.#steps.unshift(step);
  }

  async run() {
    for (const step of this.#steps) await step();
  }
}

const folder = process.argv[2];
if (!folder) throw new Error("usage: node screenshots.mjs FOLDER");
await mkdir(folder, { recursive: true });
const cleanup = new Cleanup();
try {
  const server = await startServer(cleanup, { demo: true });
  const browser = await launchBrowser(cleanup);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [look, { colorScheme, rtl }] of Object.entries(LOOKS)) {
      const device = await newDevice(cleanup, browser, server, { viewport, colorScheme });
      for (const [name, [path, heading]] of Object.entries(SCREENS)) {
        const page = await openAt(device, path, heading);
        await says(page, "On the server");
        if (rtl) await page.evaluate(() => (document.documentElement.dir = "rtl"));
        const file = (part) => join(folder, `${name}-${size}-${look}${part}.png`);
        await page.screenshot({ path: file("") });
        await page.screenshot({ path: file("-full"), fullPage: true });
        await page.close();
      }
    }
  }
} finally {
  await cleanup.run();
}
