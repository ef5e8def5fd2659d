// A part of what is in quarantine is taken by hand: it is entered once, whatever comes between the
// record and the server's word, and whoever else decides.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { joined, signOut } from "./people.mjs";
import {
  ANA, BEN, ask, begin, change, comeBack, entry, fields, lookAt, said, signIn, waiting,
} from "./quarantine.mjs";
import { holds, says, text, titled } from "./screen.mjs";

const OBJECTIVES = "Learn from the harbour of Tangier.";
const CHOSEN = "Accept chosen (1 of 2)";

/** Ben's edits of these events wait, and the coordinator has the list of them on the screen. */
async function edited(t, ...keys) {
  const world = await begin(t);
  const { ana, phone, ben, events } = world;
  const records = [];
  for (const key of keys) {
    const page = await phone.open(`/events/${key}`);
    await text(page, "Venue").waitFor();
    const title = await page.getByRole("heading", { level: 1 }).innerText();
    const { id } = events.find((event) => event.key === key);
    records.push({ id, key, title, page });
  }
  await phone.goOffline();
  for (const { page } of records) {
    await says(page, /Offline since/);
    await text(page, "Venue").fill("Room 1");
    await text(page, "Venue").press("Tab");
    await text(page, "Learning objectives").fill(OBJECTIVES);
    await text(page, "Learning objectives").press("Tab");
  }
  await says(ben, new RegExp(`${2 * keys.length} changes waiting`));
  await change(world, "reader");
  await phone.goOnline();
  await says(ben, `${2 * keys.length} not accepted`);
  await waiting(ana, keys.length);
  await ana.goto("/decisions");
  return { ...world, records };
}

/** A coordinator whom the server tells of what `all` holds. */
async function told(t, all) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const ana = await joined(device, server.invitation, ANA);
  const one = ({ id, state }) => ({
    id, state, member: "m-ben", name: BEN.name, body: null, document: null, programme: "mc2cm",
    kind: "event", code: "read-only", received: 5, changes: 1, bytes: 9, decided_by: null,
    decided: state === "waiting" ? null : 20, decided_by_name: ANA.name, note: `Word on ${id}.`,
  });
  await device.context.route("**/api/quarantine", (route) => route.fulfill({ json: all.map(one) }));
  return ana;
}

/** Resolves when the server was asked again and the screen has had time to draw the answer. */
async function askedAgain(page) {
  const answered = page.waitForResponse("**/api/quarantine");
  await comeBack(page);
  await (await answered).finished();
  for (let frame = 0; frame < 2; frame += 1) {
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** Opens the entry about a record, where the venue is not to be taken. */
async function chooseAt(page, { title }) {
  await lookAt(page, title);
  await page.getByRole("checkbox", { name: "Venue", exact: true }).uncheck();
}

function take(page) {
  return page.getByRole("button", { name: CHOSEN });
}

/** What the server has of a record, as far as it was edited. */
async function edits(ana, record) {
  const { venue, objectives } = await fields(ana, record);
  return [venue, objectives];
}

/** What the server says of the entry about a record. */
async function decided(page, { id }) {
  const entries = await ask(page, "GET", "/api/quarantine");
  return entries.find(({ document }) => document === id);
}

/** Does something else with what a device tells the server of decisions. */
async function tells(device, how) {
  const path = "**/api/quarantine/q-*";
  const handle = (route) =>
    route.request().method() === "POST" ? how(route) : route.continue();
  await device.context.route(path, handle);
  return () => device.context.unroute(path, handle);
}

function notTold(page) {
  return page.getByRole("alert").filter({ hasText: "the server was not told" });
}

test("a decision that is cut off goes on at the next start, and enters nothing twice", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14", "ev13");
  let page = ana;
  const ways = [
    // The server does not hear of it.
    (route) => route.abort(),
    // It does, and its answer does not come.
    async (route) => {
      await route.fetch();
      await route.abort();
    },
  ];
  for (const [at, how] of ways.entries()) {
    const record = records[at];
    await chooseAt(page, record);
    await page.getByLabel("A word to the author").fill("Not the venue.");
    const again = await tells(desk, how);
    await take(page).click();
    await notTold(page).waitFor();
    // The tab dies, and what it knew with it.
    await page.close();
    await again();
    page = await desk.open("/decisions");
    await said(page, "Accepted in part, in your name.");
    await entry(page, record.title).getByRole("button").waitFor({ state: "detached" });
    assert.deepEqual(await edits(page, record), [undefined, OBJECTIVES]);
    const { state, note } = await decided(page, record);
    assert.equal(state, "accepted-in-part");
    assert.match(note, /^Not the venue\.\n\nTaken: Learning objectives$/);
  }
  // It is over: nothing goes on at another start.
  await page.reload();
  await page.getByText("0 entries wait for you.").waitFor();
  assert.equal(await page.getByText("Accepted in part, in your name.").count(), 0);
});

test("whoever decides later is told of the other decision, and enters nothing", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14", "ev13");
  const [first, meanwhile] = records;
  await chooseAt(ana, first);
  const { id } = await decided(ana, first);
  await ask(ana, "POST", `/api/quarantine/${id}`, { decision: "refused" });
  await take(ana).click();
  await said(ana, "Somebody has decided on this already.");
  assert.deepEqual(await edits(ana, first), [undefined, undefined]);
  assert.equal((await decided(ana, first)).state, "refused");

  // Somebody is quicker by the time it takes to enter the part: that is said as it is.
  await ana.goto("/decisions");
  await chooseAt(ana, meanwhile);
  const again = await tells(desk, async (route) => {
    const postData = JSON.stringify({ decision: "accepted" });
    await route.fetch({ postData });
    await route.continue();
  });
  await take(ana).click();
  await said(ana, "Somebody else has decided on this meanwhile.");
  await again();
  assert.equal((await decided(ana, meanwhile)).state, "accepted");
  await ana.reload();
  await titled(ana, meanwhile.title);
  assert.equal(await notTold(ana).count(), 0);
});

