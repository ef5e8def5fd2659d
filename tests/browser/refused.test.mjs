// Edits that the server does not take: they are shown beside what it has, kept, given out as a
// file, applied again or discarded.
//
// The reason is one that happens: while a device is away, more people change the same record
// without knowing of each other than the server keeps versions side by side.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { clone, decodeSyncMessage, emptyChange, load, merge } from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { addSession, holds, openAt, says, session, text, titled } from "./screen.mjs";

const TITLE = "Fostering the Right to the City for all";

/** Versions of one record that the server keeps side by side. */
const HEADS = 128;

/** The event ev14 as the server has it. */
async function event(server) {
  const { id } = (await server.json("/api/records?kind=event")).find(({ key }) => key === "ev14");
  return { id, ...(await server.json(`/api/records/${id}`)) };
}

/** Many people change the event at the same time, each without the others' changes. */
async function changeEverywhere(server) {
  const { id } = await event(server);
  const adapter = new WebSocketClientAdapter(`${server.url.replace("http", "ws")}/sync`);
  const repo = new Repo({ network: [adapter] });
  // The server shows heads that are on its disk.
  const kept = new Promise((resolve) => {
    adapter.on("message", ({ type, documentId, data }) => {
      if (type !== "sync" || documentId !== id) return;
      if (decodeSyncMessage(data).heads.length === HEADS) resolve();
    });
  });
  try {
    const handle = await repo.find(id);
    const start = handle.doc();
    handle.update((doc) => {
      let all = clone(doc);
      for (let person = 0; person < HEADS; person += 1) {
        all = merge(all, emptyChange(clone(start), { message: `person ${person}` }));
      }
      return all;
    });
    await kept;
  } finally {
    await repo.shutdown();
  }
}

/** A device whose edits of ev14 the server has refused. */
async function refused(t, options = {}) {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { acceptDownloads: true, ...options });
  t.after(() => assert.deepEqual(device.errors, []));
  const page = await openAt(device, "/events/ev14", TITLE);
  await device.kept(page);
  await says(page, "On the server");
  await device.goOffline();
  await says(page, /Offline since/);
  await text(page, "Venue").fill("Maison des associations");
  await text(page, "Venue").press("Tab");
  await addSession(page, "Opening");
  await says(page, /3 changes waiting/);
  await changeEverywhere(server);
  await device.goOnline();
  await says(page, "3 not accepted");
  return { server, browser, device, page };
}

/** The part of the record about refused edits. */
function block(page) {
  return page.getByRole("region", { name: "3 changes of yours were not accepted" });
}

/** Resolves when the heading of the screen has the focus. */
function headingFocused(page) {
  return page.locator("h1:focus").waitFor();
}

test("refused edits are shown with the reason, kept over a reload, and given out as files", async (t) => {
  const { server, device, page } = await refused(t);
  await block(page).getByText("changed in too many places at the same time").waitFor();
  const rows = block(page).getByRole("row").filter({ has: page.getByRole("cell") });
  assert.deepEqual(await rows.allInnerTexts(), [
    "Venue\t(empty)\tMaison des associations",
    "Sessions › Opening\t–\tadded",
    "Sessions › Opening › Title\t(empty)\tOpening",
  ]);
  // The record shows what the server has.
  await holds(text(page, "Venue"), "");
  assert.equal(await session(page, "Opening").count(), 0);

  await page.reload();
  await block(page).waitFor();
  await checkAccessible(page);
  assert.equal((await event(server)).fields.venue, undefined);

  const download = async (name) => {
    const coming = page.waitForEvent("download");
    await block(page).getByRole("button", { name, exact: true }).click();
    const file = await coming;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };
  const whole = await download("Download");
  assert.equal(whole.name, "ev14-refused.automerge");
  const doc = load(new Uint8Array(whole.bytes));
  assert.equal(String(doc.venue), "Maison des associations");
  const list = await download("Download as a list");
  assert.equal(list.name, "ev14-refused.json");
  const { edits, differences } = JSON.parse(list.bytes);
  assert.deepEqual([edits.code, edits.changes], ["too-many-heads", 3]);
  assert.deepEqual(
    differences.map(({ path }) => path.split("/")[0]),
    ["venue", "sessions", "sessions"],
  );

  // The status leads to the record from everywhere, and another tab shows the same.
  const other = await openAt(device, "/events", "Events");
  await says(other, "3 not accepted");
  const status = other.getByRole("banner").getByRole("button").filter({ has: other.getByRole("status") });
  await status.click();
  await checkAccessible(other);
  await other.getByRole("banner").getByRole("link", { name: TITLE }).click();
  await titled(other, TITLE);
  await block(other).getByRole("table").waitFor();
  assert.deepEqual(
    await block(other).getByRole("row").allInnerTexts(),
    await block(page).getByRole("row").allInnerTexts(),
  );
});

