// Two devices edit one event without a connection; afterwards nothing is lost and all agree.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launchBrowser, newDevice, startServer } from "./harness.mjs";
import {
  addSession,
  controls,
  group,
  holds,
  openAt,
  says,
  session,
  setDay,
  text,
  titled,
} from "./screen.mjs";

const GRENOBLE = "/events/ev14";
const TITLE = "Fostering the Right to the City for all";
const BEFORE = "Cities compare how newcomers take part in local decisions.";
const AFTER = "Cities of both shores compare how newcomers take part in local decisions and budgets.";

/** A server with the reference programme and two devices that show the Grenoble event. */
async function twoDevices(t) {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const open = async () => {
    const device = await newDevice(t, browser, server);
    const page = await openAt(device, GRENOBLE, TITLE);
    await device.kept(page);
    return { device, page };
  };
  const [a, b] = [await open(), await open()];
  const id = (await server.json("/api/records?kind=event")).find(({ key }) => key === "ev14").id;
  const record = () => server.json(`/api/records/${id}`);
  return { server, a, b, record };
}

/** The text area of the objectives. */
function objectives(page) {
  return text(page, "Learning objectives");
}

/** Puts the caret behind `words` of the objectives and types. */
async function typeBehind(page, words, typed) {
  const area = objectives(page);
  await area.focus();
  await area.evaluate((area, words) => {
    const place = area.value.indexOf(words) + words.length;
    area.setSelectionRange(place, place);
  }, words);
  await page.keyboard.type(typed);
}

/** The values of the open contradiction about the dates, as the screen shows them. */
async function contradiction(page) {
  const open = group(page, "Dates").getByRole("group", { name: "Open contradiction" });
  await open.waitFor();
  const buttons = await open.getByRole("button", { name: "This one holds" }).all();
  const names = await Promise.all(buttons.map((button) => button.getAttribute("aria-label")));
  return names.map((name) => name.replace("This one holds: ", "")).sort();
}

/** Settles the contradiction about the dates. */
async function settle(page, value) {
  await page.getByRole("button", { name: `This one holds: ${value}`, exact: true }).click();
  await noContradiction(page);
}

function noContradiction(page) {
  return group(page, "Dates")
    .getByRole("group", { name: "Open contradiction" })
    .waitFor({ state: "detached" });
}

test("edits made offline on two devices all arrive, and a contradicting date is asked about", async (t) => {
  const { server, a, b, record } = await twoDevices(t);

  // Before the connection goes, both know the same objectives and the same date.
  assert.deepEqual(await contradiction(a.page), ["April 2021", "March 2021"]);
  await settle(a.page, "March 2021");
  await noContradiction(b.page);
  await objectives(a.page).fill(BEFORE);
  await holds(objectives(b.page), BEFORE);

  await server.stop();
  for (const { device, page } of [a, b]) {
    await device.goOffline();
    await page.reload();
    await titled(page, TITLE);
    await says(page, /Offline since/);
    await holds(objectives(page), BEFORE);
  }

  await typeBehind(a.page, "Cities", " of both shores");
  await addSession(a.page, "Fishbone on participation");
  await setDay(a.page, "2021-03-16");
  await says(a.page, /changes waiting/);

  await typeBehind(b.page, "decisions", " and budgets");
  await addSession(b.page, "Walk through the Villeneuve");
  await setDay(b.page, "2021-04-13");
  await says(b.page, /changes waiting/);

  await b.page.close();
  b.page = await openAt(b.device, GRENOBLE, TITLE);
  await says(b.page, /changes waiting/);
  await holds(objectives(b.page), BEFORE.replace("decisions", "decisions and budgets"));
  await session(b.page, "Walk through the Villeneuve").waitFor();
  await holds(group(b.page, "Dates").getByRole("textbox", { name: "From" }), "2021-04-13");

  await server.start();
  for (const { device } of [a, b]) await device.goOnline();
  for (const { page } of [a, b]) {
    await holds(objectives(page), AFTER);
    await session(page, "Fishbone on participation").waitFor();
    await session(page, "Walk through the Villeneuve").waitFor();
    assert.deepEqual(await contradiction(page), ["13 April 2021", "16 March 2021"]);
    await says(page, "On the server");
  }
  assert.deepEqual(await controls(a.page), await controls(b.page));

  const merged = await record();
  assert.equal(merged.fields.objectives, AFTER);
  const titles = Object.values(merged.fields.sessions).map(({ title }) => title);
  assert.deepEqual(titles.sort(), ["Fishbone on participation", "Walk through the Villeneuve"]);
  const dates = merged.conflicts.find(({ path }) => path === "dates");
  assert.deepEqual(dates.values.map(({ value }) => value).sort(), ["2021-03-16", "2021-04-13"]);
  assert.equal(merged.conflicts.length, 1);
  assert.deepEqual(merged.problems, []);

  // One decides, and that is decided for all.
  await settle(a.page, "16 March 2021");
  await noContradiction(b.page);
  await holds(group(b.page, "Dates").getByRole("textbox", { name: "From" }), "2021-03-16");
  await says(a.page, "On the server");
  const settled = await record();
  assert.deepEqual([settled.fields.dates, settled.conflicts], ["2021-03-16", []]);
  assert.deepEqual([a.device.errors, b.device.errors], [[], []]);
});

test("the caret keeps its place while another device writes in the same text", async (t) => {
  const { a, b, record } = await twoDevices(t);
  await objectives(a.page).fill(BEFORE);
  await holds(objectives(b.page), BEFORE);

  await typeBehind(a.page, "decisions", " and ");
  const caret = () => objectives(a.page).evaluate((area) => [area.selectionStart, area.selectionEnd]);
  const [place] = await caret();
  await holds(objectives(b.page), BEFORE.replace("decisions", "decisions and "));

  await typeBehind(b.page, "Cities", " of both shores");
  await holds(objectives(a.page), AFTER.replace("budgets", ""));
  const moved = place + " of both shores".length;
  assert.deepEqual(await caret(), [moved, moved]);

  await a.page.keyboard.type("budgets");
  await holds(objectives(a.page), AFTER);
  await holds(objectives(b.page), AFTER);
  await says(a.page, "On the server");
  assert.equal((await record()).fields.objectives, AFTER);
});

test("two people writing at once in one text see the same in the end", async (t) => {
  const { a, b, record } = await twoDevices(t);
  await objectives(a.page).fill(BEFORE);
  await holds(objectives(b.page), BEFORE);
  await Promise.all([
    typeBehind(a.page, "Cities", " of both shores"),
    typeBehind(b.page, "decisions", " and budgets"),
  ]);
  for (const { page } of [a, b]) await holds(objectives(page), AFTER);
  await says(a.page, "On the server");
  await says(b.page, "On the server");
  assert.equal((await record()).fields.objectives, AFTER);
});
