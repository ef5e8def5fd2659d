// What people do with the lock of the app, and a device that has one.

import assert from "node:assert/strict";

import { launchBrowser, newDevice, startServer } from "./harness.mjs";
import { ANA, joined } from "./people.mjs";
import { says, text, titled } from "./screen.mjs";

export const TITLE = "Fostering the Right to the City for all";
export const EVENT = "/events/ev14";
export const PIN = "271828";

/** Writes into a field and leaves it. */
export async function fill(page, name, value) {
  await text(page, name).fill(value);
  await text(page, name).press("Tab");
}

/** Turns the lock on, up to where the PIN is asked for. */
export async function turnOn(page, pin = PIN) {
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  await page.getByText("Lock this app with a PIN").click();
  await page.getByLabel("New PIN", { exact: true }).fill(pin);
  await page.getByLabel("New PIN once more").fill(pin);
  await page.getByRole("button", { name: "Turn the lock on" }).click();
  await titled(page, "This app is locked");
}

/** Gives a PIN at the door. */
export async function enter(page, pin) {
  await page.getByLabel("PIN", { exact: true }).fill(pin);
  await page.getByRole("button", { name: "Open", exact: true }).click();
}

/** What was said of a PIN. */
export function told(page, words) {
  return page.getByRole("alert").filter({ hasText: words }).waitFor();
}

/** The names of all databases. */
export function databases(page) {
  return page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort());
}

/** Reads or writes a word that the encrypted database keeps once. */
export function word(page, name, value) {
  const run = async ({ name, value }) => {
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const found = (await indexedDB.databases()).find(({ name }) => name.endsWith("-locked"));
    const database = await done(indexedDB.open(found.name));
    const meta = database.transaction("meta", "readwrite").objectStore("meta");
    if (value !== undefined) await done(meta.put(value, name));
    const read = await done(meta.get(name));
    database.close();
    return read;
  };
  return page.evaluate(run, { name, value });
}

/** A device of Ana's with the event on the screen. */
export async function unlocked(t, options = {}) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, options);
  t.after(() => assert.deepEqual(device.errors.filter((error) => !/ (401|502) /.test(error)), []));
  const page = await joined(device, server.invitation, ANA);
  await page.goto(EVENT);
  await titled(page, TITLE);
  await device.kept(page);
  await says(page, "On the server");
  return { server, device, page };
}

/** The same, with the lock turned on and the PIN asked for, which encrypts the records. */
export async function locked(t, options = {}) {
  const all = await unlocked(t, options);
  await turnOn(all.page);
  return all;
}

/** The same, with the records open. */
export async function opened(t, options = {}) {
  const all = await locked(t, options);
  await enter(all.page, PIN);
  await titled(all.page, TITLE);
  await says(all.page, "On the server");
  return all;
}

/** From now on the page's clock and its long timers are those of the test, see `goBy`. */
export function holdTime(page) {
  return page.evaluate(() => {
    const [now, start] = [Date.now, window.setTimeout];
    window.time = { ahead: 0, late: [] };
    Date.now = () => now() + window.time.ahead;
    window.setTimeout = (run, delay = 0, ...rest) => {
      if (delay < 60_000) return start(run, delay, ...rest);
      window.time.late.push({ run, at: Date.now() + delay });
      return 0;
    };
  });
}

/**
 * Lets so many minutes go by for the page. Its timers run when this call is over: what loads the
 * page anew must not do so within it.
 */
export function goBy(page, minutes) {
  return page.evaluate((minutes) => {
    const { time } = window;
    time.ahead += minutes * 60_000;
    const due = time.late.filter(({ at }) => at <= Date.now());
    time.late = time.late.filter(({ at }) => at > Date.now());
    for (const { run } of due) requestAnimationFrame(() => run());
  }, minutes);
}

/** Tells the page that it is seen, or that it is not. */
export function seen(page, state) {
  return page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, value: state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