test("a decision that cannot be told can be left: what was entered stays, and the entry waits", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14");
  const [record] = records;
  await chooseAt(ana, record);
  await tells(desk, (route) => route.abort());
  await take(ana).click();
  await notTold(ana).waitFor();
  await checkAccessible(ana);
  await notTold(ana).getByText("stays in the record, and the entry goes on waiting").waitFor();
  await notTold(ana).getByRole("button", { name: "Leave it" }).click();
  await said(ana, "What you have chosen stays in the record.");
  await notTold(ana).waitFor({ state: "detached" });
  await desk.context.unrouteAll();
  assert.equal((await decided(ana, record)).state, "waiting");
  assert.deepEqual(await edits(ana, record), [undefined, OBJECTIVES]);

  // Nothing of it is left at the next start either, and it can be decided on anew.
  await ana.reload();
  await titled(ana, record.title);
  await ana.getByRole("table").waitFor();
  await ana.getByRole("button", { name: "Refuse" }).click();
  await said(ana, "Refused.");
  assert.equal((await decided(ana, record)).state, "refused");
  assert.deepEqual(await edits(ana, record), [undefined, OBJECTIVES]);
});

test("signing out says that the server was not told of a decision, and keeps it for later", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14");
  const [record] = records;
  await chooseAt(ana, record);
  const again = await tells(desk, (route) => route.abort());
  await take(ana).click();
  await notTold(ana).waitFor();
  await ana.goto("/");
  await says(ana, "On the server");
  await signOut(ana, ANA);
  const question = ana.getByRole("dialog", { name: "A decision of yours has not reached the server" });
  await question.getByText("the server was not told of your decision").waitFor();
  await checkAccessible(ana);
  await question.getByRole("button", { name: "Look at the edits" }).click();
  await titled(ana, record.title);
  await notTold(ana).waitFor();
  await signOut(ana, ANA);
  await question.getByRole("button", { name: "Sign out and keep it on this device" }).click();
  await titled(ana, "Sign in");
  await again();
  await signIn(ana, ANA);
  await said(ana, "Accepted in part, in your name.");
  assert.equal((await decided(ana, record)).state, "accepted-in-part");
  assert.deepEqual(await edits(ana, record), [undefined, OBJECTIVES]);
});

test("signing out waits for a decision that is on its way", async (t) => {
  const { desk, ana, records: [record] } = await edited(t, "ev14");
  await lookAt(ana, record.title);
  let tell;
  const held = new Promise((resolve) => (tell = resolve));
  await tells(desk, async (route) => {
    await held;
    await route.continue();
  });
  await ana.getByRole("button", { name: "Accept all" }).click();
  await ana.getByText("The server is told").waitFor();
  // Whoever is asked by the browser whether to leave stays.
  ana.on("dialog", (dialog) => dialog.dismiss());
  await signOut(ana, ANA);
  // Neither does it only begin anew, as it does when another tab has turned a lock on.
  await ana.evaluate(() => {
    localStorage.setItem("meltemi.turn", "another");
    dispatchEvent(new Event("storage"));
  });
  await titled(ana, record.title);
  const told = ana.waitForResponse((answer) => answer.request().method() === "POST");
  tell();
  assert.equal((await told).status(), 200);
  await titled(ana, "Sign in");
});

test("another tab says that a decision is on its way, and carries it on when the first one is gone", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14");
  const [record] = records;
  await chooseAt(ana, record);
  const other = await desk.open("/decisions");
  await chooseAt(other, record);
  const again = await tells(desk, (route) => route.abort());
  await take(ana).click();
  await notTold(ana).waitFor();
  // The one that was open before does not know of it yet.
  await other.getByRole("button", { name: "Accept all" }).click();
  await said(other, "You are deciding in another tab.");
  const blocked = other.getByRole("button", { name: "Accept all", disabled: true });
  await blocked.waitFor();
  await checkAccessible(other);
  assert.deepEqual(await edits(other, record), [undefined, OBJECTIVES]);
  await again();
  await ana.close();
  await said(other, "Accepted in part, in your name.");
  assert.equal((await decided(other, record)).state, "accepted-in-part");
  assert.deepEqual(await edits(other, record), [undefined, OBJECTIVES]);
});

