// Edits that the disk does not take, because there is no room: nothing that a person or the app
// does ends the page with them without saying so.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { fillDisk, freeDisk } from "./disk.mjs";
import { checkAccessible } from "./harness.mjs";
import { EVENT, PIN, TITLE, enter, fill, goBy, holdTime, opened, seen, unlocked } from "./lock.mjs";
import { ANA, signIn, signOut } from "./people.mjs";
import { holds, says, text, titled } from "./screen.mjs";

const VENUE = "Maison des associations";
const OBJECTIVES = "Learn from the lighthouse keepers.";

/** The storage is tried again after longer and longer times, of which the longest is 30 seconds. */
const RETRIED = { timeout: 90_000 };

/** The question about what would be lost. */
function question(page, what = "1 change") {
  return page.getByRole("dialog", { name: `${what} cannot be stored on this device` });
}

/** An edit that the disk does not take, and the server does not get. */
async function editFull(page, name, value) {
  await fillDisk(page);
  await fill(page, name, value);
  await says(page, /Not saved/);
}

async function lockNow(page) {
  const now = page.getByRole("button", { name: "Lock now" });
  if (!(await now.isVisible())) {
    await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  }
  await now.click();
}

/** Whether the browser would ask before the page is left. */
function asksBeforeLeaving(page) {
  const leave = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
  return page.evaluate(leave);
}

/** A device with the lock on, without a connection. */
async function offline(t, options = {}) {
  const all = await opened(t, { acceptDownloads: true, ...options });
  await all.device.goOffline();
  await says(all.page, /Offline since/);
  return all;
}

test("on a full disk locking says what would be lost, and locks once it is stored", async (t) => {
  const { page } = await offline(t, { viewport: { width: 390, height: 844 } });
  assert.equal(await asksBeforeLeaving(page), false);
  await editFull(page, "Venue", VENUE);
  assert.equal(await asksBeforeLeaving(page), true);
  await lockNow(page);
  await question(page).waitFor();
  await checkAccessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "the screen does not scroll sideways on a phone");
  const coming = page.waitForEvent("download");
  await question(page).getByRole("button", { name: "Download them" }).click();
  const { records } = JSON.parse(await readFile(await (await coming).path()));
  assert.deepEqual(records.map(({ record }) => record.fields.venue), [VENUE]);

  // Whoever decides against it stays where they were, by the keyboard too.
  await question(page).getByRole("button", { name: "Stay here" }).click();
  await question(page).waitFor({ state: "hidden" });
  await page.locator("button:focus", { hasText: "Lock now" }).waitFor();
  await holds(text(page, "Venue"), VENUE);
  await page.keyboard.press("Enter");
  await question(page).waitFor();
  await page.keyboard.press("Escape");
  await question(page).waitFor({ state: "hidden" });

  await lockNow(page);
  await question(page).waitFor();
  await freeDisk(page);
  await titled(page, "This app is locked", RETRIED);
  await enter(page, PIN);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  await says(page, /1 change waiting/);
});

test("on a full disk whoever says so locks all the same", async (t) => {
  const { page } = await offline(t);
  const contradictions = page.getByRole("group", { name: "Open contradiction" });
  const before = await contradictions.count();
  await editFull(page, "Venue", "Palais du Parlement");
  // What is in memory is what the next edit builds upon.
  await fill(page, "Venue", VENUE);
  await lockNow(page);
  const two = question(page, "2 changes");
  await two.waitFor();
  assert.equal(await contradictions.count(), before);
  await two.getByRole("button", { name: "Go on and lose 2 changes" }).click();
  await titled(page, "This app is locked");
  await enter(page, PIN);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), "");
});

test("on a full disk the app locks by itself only once all is stored", async (t) => {
  const { page } = await offline(t);
  await editFull(page, "Venue", VENUE);
  await holdTime(page);
  await seen(page, "hidden");
  await goBy(page, 5.1);
  await question(page).getByRole("button", { name: "Stay here" }).click();
  await question(page).waitFor({ state: "hidden" });
  await holds(text(page, "Venue"), VENUE);
  await freeDisk(page);
  await titled(page, "This app is locked", RETRIED);
  await enter(page, PIN);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
});

test("on a full disk signing out says what it loses and keeps what is stored", async (t) => {
  const { device, page } = await unlocked(t);
  await device.goOffline();
  await says(page, /Offline since/);
  await fill(page, "Venue", VENUE);
  await says(page, /1 change waiting/);
  await editFull(page, "Learning objectives", OBJECTIVES);
  await signOut(page, ANA);
  const asked = page.getByRole("dialog", { name: "Changes in 1 record are only on this device" });
  await asked.getByText("1 change cannot be stored on this device. Signing out loses it").waitFor();
  await checkAccessible(page);
  await asked.getByRole("button", { name: "Stay signed in" }).click();
  await holds(text(page, "Learning objectives"), OBJECTIVES);
  await signOut(page, ANA, { open: true });
  await asked.getByRole("button", { name: "Sign out and keep only what is stored" }).click();
  await titled(page, "Sign in");
  await device.goOnline();
  await page.reload();
  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  await holds(text(page, "Learning objectives"), "");
});

test("on a full disk a tab follows another one only once all is stored", async (t) => {
  const { device, page } = await unlocked(t);
  const other = await device.open(EVENT);
  await titled(other, TITLE);
  await says(other, "On the server");
  await device.goOffline();
  for (const tab of [page, other]) await says(tab, /Offline since/);
  await fill(page, "Venue", VENUE);
  await holds(text(other, "Venue"), VENUE);
  await editFull(other, "Learning objectives", OBJECTIVES);
  await signOut(page, ANA);
  await page.getByRole("button", { name: "Sign out and keep them on this device" }).click();
  await titled(page, "Sign in");
  await question(other).getByRole("button", { name: "Stay here" }).click();
  const anew = other.waitForEvent("load", RETRIED);
  await freeDisk(other);
  await anew;
  await titled(other, "Sign in");
  await device.goOnline();
  await page.reload();
  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
  await holds(text(page, "Learning objectives"), OBJECTIVES);
});

test("signing out keeps what only another tab has in memory", async (t) => {
  const { device, page } = await unlocked(t);
  const other = await device.open(EVENT);
  await titled(other, TITLE);
  await says(other, "On the server");
  await device.goOffline();
  for (const tab of [page, other]) await says(tab, /Offline since/);
  await editFull(other, "Venue", VENUE);
  await signOut(page, ANA);
  await titled(page, "Sign in");
  await question(other).getByRole("button", { name: "Stay here" }).click();
  const anew = other.waitForEvent("load", RETRIED);
  await freeDisk(other);
  await anew;
  await titled(other, "Sign in");
  await device.goOnline();
  await page.reload();
  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), VENUE);
});
