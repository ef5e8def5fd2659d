// Several people on one tablet: each has their own records, and signing out loses no edit that is
// not on the server without saying so.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { holds, openAt, says, text, titled, until } from "./screen.mjs";
import { ANA, LEILA, invite, joined, signIn, signOut } from "./people.mjs";

const TITLE = "Fostering the Right to the City for all";
const EVENT = "/events/ev14";
const QUESTION = "Changes in 1 record are only on this device";

/** A server, a tablet on which Ana has joined, and a colleague of hers. */
async function tablet(t, options = {}) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { acceptDownloads: true, ...options });
  t.after(() => assert.deepEqual(device.errors.filter((error) => !/ 401 /.test(error)), []));
  const page = await joined(device, server.invitation, ANA);
  const colleague = await newDevice(t, browser, server);
  await joined(colleague, await invite(page, "coordinator"), LEILA);
  await colleague.context.close();
  await page.goto(EVENT);
  await titled(page, TITLE);
  await device.kept(page);
  await says(page, "On the server");
  return { server, device, page };
}

/** An edit that the server does not get. */
async function editOffline({ device, page }, venue) {
  await device.goOffline();
  await says(page, /Offline since/);
  await text(page, "Venue").fill(venue);
  await text(page, "Venue").press("Tab");
  await says(page, /1 change waiting/);
}

/** The names of all databases, and all that is kept beside them. */
function kept(page) {
  return page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return {
      databases: databases.map(({ name }) => name).sort(),
      beside: JSON.stringify({ ...localStorage }),
    };
  });
}

test("two people on one tablet: neither sees the other's records, and unsent edits go out later", async (t) => {
  const { device, page } = await tablet(t);
  await editOffline({ device, page }, "Maison des associations");
  await signOut(page, ANA);
  const question = page.getByRole("dialog", { name: QUESTION });
  await checkAccessible(page);
  await question.getByRole("button", { name: "Sign out and keep them on this device" }).click();
  await titled(page, "Sign in");

  // Nothing of Ana's is on the screen, and what is kept beside the records does not name her.
  assert.equal(await page.getByText(TITLE).count(), 0);
  const { beside } = await kept(page);
  assert.ok(!beside.includes("Ana") && !beside.includes("example.org"), beside);

  await device.goOnline();
  await page.reload();
  await signIn(page, LEILA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await says(page, "On the server");
  await holds(text(page, "Venue"), "");
  await text(page, "Learning objectives").fill("Learn from Grenoble.");
  await text(page, "Learning objectives").press("Tab");
  await says(page, "On the server");

  // Nothing waits, so nothing is asked, and her records are gone from the tablet.
  const before = await kept(page);
  await signOut(page, LEILA);
  await titled(page, "Sign in");
  // They go as soon as no tab holds them.
  await until(page, async () => (await kept(page)).databases.length < before.databases.length);

  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await holds(text(page, "Venue"), "Maison des associations");
  await holds(text(page, "Learning objectives"), "Learn from Grenoble.");
  await says(page, "On the server");
});

test("what is entered to sign in stays when the server hears of a sign-out late", async (t) => {
  const { device, page } = await tablet(t);
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route("**/api/session", async (route) => {
    if (route.request().method() === "DELETE") await held;
    await route.continue();
  });
  await signOut(page, ANA);
  await titled(page, "Sign in");
  await page.getByLabel("E-mail address").fill(LEILA.email);
  await page.getByLabel("Password").fill("not yet all of");
  const asked = page.waitForResponse(
    (answer) => answer.url().endsWith("/api/session") && answer.request().method() === "GET",
  );
  letGo();
  await asked;
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await page.getByLabel("Password").inputValue(), "not yet all of");
  assert.equal(await page.getByLabel("E-mail address").inputValue(), LEILA.email);
  await signIn(page, LEILA);
  await says(page, "On the server");
  assert.ok(device.errors.every((error) => / 401 /.test(error)), device.errors.join());
});

