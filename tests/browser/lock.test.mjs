// The lock of the app: what lies on the disk is encrypted, wrong PINs are slowed, and nothing is
// lost when it is turned on, turned off or forgotten.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { fillDisk } from "./disk.mjs";
import { checkAccessible, newProfile, startServer } from "./harness.mjs";
import {
  EVENT, PIN, TITLE, databases, enter, fill, goBy, holdTime, locked, opened, seen, told, turnOn,
  unlocked, word,
} from "./lock.mjs";
import { ANA, joined, signIn } from "./people.mjs";
import { holds, says, text, titled, until } from "./screen.mjs";

const VENUE = "Maison des associations";
const OBJECTIVES = "Learn from the lighthouse keepers.";

/** Texts that are found in a profile without a lock, one as good as any other of the records. */
const TEXTS = [VENUE, OBJECTIVES, ANA.name, ANA.email];
/** Texts of the reference programme; Automerge may have compressed them. */
const FIXTURES = [TITLE, "Mediterranean City-to-City Migration", "Rabat", "Tangier", "Grenoble"];

/** All files below a folder. */
async function files(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Which of the texts lie in the browser's databases and beside them, byte by byte. */
async function found(profile, texts) {
  const all = [];
  for (const part of ["IndexedDB", "Local Storage"]) all.push(...(await files(join(profile.folder, "Default", part))));
  assert.ok(all.length > 2, "there are files to be searched");
  const hits = new Set();
  for (const file of all) {
    const bytes = await readFile(file);
    for (const text of texts) {
      const written = [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le")];
      if (written.some((written) => bytes.includes(written))) hits.add(text);
    }
  }
  return texts.filter((text) => hits.has(text));
}

test("with the lock on, the browser's files have no text of a record or a person in them", async (t) => {
  const server = await startServer(t, { demo: true, open: false });
  const profile = await newProfile(t, server);
  let device = await profile.start();
  let page = await joined(device, server.invitation, ANA);
  await page.goto(EVENT);
  await titled(page, TITLE);
  await fill(page, "Venue", VENUE);
  await fill(page, "Learning objectives", OBJECTIVES);
  await says(page, "On the server");
  await device.kept(page);
  await profile.close();
  assert.deepEqual(await found(profile, TEXTS), TEXTS, "without the lock they are there");
  t.diagnostic(`of the programme: ${await found(profile, FIXTURES)}`);

  device = await profile.start();
  page = await device.open(EVENT);
  await titled(page, TITLE);
  await turnOn(page);
  await enter(page, PIN);
  await titled(page, TITLE);
  await device.goOffline();
  await says(page, /Offline since/);
  const during = "Palais du Parlement, salle verte";
  await fill(page, "Venue", during);
  await says(page, /change waiting/);
  await profile.close();

  // It opens again, and what was written while it was on is there.
  device = await profile.start();
  page = await device.open(EVENT);
  await titled(page, "This app is locked");
  await enter(page, PIN);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), during);
  await holds(text(page, "Learning objectives"), OBJECTIVES);
  const beside = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  await profile.close();
  assert.deepEqual(await found(profile, [...TEXTS, during, ...FIXTURES]), []);
  for (const text of [ANA.name, ANA.email, "Ana"]) assert.ok(!beside.includes(text), beside);
});

test("wrong PINs are refused and slowed, over a reload too, and the right one opens offline", async (t) => {
  const { device, page } = await locked(t, { viewport: { width: 390, height: 844 } });
  assert.equal(await page.getByRole("banner").count(), 0);
  assert.equal(await page.getByText(TITLE).count(), 0);
  await checkAccessible(page);
  await device.goOffline();
  await page.reload();
  await titled(page, "This app is locked");
  await page.locator("#lock-pin:focus").waitFor();
  for (let time = 1; time <= 3; time += 1) {
    await enter(page, `00000${time}`);
    await told(page, /^That PIN is not right\.$/);
    await page.getByLabel("PIN", { exact: true }).press("End");
  }
  await enter(page, "000004");
  await told(page, /^That PIN is not right\. You can try again in (1 minute|\d+ seconds)\.$/);
  await page.reload();
  await told(page, /You can try again in (1 minute|\d+ seconds)\./);
  await enter(page, PIN);
  await told(page, /You can try again in/);
  assert.match(await word(page, "attempts"), /^4 \d+$/);
  await checkAccessible(page);

  // The minute has passed: one more wrong one costs more.
  await word(page, "attempts", "4 0");
  await page.reload();
  await enter(page, "000005");
  await told(page, "That PIN is not right. You can try again in 5 minutes.");
  await word(page, "attempts", "5 0");
  await page.reload();
  await enter(page, PIN);
  await titled(page, TITLE);
  await says(page, /Offline since/);
  await page.reload();
  await titled(page, "This app is locked");
  assert.equal(await word(page, "attempts"), undefined, "the right one takes the count away");
});