test("refused edits are applied again with the keyboard and taken once the reason is gone", async (t) => {
  const { server, browser, device, page } = await refused(t);
  const elsewhere = await newDevice(t, browser, server);
  const other = await openAt(device, "/events/ev14", TITLE);
  await block(other).waitFor();
  const again = block(page).getByRole("button", { name: "Apply again" });
  const before = await block(page).elementHandle();
  await again.focus();
  await page.keyboard.press("Enter");
  // The reason still holds.
  await page.getByText("Your changes are in the record again and are sent.", { exact: false }).waitFor();
  await before.waitForElementState("hidden");
  await says(page, "3 not accepted");
  await block(page).waitFor();

  // Any change brings the versions together.
  await text(page, "Learning objectives").fill("Learn from Grenoble.");
  await text(page, "Learning objectives").press("Tab");
  await holds(text(other, "Learning objectives"), "Learn from Grenoble.");
  const watcher = await openAt(elsewhere, "/events/ev14", TITLE);
  await holds(text(watcher, "Learning objectives"), "Learn from Grenoble.");
  await again.focus();
  await page.keyboard.press("Enter");
  await headingFocused(page);
  for (const tab of [page, other]) {
    await says(tab, "On the server");
    await holds(text(tab, "Venue"), "Maison des associations");
    await session(tab, "Opening").waitFor();
    assert.equal(await block(tab).count(), 0);
  }
  const { fields } = await event(server);
  assert.deepEqual([fields.venue, fields.objectives], ["Maison des associations", "Learn from Grenoble."]);
  assert.deepEqual(Object.values(fields.sessions).map(({ title }) => title), ["Opening"]);
});

test("refused edits are discarded only after a second step, in all tabs", async (t) => {
  const { server, device, page } = await refused(t, { viewport: { width: 390, height: 844 } });
  const other = await openAt(device, "/events/ev14", TITLE);
  await block(other).waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "the screen does not scroll sideways on a phone");
  const now = block(page).getByRole("button", { name: "Discard for good" });
  assert.equal(await now.isVisible(), false);
  await block(page).getByText("Discard", { exact: true }).click();
  await block(page).getByText("This cannot be taken back", { exact: false }).waitFor();
  await now.click();
  await headingFocused(page);
  for (const tab of [page, other]) {
    await says(tab, "On the server");
    await block(tab).waitFor({ state: "detached" });
  }
  await page.reload();
  await titled(page, TITLE);
  await says(page, "On the server");
  assert.equal(await block(page).count(), 0);
  assert.equal((await event(server)).fields.venue, undefined);
});

test("a text too long for one change is sent in several and taken", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const page = await openAt(device, "/events/ev14", TITLE);
  await says(page, "On the server");
  const long = "Learn from each other. ".repeat(2500);
  await text(page, "Learning objectives").fill(long);
  await text(page, "Learning objectives").press("Tab");
  const watcher = await openAt(await newDevice(t, browser, server), "/events/ev14", TITLE);
  await holds(text(watcher, "Learning objectives"), long);
  await says(page, "On the server");
  assert.deepEqual(device.errors, []);
});
