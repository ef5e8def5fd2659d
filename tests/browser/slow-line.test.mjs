// A first load over a slow line: it ends, it can be watched, and being cut off costs little.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { importFile, launchBrowser, newDevice, startServer, temporaryFolder } from "./harness.mjs";
import { until } from "./screen.mjs";

/** The reference programme, and how many outcomes the test adds to have 200 records in all. */
const REFERENCE = new URL("../../server/data/mc2cm.json", import.meta.url);
const MORE = 40;

const PROGRAMME = "Mediterranean City-to-City Migration";

/** A poor mobile connection: bits a second, milliseconds each way. */
const SLOW = [400_000, 100];

/** How often the line is cut during a load. */
const CUTS = 3;

/**
 * Opens the client and loads all records over a slow line. Resolves with the numbers that the
 * status showed and with the bytes of records that were received.
 */
async function load(t, browser, server, cuts) {
  const device = await newDevice(t, browser, server);
  const page = await device.context.newPage();
  const seen = [];
  await page.exposeFunction("sawProgress", (done, of) => {
    seen.push([done, of]);
  });
  await page.addInitScript(() => {
    const look = () => {
      const words = document.querySelector("[role=status]")?.textContent ?? "";
      const shown = /([0-9,]+) of ([0-9,]+) records received/.exec(words);
      if (shown) sawProgress(...shown.slice(1).map((n) => Number(n.replace(",", ""))));
    };
    new MutationObserver(look).observe(document, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  device.slowDown(...SLOW);
  await page.goto("/");
  for (let cut = 1; cut <= cuts; cut += 1) {
    // Further each time.
    await until(page, () => seen.length > 0 && seen.at(-1)[0] >= 10 * cut);
    seen.length = 0;
    await device.breakConnections();
  }
  await page.getByRole("heading", { level: 1, name: PROGRAMME }).waitFor();
  await page
    .getByRole("banner")
    .getByRole("status")
    .filter({ hasText: "On the server", hasNotText: "received" })
    .waitFor();
  await page.getByRole("link", { name: "16 Events" }).waitFor();
  const bytes = device.recordBytes;
  return { seen, bytes, errors: device.errors };
}

/** A data folder with the reference programme and some outcomes more. */
async function programme(folder) {
  const file = JSON.parse(await readFile(REFERENCE, "utf8"));
  const outcomes = file.harvested_outcomes;
  for (let number = 1; number <= MORE; number += 1) {
    outcomes.push({ ...outcomes[number % 15], id: `more${number}` });
  }
  const path = join(folder, "programme.json");
  await writeFile(path, JSON.stringify(file));
  const data = join(folder, "data");
  await importFile(path, data);
  return data;
}

test("a first load over a slow line is shown and ends, cut off or not", async (t) => {
  const data = await temporaryFolder(t);
  const server = await startServer(t, { data: await programme(data) });
  const records = await server.json("/api/records");
  assert.equal(records.length, 200);
  // Both loads find everything in the server's memory, so that it answers both in the same frames.
  for (const { id } of records) await server.json(`/api/records/${id}`);
  const browser = await launchBrowser(t);
  const whole = await load(t, browser, server, 0);
  const numbers = new Set(whole.seen.map(([done]) => done));
  t.diagnostic(`${whole.seen.at(-1)?.[1]} records, ${whole.bytes} bytes, shown ${numbers.size}`);
  assert.ok(numbers.size >= 3, `the progress moves: ${[...numbers]}`);
  const sorted = whole.seen.map(([done]) => done);
  assert.deepEqual(sorted, [...sorted].sort((a, b) => a - b), "it never goes back");

  const broken = await load(t, browser, server, CUTS);
  t.diagnostic(`${broken.bytes} bytes with ${CUTS} cuts`);
  assert.ok(broken.bytes <= whole.bytes * 1.15, `${broken.bytes} instead of ${whole.bytes}`);
});
