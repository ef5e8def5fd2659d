// Who changed what in a record, by name, with and without a connection.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { says, text, titled } from "./screen.mjs";
import { ANA, LEILA, invite, joined } from "./people.mjs";

const TITLE = "Fostering the Right to the City for all";
const EVENT = "/events/ev14";

async function edit(page, field, value) {
  await text(page, field).fill(value);
  await text(page, field).press("Tab");
}

test("the history names who changed what, also what was done offline and while offline", async (t) => {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const [desk, phone] = [await newDevice(t, browser, server), await newDevice(t, browser, server)];
  const ana = await joined(desk, server.invitation, ANA);
  const leila = await joined(phone, await invite(ana, "coordinator"), LEILA);
  for (const page of [ana, leila]) {
    await page.goto(EVENT);
    await titled(page, TITLE);
    await says(page, "On the server");
  }
  await phone.kept(leila);
  await phone.goOffline();
  await says(leila, /Offline since/);
  await edit(leila, "Venue", "Maison des associations");
  await says(leila, /waiting/);
  await edit(ana, "Learning objectives", "Learn from Grenoble.");
  await says(ana, "On the server");
  await phone.goOnline();
  await says(leila, "On the server");

  await ana.getByText("History", { exact: true }).click();
  const entry = (page, name, field) =>
    page.getByRole("listitem").filter({ hasText: name }).filter({ hasText: field });
  await entry(ana, LEILA.name, "Venue").first().waitFor();
  await entry(ana, ANA.name, "Learning objectives").first().waitFor();
  assert.equal(await entry(ana, ANA.name, "Maison des associations").count(), 0);
  await checkAccessible(ana);

  // The names were kept: without a connection they are there after a reload.
  await desk.kept(ana);
  await desk.goOffline();
  await ana.reload();
  await titled(ana, TITLE);
  await ana.getByText("History", { exact: true }).click();
  await entry(ana, LEILA.name, "Venue").first().waitFor();
});