test("turning the lock on goes on after it was cut off, and turning it off brings all back", async (t) => {
  const { device, page } = await locked(t);
  const names = await databases(page);
  const [vault] = names.filter((name) => name.endsWith("-locked"));
  const open = vault.replace(/-locked$/, "");
  await page.getByText("The lock is being turned on.").waitFor();
  await page.reload();
  await page.getByText("The lock is being turned on.").waitFor();
  assert.ok((await databases(page)).includes(open));

  // Cut off between the last two steps: the open database cannot be removed yet.
  await page.evaluate(
    (name) =>
      new Promise((resolve) => {
        indexedDB.open(name).onsuccess = (event) => resolve((globalThis.held = event.target.result));
      }).then(() => undefined),
    open,
  );
  await enter(page, PIN);
  await until(page, async () => JSON.parse(await word(page, "lock")).state === "on");
  assert.ok((await databases(page)).includes(open));
  await page.reload();
  await page.getByText("Your records are encrypted on this device.").waitFor();
  await enter(page, PIN);
  await titled(page, TITLE);
  await says(page, "On the server");
  assert.ok(!(await databases(page)).includes(open));
  await fill(page, "Venue", VENUE);
  await says(page, "On the server");

  await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  await page.getByText("Change the PIN", { exact: true }).first().click();
  await checkAccessible(page, "#popover-account");
  await page.getByLabel("PIN until now").fill("000000");
  await page.getByLabel("New PIN", { exact: true }).fill("3141592");
  await page.getByLabel("New PIN once more").fill("3141592");
  await page.getByRole("button", { name: "Change the PIN" }).click();
  await told(page, "That PIN is not right.");
  await page.getByLabel("PIN until now").fill(PIN);
  await page.getByRole("button", { name: "Change the PIN" }).click();
  await page.getByText("The PIN was changed.").waitFor();

  await page.getByText("Turn the lock off", { exact: true }).first().click();
  await page.getByRole("button", { name: "Turn the lock off" }).click();
  await page.getByText("The lock is being turned off.").waitFor();
  await page.reload();
  await enter(page, PIN);
  await told(page, "That PIN is not right.");
  await enter(page, "3141592");
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  assert.ok(!(await databases(page)).includes(vault));
  await device.goOffline();
  await page.reload();
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
});

test("the app locks after five minutes in the background", async (t) => {
  const { page } = await opened(t);
  await holdTime(page);
  await seen(page, "hidden");
  await goBy(page, 4);
  await seen(page, "visible");
  await titled(page, TITLE);
  await seen(page, "hidden");
  await goBy(page, 5.1);
  await titled(page, "This app is locked");
});

test("whoever forgot the PIN is told what would be lost and gets the records anew", async (t) => {
  const { device, page } = await opened(t);
  await device.goOffline();
  await says(page, /Offline since/);
  await fill(page, "Venue", VENUE);
  await says(page, /1 change waiting/);
  await until(page, async () => (await word(page, "unsent")) === "1");
  await page.reload();
  await page.getByText("I have forgotten my PIN").click();
  await page.getByText("Changes in 1 record are not on the server yet. They would be lost.").waitFor();
  await checkAccessible(page);
  const remove = page.getByRole("button", { name: "Remove the records and sign in again" });
  await remove.click();
  await told(page, "The server cannot be reached.");
  await device.goOnline();

  // What is on the way to the server cannot say who uses the device.
  const before = await databases(page);
  const proxy = (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<html>" });
  await device.context.route("**/api/session", proxy);
  await remove.click();
  await told(page, "The server could not do this.");
  assert.deepEqual(await databases(page), before);
  await device.context.unroute("**/api/session", proxy);
  await remove.click();
  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), "");
});

test("a PIN program that fails takes no wrong PIN back", async (t) => {
  const { page } = await locked(t);
  await word(page, "attempts", "4 0");
  await page.workers()[0].evaluate(() => {
    self.deriveKey = () => Promise.reject(new Error("no program"));
  });
  await enter(page, PIN);
  await told(page, "The part of the program that makes keys could not be loaded.");
  assert.equal(await word(page, "attempts"), "4 0");
  await page.reload();
  await enter(page, "000005");
  await told(page, "That PIN is not right. You can try again in 5 minutes.");
});

