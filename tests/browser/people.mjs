// What people with accounts do at a screen: join, sign in and out.

import assert from "node:assert/strict";

import { says, titled } from "./screen.mjs";

const PASSWORD = "a wind from the north-east";
export const ANA = { name: "Ana Lima", email: "ana@example.org" };
export const LEILA = { name: "Leila Amrani", email: "leila@example.org" };

/** The part of a link that is the same whatever network a device has to the server. */
function fragment(link) {
  assert.match(link, /#\/join\/mli_/);
  return `/${link.slice(link.indexOf("#"))}`;
}

/** Somebody accepts an invitation on a device. Resolves with the tab, which has all records. */
export async function joined(device, link, { name, email }) {
  const page = await device.open(fragment(link));
  await titled(page, "Join");
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await says(page, "On the server");
  await page.getByRole("link", { name: "16 Events" }).waitFor();
  return page;
}

/** A link for somebody with this role, made by whoever is signed in. */
export async function invite(page, role) {
  const secret = await page.evaluate(async (role) => {
    const answer = await fetch("/api/invitations", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ programme: "mc2cm", role }),
    });
    return (await answer.json()).secret;
  }, role);
  return `/#/join/${secret.split("/").at(-1)}`;
}

export async function signIn(page, { email }) {
  await titled(page, "Sign in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Presses the button to sign out. `open` says that the menu is open already. */
export async function signOut(page, { name }, { open = false } = {}) {
  if (!open) await page.getByRole("banner").getByRole("button", { name }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
}
