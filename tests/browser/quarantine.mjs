// A server with changes in quarantine, and what a coordinator does at the screen about them.

import { launchBrowser, newDevice, startServer } from "./harness.mjs";
import { says, titled } from "./screen.mjs";

const PASSWORD = "a wind from the north-east";
export const ANA = { name: "Ana Lima", email: "ana@example.org" };
export const BEN = { name: "Ben Haddad", email: "ben@example.org" };

export const A = { key: "ev14", title: "Fostering the Right to the City for all" };

/** What the server answers to whoever is signed in on this page. */
export function ask(page, method, path, body) {
  const asked = async ([method, path, body]) => {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(path, sent);
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
  };
  return page.evaluate(asked, [method, path, body]);
}

async function joinAs(page, { name, email }) {
  await titled(page, "Join");
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await says(page, "On the server");
}

export async function signIn(form, { email }) {
  await form.getByLabel("E-mail address").fill(email);
  await form.getByLabel("Password").fill(PASSWORD);
  await form.getByRole("button", { name: "Sign in" }).click();
}

/** A server with a coordinator at a desk, and Ben, who may edit, with a phone. */
export async function begin(t) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const desk = await newDevice(t, browser, server);
  const ana = await desk.open(`/${server.invitation.slice(server.invitation.indexOf("#"))}`);
  await joinAs(ana, ANA);
  const role = { programme: "mc2cm", role: "partner_editor" };
  const { secret } = await ask(ana, "POST", "/api/invitations", role);
  const phone = await newDevice(t, browser, server, { acceptDownloads: true });
  const ben = await phone.open(`/#/join/${secret}`);
  await joinAs(ben, BEN);
  await phone.kept(ben);
  const { member } = await ask(ben, "GET", "/api/session");
  const events = await ask(ana, "GET", "/api/records?kind=event");
  return { server, browser, desk, ana, phone, ben, member, events };
}

/** Gives Ben other roles than he had. */
export function change({ ana, member }, ...roles) {
  const memberships = roles.map((role) => ({ programme: "mc2cm", role }));
  return ask(ana, "PATCH", `/api/members/${member.id}`, { memberships });
}

/** Resolves when so many entries are in quarantine: they are written beside the connection. */
export function waiting(ana, count) {
  const are = async (count) => (await (await fetch("/api/quarantine")).json()).length === count;
  return ana.waitForFunction(are, count);
}

/** Resolves when this was said in the live region. */
export function said(page, words) {
  return page.locator(".toasts[role=status]").getByText(words).waitFor();
}

/** The client looks for news when its window is used again. */
export function comeBack(page) {
  return page.evaluate(() => window.dispatchEvent(new Event("focus")));
}

/** Goes from the menu with the name of somebody to the screen of decisions. */
export async function toDecisions(page, { name }, heading) {
  await page.getByRole("banner").getByRole("button", { name }).click();
  await page.getByRole("banner").getByRole("link", { name: heading }).click();
  await titled(page, heading);
}

/** What is in a record on the server. */
export async function fields(ana, { id }) {
  return (await ask(ana, "GET", `/api/records/${id}`)).fields;
}

/** An entry of the list on the screen. */
export function entry(page, words) {
  return page.getByRole("main").getByRole("listitem").filter({ hasText: words });
}

/** Opens the entry about a record and resolves when its differences are there. */
export async function lookAt(page, title) {
  await entry(page, title).getByRole("button", { name: `Look at the edits of ${BEN.name}` }).click();
  await titled(page, title);
  await page.getByRole("table").waitFor();
}
