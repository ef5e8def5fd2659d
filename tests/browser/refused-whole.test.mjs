// A record begun offline under a role that no longer holds: the server has nothing of it, so it
// stays on the device, is said to be refused, and goes when its author gives it up.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { ANA, LEILA, invite, joined } from "./people.mjs";
import { says, titled } from "./screen.mjs";

const TITLE = "Breakfast at the harbour";

/** Gives a member other roles, as whoever is signed in on this page. */
function change(page, member, role) {
  const send = async ([member, role]) => {
    const answer = await fetch(`/api/members/${member}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ memberships: [{ programme: "mc2cm", role }] }),
    });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  };
  return page.evaluate(send, [member, role]);
}

test("a record that the server has nothing of stays until its author gives it up", async (t) => {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const desk = await newDevice(t, browser, server);
  const ana = await joined(desk, server.invitation, ANA);
  const phone = await newDevice(t, browser, server);
  const first = await joined(phone, await invite(ana, "partner_editor"), LEILA);
  await phone.kept(first);
  const member = await first.evaluate(async () => (await (await fetch("/api/session")).json()).member.id);

  await phone.goOffline();
  const page = await phone.open("/new/event");
  await says(page, /Offline since/);
  await titled(page, "New event");
  await page.getByLabel("Title").first().fill(TITLE);
  await page.getByRole("button", { name: "Create" }).click();
  await titled(page, TITLE);
  await says(page, /changes? waiting/);
  await change(ana, member, "reader");
  await phone.goOnline();
  await says(page, /not accepted/);

  const block = page.getByRole("region", { name: /changes? of yours (was|were) not accepted/ });
  await block.getByText("The server has nothing of this record").waitFor();
  await titled(page, TITLE);
  await checkAccessible(page);
  await page.reload();
  await block.waitFor();
  await titled(page, TITLE);

  await block.getByText("Discard", { exact: true }).click();
  await block.getByText("is nowhere else", { exact: false }).waitFor();
  await block.getByRole("button", { name: "Discard for good" }).click();
  await titled(page, "Events");
  await says(page, "On the server");
  await page.getByRole("link", { name: "Fostering the Right to the City for all" }).first().waitFor();
  await page.getByRole("link", { name: TITLE }).waitFor({ state: "detached" });
  await page.reload();
  await says(page, "On the server");
  assert.equal(await page.getByRole("link", { name: TITLE }).count(), 0);
});