test("a lock that is not on yet can be given up without the PIN and without the server", async (t) => {
  const { device, page } = await locked(t);
  await device.goOffline();
  await page.getByText("I have forgotten my PIN").click();
  await page.getByText("The lock is not on yet").waitFor();
  await checkAccessible(page);
  await page.getByRole("button", { name: "Do not turn the lock on" }).click();
  await titled(page, TITLE);
  assert.deepEqual((await databases(page)).filter((name) => /-(locked|sweep)$/.test(name)), []);
  await fill(page, "Venue", VENUE);
  await says(page, /1 change waiting/);
  await page.reload();
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  await page.getByText("Lock this app with a PIN").waitFor();
});

/** A tab that does not hear of locks that others turn on or give up. */
async function openDeaf(device) {
  const page = await device.context.newPage();
  await page.addInitScript(() => {
    addEventListener("storage", (event) => event.stopImmediatePropagation());
  });
  await page.goto(EVENT);
  return page;
}

/** Making the next key waits in a tab until `release` is called. */
async function holdKeys(page) {
  const worker = page.workers()[0];
  await worker.evaluate(() => {
    const { deriveKey } = self;
    self.deriveKey = async (...given) => {
      self.deriveKey = deriveKey;
      await new Promise((resolve) => (self.release = resolve));
      return deriveKey(...given);
    };
  });
  return {
    wanted: () => until(page, () => worker.evaluate(() => Boolean(self.release))),
    release: () => worker.evaluate(() => self.release()),
  };
}

test("two tabs that turn the lock on at once make one lock, which the first PIN opens", async (t) => {
  const { device, page } = await unlocked(t);
  const other = await openDeaf(device);
  await titled(other, TITLE);
  await says(other, "On the server");
  const keys = await holdKeys(other);
  const turning = turnOn(other, "314159");
  await keys.wanted();
  await turnOn(page);
  await keys.release();
  await turning;
  await enter(page, PIN);
  await titled(page, TITLE);
  await enter(other, "314159");
  await told(other, "That PIN is not right.");
  await enter(other, PIN);
  await titled(other, TITLE);
});

test("the key of a lock that was given up is not used for the next one", async (t) => {
  const { device, page } = await locked(t);
  const other = await openDeaf(device);
  await titled(other, "This app is locked");
  const keys = await holdKeys(other);
  await enter(other, PIN);
  await keys.wanted();
  await page.getByText("I have forgotten my PIN").click();
  await page.getByRole("button", { name: "Do not turn the lock on" }).click();
  await titled(page, TITLE);
  await turnOn(page, "314159");
  await keys.release();
  // The PIN was right for the first one; now that of the second is asked for.
  await holds(other.getByLabel("PIN", { exact: true }), "");
  await enter(other, PIN);
  await told(other, "That PIN is not right.");
  await enter(page, "314159");
  await titled(page, TITLE);
  await device.goOffline();
  await page.reload();
  await enter(page, "314159");
  await titled(page, TITLE);
  await page.getByRole("link", { name: "Events" }).first().click();
  await page.getByText("16 records").waitFor();
});

test("a disk that is full while the lock is turned on or off leaves one whole copy", async (t) => {
  const { page } = await locked(t);
  const [vault] = (await databases(page)).filter((name) => name.endsWith("-locked"));
  const open = vault.replace(/-locked$/, "");
  const failed = (page) => page.getByText("The lock could not be turned on or off.").waitFor();
  const copies = async () => (await databases(page)).filter((name) => name.startsWith(open));

  // Turning on: the records stay in the open one, and there is no lock.
  await fillDisk(page, { database: vault, store: "catalogue" });
  await enter(page, PIN);
  await titled(page, TITLE);
  await failed(page);
  assert.deepEqual(await copies(), [open]);
  await fill(page, "Venue", VENUE);
  await says(page, "On the server");
  await page.reload();
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);

  await turnOn(page);
  await enter(page, PIN);
  await titled(page, TITLE);
  assert.deepEqual(await copies(), [vault]);
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  await page.getByText("Turn the lock off", { exact: true }).first().click();
  await page.getByRole("button", { name: "Turn the lock off" }).click();
  await page.getByText("The lock is being turned off.").waitFor();

  // Turning off: they stay in the encrypted one, and it is locked again at the next start.
  await fillDisk(page, { database: open, store: "catalogue" });
  await enter(page, PIN);
  await titled(page, TITLE);
  await failed(page);
  assert.deepEqual(await copies(), [vault]);
  await fill(page, "Learning objectives", OBJECTIVES);
  await says(page, "On the server");
  await page.reload();
  await page.getByText("Your records are encrypted on this device.").waitFor();
  await enter(page, PIN);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  await holds(text(page, "Learning objectives"), OBJECTIVES);
});
