// Edits made offline under a role that no longer holds: they wait, a coordinator decides, the
// author is told. And lost devices: revoked while they are online, and while they are away.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { load } from "@automerge/automerge";

import { checkAccessible, newDevice } from "./harness.mjs";
import {
  A,
  ANA,
  BEN,
  ask,
  begin,
  change,
  comeBack,
  entry,
  fields,
  lookAt,
  said,
  signIn,
  toDecisions,
  waiting,
} from "./quarantine.mjs";
import { addSession, holds, openAt, says, session, text, titled } from "./screen.mjs";

/** Where pictures of the screens go, if anybody wants them. */
const PICTURES = process.env.QUARANTINE_PICTURES;

async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  const size = page.viewportSize();
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(PICTURES, `${name}-phone.png`), fullPage: true });
  await page.setViewportSize(size);
}

/** Ten changes of an event, as a person makes them. */
async function edit(page) {
  for (let room = 1; room <= 7; room += 1) {
    await text(page, "Venue").fill(`Room ${room}`);
    await text(page, "Venue").press("Tab");
  }
  await text(page, "Reason for the modality").fill("The harbour is closed");
  await text(page, "Reason for the modality").press("Tab");
  await addSession(page, "Opening");
}

/** The part of a record about refused edits. */
function block(page) {
  return page.getByRole("region", { name: /changes? of yours (was|were) not accepted/ });
}

/** Resolves when the number beside the name in the header says this. */
function toBeSeen(page, words) {
  return page.getByRole("banner").getByText(words).waitFor({ state: "attached" });
}

/** Fails if the screen scrolls sideways on a phone. */
async function fitsAPhone(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const [wide, width] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  await page.setViewportSize(size);
  assert.ok(wide <= width, `the screen is ${wide} wide, of ${width}`);
}

