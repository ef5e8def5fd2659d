// Administration: the first coordinator, an invitation on another device, a lost device revoked.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { says, titled } from "./screen.mjs";

const PASSWORD = "a wind from the north-east";
const ANA = { name: "Ana Lima", email: "ana@example.org" };
const LEILA = { name: "Leila Amrani", email: "leila@example.org" };

/** Where pictures of the screens go, if anybody wants them. */
const PICTURES = process.env.OFFICE_PICTURES;

/** A server with accounts, and the first coordinator signed in on a device. */
async function coordinated(t, options = {}) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const ana = await newDevice(t, browser, server, options);
  const page = await ana.open(fragment(server.invitation));
  await joinAs(page, ANA);
  return { server, browser, ana, page };
}

/** The part of a link that is the same whatever network a device has to the server. */
function fragment(link) {
  assert.match(link, /#\/join\/mli_/);
  return `/${link.slice(link.indexOf("#"))}`;
}

/** Joins by the form of an invitation. */
async function joinAs(page, { name, email }) {
  await titled(page, "Join");
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await says(page, "On the server");
}

async function signIn(page, { email }) {
  await titled(page, "Sign in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Goes from the records to administration, as a person does. */
async function toOffice(page, { name }) {
  await page.getByRole("banner").getByRole("button", { name }).click();
  await page.getByRole("link", { name: "Administration" }).click();
  await page.getByRole("navigation", { name: "Administration" }).waitFor();
}

/** Goes to a screen of administration. */
async function go(page, name) {
  const nav = page.getByRole("navigation", { name: "Administration" });
  await nav.getByRole("link", { name }).click();
  await titled(page, name);
  await focused(page, name);
}

/** Resolves when the focus is on the heading with this name. */
async function focused(page, name) {
  await page.waitForFunction((name) => document.activeElement?.textContent === name, name);
}

/** Resolves when this was said in the live region. */
function said(page, text) {
  return page.locator(".toasts[role=status]").getByText(text).waitFor();
}

/** An entry of a list on the screen. */
function entry(page, text) {
  return page.getByRole("main").getByRole("listitem").filter({ hasText: text });
}

/** Decides in favour of what the open question asks. */
async function confirm(page, name) {
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
}

async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** Makes an invitation on the open screen and returns its link. */
async function invite(page, { role, body, days }) {
  await page.getByLabel("Role").selectOption(role);
  await page.getByLabel("Organisation or city").selectOption(body);
  await page.getByLabel("Valid for how many days").fill(days);
  await page.getByRole("button", { name: "Make invitation" }).click();
  await focused(page, "Invitation link");
  await page.getByRole("img", { name: "QR code of the invitation link" }).waitFor();
  return page.getByRole("textbox", { name: "Invitation link" }).inputValue();
}

test("a coordinator invites a city officer, who revokes a lost device from another one", async (t) => {
  const { server, browser, ana, page } = await coordinated(t);
  await toOffice(page, ANA);
  await titled(page, "Members");
  await page.getByText("1 member", { exact: true }).waitFor();
  await checkAccessible(page);

  await go(page, "Invitations");
  await page.getByText("No open invitations.").waitFor();
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const link = await invite(page, { role: "City officer", body: "Tangier", days: "7" });
  await checkAccessible(page);
  await picture(page, "invitation");
  await page.getByRole("button", { name: "Copy" }).click();
  await said(page, "Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  const open = entry(page, /City officer/);
  await open.getByText("Tangier").waitFor();
  await open.getByText("by Ana Lima").waitFor();

  // Leila opens the link on her phone.
  const phone = await newDevice(t, browser, server);
  const asked = [];
  phone.context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const records = await phone.open(fragment(link));
  await joinAs(records, LEILA);
  await phone.kept(records);

  await go(page, "Members");
  await page.reload();
  const leila = page.getByRole("group").filter({ hasText: LEILA.name });
  await leila.getByRole("heading", { name: LEILA.name }).click();
  await leila.getByText(LEILA.email).waitFor();
  await leila.getByRole("definition").filter({ hasText: "Tangier" }).waitFor();
  await checkAccessible(page);
  await picture(page, "members");
  await go(page, "Invitations");
  await page.getByText("No open invitations.").waitFor();

  // The phone is lost. On another device, she takes its access away.
  const laptop = await newDevice(t, browser, server);
  const office = await laptop.open("/office.html");
  await signIn(office, LEILA);
  await titled(office, "Your devices");
  const nav = office.getByRole("navigation", { name: "Administration" });
  assert.equal(await nav.getByRole("link", { name: "Members" }).count(), 0);
  const lost = entry(office, "Chrome").filter({ hasNotText: "this device" });
  await lost.getByText("Rename").click();
  await lost.getByLabel("Name of the device").fill("Phone");
  await lost.getByRole("button", { name: "Save" }).click();
  await said(office, "The device is renamed.");
  await focused(office, "Phone");
  const named = entry(office, "Phone");
  await named.getByRole("button", { name: "Revoke" }).click();
  await picture(office, "question");
  await office.keyboard.press("Escape");
  await focused(office, "Revoke");
  await named.getByRole("button", { name: "Revoke" }).click();
  await checkAccessible(office);
  await confirm(office, "Revoke");
  await named.getByText(/revoked/).waitFor();
  await said(office, "The device is revoked.");
  await focused(office, "Phone");
  assert.equal(await named.getByRole("button").count(), 0);
  await picture(office, "devices");

  // The phone hears of it at once.
  await records.getByText("You are signed out.").first().waitFor();

  // It has never loaded anything of administration.
  assert.ok(asked.includes("/client.js"));
  assert.deepEqual(
    asked.filter((path) => path.startsWith("/office")),
    [],
  );

  // The coordinator reads it in the audit log.
  await go(page, "Audit log");
  const revoked = page.getByRole("row").filter({ hasText: "Revoke device" });
  await revoked.getByText(LEILA.name).waitFor();
  await checkAccessible(page);
  await picture(page, "audit");
  const errors = [...ana.errors, ...laptop.errors].filter((line) => !/401/.test(line));
  assert.deepEqual(errors, []);
});

test("roles and activity of a member are changed, and the server's refusals are shown", async (t) => {
  const { server, browser, page } = await coordinated(t);
  await toOffice(page, ANA);
  await go(page, "Invitations");
  const link = await invite(page, { role: "Facilitator", body: "None", days: "14" });
  const other = await newDevice(t, browser, server);
  const records = await other.open(fragment(link));
  await joinAs(records, LEILA);

  await go(page, "Members");
  await page.reload();
  const leila = page.getByRole("group").filter({ hasText: LEILA.name });
  await leila.getByRole("heading", { name: LEILA.name }).click();
  await leila.getByLabel("Role", { exact: true }).selectOption("Evaluator");
  await leila.getByRole("button", { name: "Add role" }).click();
  await said(page, `Changed: ${LEILA.name}`);
  await leila.getByRole("listitem").filter({ hasText: "Evaluator" }).waitFor();
  await leila.getByLabel("Organisation or city").selectOption("Rabat");
  await leila.getByRole("button", { name: "Save" }).click();
  await leila.getByRole("definition").filter({ hasText: "Rabat" }).waitFor();
  const facilitator = leila.getByRole("listitem").filter({ hasText: "Facilitator" });
  await facilitator.getByRole("button", { name: "Remove" }).click();
  await confirm(page, "Remove");
  await facilitator.waitFor({ state: "detached" });
  await leila.getByRole("button", { name: "Deactivate" }).click();
  await confirm(page, "Deactivate");
  await leila.getByText("inactive").waitFor();
  await records.getByText("You are signed out.").first().waitFor();
  await leila.getByRole("button", { name: "Activate again" }).click();
  await leila.getByRole("button", { name: "Deactivate" }).waitFor();

  // The last coordinator cannot be left out.
  const ana = page.getByRole("group").filter({ hasText: ANA.name });
  await ana.getByRole("heading", { name: ANA.name }).click();
  await ana.getByRole("button", { name: "Deactivate" }).click();
  await confirm(page, "Deactivate");
  await said(page, "The server did not accept this:");

  // Somebody tries to guess her password.
  const guess = { email: ANA.email, password: "not the right password" };
  const status = await page.evaluate(async (guess) => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(guess);
    return (await fetch("/api/session", { method: "POST", headers, body })).status;
  }, guess);
  assert.equal(status, 401);
  await go(page, "Audit log");
  const refused = page.getByRole("row").filter({ hasText: "refused" });
  await page.getByLabel("Outcome").selectOption("refused");
  await refused.first().waitFor();
  assert.equal(await page.getByRole("row").filter({ hasText: "Join" }).count(), 0);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as file" }).click();
  const file = await (await download).path();
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const entries = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    entries.map((_, at) => at + 1),
  );
  // The chain of digests holds in the file.
  const digest = async (text) => {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Buffer.from(bytes).toString("hex");
  };
  for (const [at, line] of lines.slice(0, -1).entries()) {
    assert.equal(entries[at + 1].prev, await digest(line));
  }
});

test("tokens, the password and recovery codes are one's own business", async (t) => {
  const { page } = await coordinated(t, { viewport: { width: 390, height: 844 } });
  await toOffice(page, ANA);
  await go(page, "Your access tokens");
  await page.getByText("No access tokens.").waitFor();
  await page.getByLabel("Name").fill("Dashboard");
  await page.getByRole("button", { name: "Make token" }).click();
  // Without a purpose the server refuses, in its own words.
  await page.getByRole("main").getByRole("alert").getByText(/scopes/).waitFor();
  await page.getByLabel("Read records as JSON").check();
  await page.getByRole("button", { name: "Make token" }).click();
  const secret = await page.getByRole("textbox", { name: "Access token" }).inputValue();
  assert.match(secret, /^mlt_/);
  await picture(page, "token-phone");
  await checkAccessible(page);
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await focused(page, "Valid tokens");
  await entry(page, "Dashboard").getByRole("button", { name: "Revoke" }).click();
  await confirm(page, "Revoke");
  await page.getByText("No access tokens.").waitFor();

  await go(page, "Your password");
  const main = page.getByRole("main");
  await main.getByLabel("Current password").first().fill("not the right password");
  await main.getByLabel("New password").fill("another wind from the sea");
  await main.getByRole("button", { name: "Change password" }).click();
  await main.getByRole("alert").getByText("The password is not right.").waitFor();
  await main.getByLabel("Current password").first().fill(PASSWORD);
  await main.getByRole("button", { name: "Change password" }).click();
  await said(page, "The password is changed.");
  await main.getByText(/0 codes can still be used/).waitFor();
  await main.getByLabel("Current password").last().fill("another wind from the sea");
  await main.getByRole("button", { name: "Make new codes" }).click();
  await focused(page, "New recovery codes");
  await main.getByText("10 codes can still be used.").waitFor();
  assert.equal(await main.locator("ol code").count(), 10);
  await picture(page, "codes-phone");
  await checkAccessible(page);

  // Nothing is wider than a phone, in either direction of writing.
  for (const name of ["Members", "Invitations", "Audit log", "Your devices"]) {
    await go(page, name);
    await page.getByRole("main").locator("[aria-busy=true]").waitFor({ state: "detached" });
    for (const dir of ["rtl", "ltr"]) {
      await page.evaluate((dir) => (document.documentElement.dir = dir), dir);
      const [wide, width] = await page.evaluate(() => {
        const root = document.documentElement;
        return [root.scrollWidth, root.clientWidth];
      });
      assert.ok(wide <= width, `${name} is ${wide} wide, ${dir}`);
      await picture(page, `${name.replaceAll(" ", "-").toLowerCase()}-phone-${dir}`);
    }
    await checkAccessible(page);
  }
});

test("without a network, administration says that it needs one", async (t) => {
  const { ana, page } = await coordinated(t);
  await ana.kept(page);
  await toOffice(page, ANA);
  await go(page, "Your devices");
  await entry(page, "this device").waitFor();
  await ana.goOffline();
  await go(page, "Your access tokens");
  await page.getByRole("main").getByText(/needs the network/).waitFor();
  await ana.goOnline();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("No access tokens.").waitFor();

  await ana.goOffline();
  await page.goto("/office.html");
  await page.getByText("Administration needs the network.").waitFor();
  await checkAccessible(page);
  await page.getByRole("link", { name: "Records" }).click();
  await says(page, /Offline since/);
});