test("edits that were refused earlier are not taken for a refusal of what is entered", async (t) => {
  const world = await edited(t, "ev14");
  const { ben, records } = world;
  const [record] = records;
  // Ben's own device keeps what was refused, and now Ben is the one to decide.
  await change(world, "coordinator");
  await ben.goto("/decisions");
  await says(ben, "2 not accepted");
  await chooseAt(ben, record);
  await take(ben).click();
  await ben.getByText("0 entries wait for you.").waitFor();
  assert.equal(await ben.getByText("nothing is decided").count(), 0);
  assert.equal((await decided(ben, record)).state, "accepted-in-part");
  assert.deepEqual(await edits(ben, record), [undefined, OBJECTIVES]);
  await says(ben, "2 not accepted");
});

/** What this device notes of a decision, as it lies in its databases. */
function noted(page) {
  return page.evaluate(async () => {
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      if (database.objectStoreNames.contains("meta")) {
        const meta = database.transaction("meta").objectStore("meta");
        const bytes = await done(meta.get("decision"));
        if (bytes !== undefined) found.push(new TextDecoder().decode(bytes));
      }
      database.close();
    }
    return found;
  });
}

test("what is noted of a decision is encrypted with the records, and goes on after the PIN", async (t) => {
  const { desk, ana, records } = await edited(t, "ev14", "ev13");
  const note = "The harbour master knows why.";
  const again = await tells(desk, (route) => route.abort());
  const begun = async (record) => {
    await chooseAt(ana, record);
    await ana.getByLabel("A word to the author").fill(note);
    await take(ana).click();
    await notTold(ana).waitFor();
    return noted(ana);
  };
  const [open] = await begun(records[0]);
  assert.ok(open.includes(note), "without a lock it can be read");
  await notTold(ana).getByRole("button", { name: "Leave it" }).click();
  await notTold(ana).waitFor({ state: "detached" });
  assert.deepEqual(await noted(ana), []);

  await ana.getByRole("banner").getByRole("button", { name: ANA.name }).click();
  await ana.getByText("Lock this app with a PIN").click();
  await ana.getByLabel("New PIN", { exact: true }).fill("271828");
  await ana.getByLabel("New PIN once more").fill("271828");
  await ana.getByRole("button", { name: "Turn the lock on" }).click();
  const enter = async () => {
    await titled(ana, "This app is locked");
    await ana.getByLabel("PIN", { exact: true }).fill("271828");
    await ana.getByRole("button", { name: "Open", exact: true }).click();
  };
  await enter();
  await titled(ana, records[0].title);
  await ana.goto("/decisions");
  await enter();
  const sealed = await begun(records[1]);
  assert.equal(sealed.length, 1);
  assert.ok(!sealed[0].includes(note) && !sealed[0].includes("harbour"));
  await again();
  await ana.reload();
  await enter();
  await said(ana, "Accepted in part, in your name.");
  assert.equal((await decided(ana, records[1])).state, "accepted-in-part");
  assert.deepEqual(await edits(ana, records[1]), [undefined, OBJECTIVES]);
  assert.deepEqual(await noted(ana), []);
});

test("what is unfolded in the list of decisions stays so when the server is asked again", async (t) => {
  const all = [{ id: "q-1", state: "waiting" }, { id: "q-2", state: "refused" }];
  const ana = await told(t, all);
  await ana.goto("/decisions");
  await ana.getByText("Decided", { exact: true }).click();
  await ana.getByText("Word on q-2.").waitFor();
  const list = await ana.getByRole("main").locator("details").elementHandle();
  await askedAgain(ana);
  assert.ok(await list.evaluate((list) => list.isConnected && list.open), "nothing is drawn anew");

  // Nor does it fold when there is something new, or unfold when it was folded.
  all[0].state = "refused";
  await askedAgain(ana);
  await ana.getByText("0 entries wait for you.").waitFor();
  await ana.getByText("Word on q-1.").waitFor();
  await ana.getByText("Decided", { exact: true }).click();
  await ana.getByText("Word on q-1.").waitFor({ state: "hidden" });
  all.push({ id: "q-3", state: "waiting" });
  await askedAgain(ana);
  await ana.getByText("1 entry waits for you.").waitFor();
  assert.equal(await ana.getByText("Word on q-1.").isVisible(), false);
});

test("the word to the author stays while something else about the coordinator changes", async (t) => {
  const ana = await told(t, [{ id: "q-1", state: "waiting" }]);
  await ana.goto("/decisions/q-1");
  const word = ana.getByLabel("A word to the author");
  await word.fill("Please talk to Tangier");
  const { member } = await ask(ana, "GET", "/api/session");
  await ask(ana, "PATCH", `/api/members/${member.id}`, { name: "Ana Maria Lima" });
  // With the network back, the server is asked who uses the device.
  await ana.evaluate(() => window.dispatchEvent(new Event("online")));
  await ana.getByRole("banner").getByRole("button", { name: "Ana Maria Lima" }).waitFor();
  await askedAgain(ana);
  await holds(word, "Please talk to Tangier");
});