test("30 edits under a role that was reduced are decided on by a coordinator, and their author is told", async (t) => {
  const world = await begin(t);
  const { desk, ana, phone, ben, events } = world;
  const before = new Map();
  const three = [];
  const pages = [];
  for (const { id, key } of events.filter(({ key }) => ["ev14", "ev13", "ev12"].includes(key))) {
    const page = await phone.open(`/events/${key}`);
    await text(page, "Venue").waitFor();
    const title = await page.getByRole("heading", { level: 1 }).innerText();
    three.push({ id, key, title });
    pages.push(page);
    before.set(id, await fields(ana, { id }));
  }
  assert.equal(three.length, 3);
  const [part, refused, whole] = three;

  await phone.goOffline();
  for (const page of pages) {
    await says(page, /Offline since/);
    await edit(page);
  }
  await says(ben, /30 changes waiting/);
  await change(world, "reader");
  await phone.goOnline();
  await says(ben, "30 not accepted");
  await block(pages[0]).getByText("The coordinators are asked.").waitFor();
  await checkAccessible(pages[0]);
  await waiting(ana, 3);

  // The coordinator finds what waits from every screen.
  await comeBack(ana);
  await toBeSeen(ana, "3 decisions to look at");
  await toDecisions(ana, ANA, "Waiting for a decision");
  await ana.getByText("3 entries wait for you.").waitFor();
  for (const { title } of three) {
    await entry(ana, title).getByText(BEN.name).waitFor();
    await entry(ana, title).getByText("10 changes, received").waitFor();
    await entry(ana, title).getByText("read this record, but not change it").waitFor();
    await entry(ana, title).getByRole("link", { name: title }).waitFor();
  }
  await checkAccessible(ana);
  await picture(ana, "list");

  // One is accepted in part: the venue stays as it was.
  await lookAt(ana, part.title);
  const rows = ana.getByRole("row").filter({ has: ana.getByRole("cell") });
  const shown = (await rows.allInnerTexts()).map((row) => row.replaceAll("\n", ""));
  assert.deepEqual(shown, [
    "Reason for the modality\t(empty)\tThe harbour is closed",
    "Venue\t(empty)\tRoom 7",
    "Sessions › Opening\t–\tadded",
    "Sessions › Opening › Title\t(empty)\tOpening",
  ]);
  assert.deepEqual(await fields(ana, part), before.get(part.id));
  await ana.getByRole("checkbox", { name: "Venue", exact: true }).uncheck();
  await ana.getByLabel("A word to the author").fill("The venue is not settled yet.");
  await checkAccessible(ana);
  await fitsAPhone(ana);
  await picture(ana, "entry");
  // The server cannot be told at first: what was chosen is in the record, and it is told again.
  await desk.context.route("**/api/quarantine/q-*", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await ana.getByRole("button", { name: "Accept chosen (3 of 4)" }).click();
  const alert = ana.getByRole("alert").filter({ hasText: "the server was not told" });
  await alert.waitFor();
  await checkAccessible(ana);
  await picture(ana, "not-told");
  const entered = await fields(ana, part);
  assert.equal(entered.modality_reason, "The harbour is closed");
  await desk.context.unroute("**/api/quarantine/q-*");
  await alert.getByRole("button", { name: "Tell it again" }).click();
  await said(ana, "Accepted in part");
  await titled(ana, "Waiting for a decision");
  await ana.getByText("2 entries wait for you.").waitFor();

  // One is refused with a word, one accepted whole; the network comes and goes meanwhile.
  await lookAt(ana, refused.title);
  await ana.getByLabel("A word to the author").fill("Please talk to Tangier first.");
  await desk.goOffline();
  await ana.getByText("To decide, you need a connection.").waitFor();
  await checkAccessible(ana);
  await desk.goOnline();
  await ana.getByText("To decide, you need a connection.").waitFor({ state: "detached" });
  await ana.getByRole("button", { name: "Refuse" }).click();
  await said(ana, "Refused.");
  await ana.getByText("1 entry waits for you.").waitFor();
  await lookAt(ana, whole.title);
  await ana.getByRole("button", { name: "Accept all" }).click();
  await said(ana, "Accepted.");
  await ana.getByText("0 entries wait for you.").waitFor();
  await ana.getByText("Decided", { exact: true }).click();
  await entry(ana, refused.title).getByText("Please talk to Tangier first.").waitFor();
  await picture(ana, "decided");

  // The records have exactly what was taken.
  const taken = async (record) => {
    const now = await fields(ana, record);
    const sessions = Object.values(now.sessions ?? {}).map(({ title }) => title);
    return [now.venue, now.modality_reason, sessions];
  };
  assert.deepEqual(await taken(part), [undefined, "The harbour is closed", ["Opening"]]);
  assert.deepEqual(await taken(whole), ["Room 7", "The harbour is closed", ["Opening"]]);
  assert.deepEqual(await fields(ana, refused), before.get(refused.id));
  const chosen = await fields(ana, part);
  const rest = ({ modality_reason, sessions, ...others }) => others;
  assert.deepEqual(rest(chosen), rest(before.get(part.id)));

  // The author is told, on every screen and at each record.
  await comeBack(ben);
  await toBeSeen(ben, "3 decisions to look at");
  await says(ben, "20 not accepted");
  await toDecisions(ben, BEN, "Decisions on your edits");
  await entry(ben, part.title).getByText(`${ANA.name} has accepted a part of your changes`).waitFor();
  await entry(ben, part.title).getByText("The venue is not settled yet.").waitFor();
  await entry(ben, part.title).getByText("Taken: Reason for the modality").waitFor();
  await entry(ben, refused.title).getByText(`${ANA.name} has not accepted your changes`).waitFor();
  await entry(ben, whole.title).getByText(`${ANA.name} has accepted your changes`).waitFor();
  await checkAccessible(ben);
  await fitsAPhone(ben);
  await picture(ben, "told");
  const [partPage, refusedPage, wholePage] = pages;
  for (const page of pages) await page.reload();
  await block(refusedPage).getByText("Please talk to Tangier first.").waitFor();
  await checkAccessible(refusedPage);
  await picture(refusedPage, "told-record");
  await holds(text(wholePage, "Venue"), "Room 7");
  assert.equal(await block(wholePage).count(), 0);

  // What was not taken can still be kept elsewhere, and discarded.
  await block(partPage).getByText("has accepted a part of your changes").waitFor();
  const left = block(partPage).getByRole("row").filter({ hasText: "Room 7" });
  await left.waitFor();
  const coming = partPage.waitForEvent("download");
  await block(partPage).getByRole("button", { name: "Download", exact: true }).click();
  const file = load(new Uint8Array(await readFile(await (await coming).path())));
  assert.equal(String(file.venue), "Room 7");
  for (const page of [partPage, refusedPage]) {
    await block(page).getByText("Discard", { exact: true }).click();
    await block(page).getByRole("button", { name: "Discard for good" }).click();
    await block(page).waitFor({ state: "detached" });
  }
  await says(ben, "On the server");
  await holds(text(partPage, "Reason for the modality"), "The harbour is closed");
  await session(partPage, "Opening").waitFor();
  // The server's answer to whoever has not joined yet.
  assert.deepEqual(phone.errors.filter((line) => !/401/.test(line)), []);
});

test("who may not read a record any more is told what became of the last edits, and it goes", async (t) => {
  const world = await begin(t);
  const { ana, phone, ben, events } = world;
  const { id } = events.find(({ key }) => key === A.key);
  const page = await openAt(phone, `/events/${A.key}`, A.title);
  await phone.goOffline();
  await says(page, /Offline since/);
  await text(page, "Venue").fill("Room 1");
  await text(page, "Venue").press("Tab");
  await says(page, /1 change waiting/);
  await change(world);
  await phone.goOnline();
  await says(page, "1 not accepted");
  await block(page).getByText("The coordinators are asked.").waitFor();
  await waiting(ana, 1);

  // Of all events, the one with edits that the server does not have is still here.
  const list = await openAt(phone, "/events", "Events");
  await list.getByText("1 record", { exact: true }).waitFor();

  await ana.goto("/decisions");
  await lookAt(ana, A.title);
  await ana.getByText("does not let its author write this record").waitFor();
  await ana.getByLabel("A word to the author").fill("Your task has ended. Thank you.");
  await ana.getByRole("button", { name: "Refuse" }).click();
  await said(ana, "Refused.");
  assert.equal((await fields(ana, { id })).venue, undefined);

  await comeBack(page);
  await toBeSeen(page, "1 decision to look at");
  await block(page).getByText("Your task has ended. Thank you.").waitFor();
  await block(page).getByText("Discard", { exact: true }).click();
  await block(page).getByRole("button", { name: "Discard for good" }).click();
  await list.getByText("1 record", { exact: true }).waitFor({ state: "detached" });
  await ben.reload();
  await toDecisions(ben, BEN, "Decisions on your edits");
  await entry(ben, "Event, not on this device").getByText("Your task has ended.").waitFor();
  await checkAccessible(ben);
});

test("a lost phone is out at once when it is online, and at its return when it was away", async (t) => {
  const { server, browser, phone, ben } = await begin(t);
  const tablet = await newDevice(t, browser, server);
  const away = await tablet.open("/");
  await titled(away, "Sign in");
  await signIn(away, BEN);
  await says(away, "On the server");
  await tablet.kept(away);
  const laptop = await newDevice(t, browser, server);
  const home = await laptop.open("/");
  await titled(home, "Sign in");
  await signIn(home, BEN);
  await says(home, "On the server");
  const record = await openAt(laptop, `/events/${A.key}`, A.title);
  const lost = await openAt(phone, `/events/${A.key}`, A.title);
  const held = await openAt(tablet, `/events/${A.key}`, A.title);
  const device = async (page) => (await ask(page, "GET", "/api/session")).device.id;
  const [phoneId, tabletId] = [await device(ben), await device(away)];

  // The tablet is away with edits that nobody has yet.
  await tablet.goOffline();
  await says(held, /Offline since/);
  await text(held, "Venue").fill("Room 9");
  await text(held, "Venue").press("Tab");
  await says(held, /1 change waiting/);

  await says(lost, "On the server");
  for (const id of [phoneId, tabletId]) await ask(home, "DELETE", `/api/devices/${id}`);
  // The phone is online: it hears of it at once, on every page, and nothing comes to it any more.
  for (const page of [ben, lost]) {
    await page.getByText("You are signed out.").first().waitFor();
    await says(page, /Offline since/);
  }
  await text(record, "Reason for the modality").fill("After the phone was lost");
  await text(record, "Reason for the modality").press("Tab");
  await says(record, "On the server");
  await text(lost, "Venue").fill("The thief's");
  await text(lost, "Venue").press("Tab");
  await says(lost, /1 change waiting/);
  await holds(text(lost, "Reason for the modality"), "");
  await holds(text(record, "Venue"), "");

  // The tablet comes back: it may not sync, and what was written on it is still there.
  await tablet.goOnline();
  await held.getByText("You are signed out.").first().waitFor();
  await says(held, /1 change waiting/);
  await held.reload();
  await holds(text(held, "Venue"), "Room 9");
  await says(held, /1 change waiting/);
  await holds(text(record, "Venue"), "");
  await checkAccessible(held);
  await held.getByText("You are signed out.").first().click();
  await signIn(held.getByRole("region", { name: "You are signed out." }), BEN);
  await says(held, "On the server");
  await holds(text(record, "Venue"), "Room 9");
  await holds(text(held, "Reason for the modality"), "After the phone was lost");
});