test("whoever signs in while the server still answers a sign-out stays signed in", async (t) => {
  const { device, page } = await tablet(t);
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route("**/api/session", async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    // With this answer the browser forgets who is signed in.
    const response = await route.fetch();
    await held;
    return route.fulfill({ response });
  });
  await signOut(page, ANA);
  await titled(page, "Sign in");
  const sent = [];
  page.on("request", (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await signIn(page, LEILA);
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(!sent.includes("POST /api/session"), sent.join());
  const busy = page.locator("button[aria-busy=true]");
  assert.equal(await busy.innerText(), "Sign in");
  letGo();
  await says(page, "On the server");
  assert.ok(sent.includes("POST /api/session"), sent.join());
  await page.reload();
  await page.getByRole("banner").getByRole("button", { name: LEILA.name }).waitFor();
  assert.equal(await page.evaluate(async () => (await fetch("/api/session")).status), 200);
  assert.ok(device.errors.every((error) => / 401 /.test(error)), device.errors.join());
});

test("signing out counts the unsent edits, gives them out as a file and removes them only when told to", async (t) => {
  const { server, device, page } = await tablet(t, { viewport: { width: 390, height: 844 } });
  await editOffline({ device, page }, "Palais du Parlement");
  await signOut(page, ANA);
  const question = page.getByRole("dialog", { name: QUESTION });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "the screen does not scroll sideways on a phone");
  const coming = page.waitForEvent("download");
  await question.getByRole("button", { name: "Download them" }).click();
  const file = await coming;
  assert.match(file.suggestedFilename(), /^meltemi-unsent-.*\.json$/);
  const { records } = JSON.parse(await readFile(await file.path()));
  assert.deepEqual(
    records.map(({ record }) => [record.key, record.fields.venue]),
    [["ev14", "Palais du Parlement"]],
  );
  assert.match(records[0].automerge, /^85 ?6f ?4a ?83/);

  // Whoever decides against it stays where they were.
  await question.getByRole("button", { name: "Stay signed in" }).click();
  await says(page, /1 change waiting/);
  await signOut(page, ANA, { open: true });
  await question.getByRole("button", { name: "Sign out and lose the changes in 1 record" }).click();
  await titled(page, "Sign in");
  await device.goOnline();
  await page.reload();
  await signIn(page, ANA);
  await says(page, "On the server");
  await page.goto(EVENT);
  await titled(page, TITLE);
  await holds(text(page, "Venue"), "");
});

test("what is being typed when somebody signs out is not removed without saying so", async (t) => {
  const { device, page } = await tablet(t);
  await device.goOffline();
  await says(page, /Offline since/);
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  const out = await page.getByRole("button", { name: "Sign out", exact: true }).elementHandle();
  await text(page, "Venue").fill("Maison des associations");
  await text(page, "Venue").press("End");
  await out.evaluate((button) => button.click());
  const question = page.getByRole("dialog", { name: QUESTION });
  await question.getByRole("button", { name: "Stay signed in" }).click();
  await holds(text(page, "Venue"), "Maison des associations");
  await says(page, /1 change waiting/);
});

test("what another tab shows belongs to whoever signed in last", async (t) => {
  const { device, page } = await tablet(t);
  const other = await openAt(device, EVENT, TITLE);
  await signOut(page, ANA);
  await titled(page, "Sign in");
  await titled(other, "Sign in");
  await signIn(page, LEILA);
  await says(page, "On the server");
  await other.getByRole("banner").getByRole("button", { name: LEILA.name }).waitFor();
});

test("records from before everybody had their own are taken over by whoever is signed in", async (t) => {
  const { device, page } = await tablet(t);
  await editOffline({ device, page }, "Maison des associations");
  // As earlier versions kept it: one database, and name and address beside it.
  await page.goto("/icons/icon.svg");
  await page.evaluate(async (ana) => {
    const open = (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => {
          for (const store of ["chunks", "catalogue", "synced", "meta"]) {
            request.result.createObjectStore(store);
          }
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const { member, device } = JSON.parse(localStorage.getItem("meltemi.account"));
    const [from, to] = [await open(`meltemi-${member.id}`), await open("meltemi")];
    for (const name of from.objectStoreNames) {
      const store = from.transaction(name).objectStore(name);
      const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
      const write = to.transaction(name, "readwrite").objectStore(name);
      await done(write.clear());
      for (const [at, key] of keys.entries()) {
        if (key !== "apart" && key !== "account") write.put(values[at], key);
      }
    }
    from.close();
    to.close();
    await done(indexedDB.deleteDatabase(`meltemi-${member.id}`));
    localStorage.setItem("meltemi.account", JSON.stringify({ member: { ...member, ...ana }, device }));
  }, ANA);

  await page.goto(EVENT);
  await titled(page, TITLE);
  await says(page, /1 change waiting/);
  await holds(text(page, "Venue"), "Maison des associations");
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).waitFor();
  const { beside } = await kept(page);
  assert.ok(!beside.includes("Ana") && !beside.includes("example.org"), beside);
  // The name is kept with the records from now on.
  await page.reload();
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).waitFor();
  await device.goOnline();
  await says(page, "On the server");
});
