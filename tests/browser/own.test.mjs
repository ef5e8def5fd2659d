// What members do about themselves: their name and language, and a password that is lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { holds, says, text, titled } from "./screen.mjs";

const PASSWORD = "a wind from the north-east";
const EMAIL = "ana@example.org";

/** A server with accounts, and somebody who has joined on a device. */
async function joined(t) {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const link = server.invitation;
  const page = await device.open(`/${link.slice(link.indexOf("#"))}`);
  await titled(page, "Join");
  await page.getByLabel("Your name").fill("Ana Lima");
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await says(page, "On the server");
  return { server, browser, device, page };
}

test("somebody changes their name and their language, and the screens follow", async (t) => {
  const { server, browser, device, page } = await joined(t);
  await page.goto("/office.html#details");
  await titled(page, "Your details");
  const name = page.getByLabel("Your name");
  await name.waitFor();
  await checkAccessible(page);
  await name.fill("   ");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("main").getByRole("alert").getByText(/name/).waitFor();
  await name.fill("ليلى العمراني");
  await page.getByRole("main").getByLabel("Language").selectOption("العربية");
  await page.getByRole("button", { name: "Save" }).click();
  await titled(page, "بياناتك");
  await page.locator(".toasts[role=status]").getByText("تم حفظ بياناتك.").waitFor();
  await page.getByRole("banner").getByRole("button", { name: "ليلى العمراني" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
  const { member } = await page.evaluate(async () => (await fetch("/api/session")).json());
  assert.deepEqual([member.name, member.language], ["ليلى العمراني", "ar"]);

  // The records on this device follow; another device keeps the language of its own.
  await page.goto("/");
  await says(page, "على الخادم");
  const other = await newDevice(t, browser, server, { locale: "fr" });
  await titled(await other.open("/"), "Se connecter");
  assert.deepEqual(device.errors.filter((line) => !/4(01|22)/.test(line)), []);
});

test("a lost password is replaced with a recovery code, which works once", async (t) => {
  const { server, browser, device, page } = await joined(t);
  const codes = await page.evaluate(async (password) => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ password });
    const made = await fetch("/api/recovery/codes", { method: "POST", headers, body });
    return (await made.json()).codes;
  }, PASSWORD);

  const other = await newDevice(t, browser, server, { viewport: { width: 390, height: 844 } });
  const lost = await other.open("/");
  await titled(lost, "Sign in");
  await lost.getByRole("button", { name: /Lost your password/ }).click();
  await titled(lost, "Recover access");
  const address = lost.getByLabel("E-mail address");
  await lost.waitForFunction(() => document.activeElement?.id === "account-username");
  await checkAccessible(lost);
  await lost.getByRole("button", { name: "Back to signing in" }).click();
  await titled(lost, "Sign in");
  await lost.getByRole("button", { name: /Lost your password/ }).click();
  await address.fill(EMAIL);
  await lost.getByLabel("Choose a password").fill("another wind from the sea");
  await lost.getByLabel("Recovery code").fill("abcd-efgh-jkmn-pqrs");
  const submit = lost.getByRole("button", { name: "Set password and sign in" });
  await submit.click();
  await lost.getByRole("alert").getByText(/The address or the code is not right/).waitFor();
  await lost.getByLabel("Recovery code").fill(codes[0]);
  await submit.click();
  await says(lost, "On the server");

  // The first device has to sign in again, and its code is used up.
  await page.reload();
  await page.getByText("You are signed out.").first().click();
  await page.getByRole("button", { name: /Lost your password/ }).click();
  await holds(page.getByLabel("E-mail address"), EMAIL);
  await page.getByLabel("Recovery code").fill(codes[0]);
  await page.getByLabel("Choose a password").fill("a third wind, from the land");
  await page.getByRole("button", { name: "Set password and sign in" }).click();
  await page.getByText(/The address or the code is not right/).waitFor();
  await page.getByLabel("Recovery code").fill(codes[1].toUpperCase());
  await page.getByRole("button", { name: "Set password and sign in" }).click();
  await page.getByText("You are signed out.").first().waitFor({ state: "detached" });
  await says(page, "On the server");
  const errors = [...device.errors, ...other.errors].filter((line) => !/401/.test(line));
  assert.deepEqual(errors, []);
});

test("a form to sign in again stays as it is filled while the records are opened", async (t) => {
  const { device, page } = await joined(t);
  // Another tab keeps the database, so that the records are opened when it lets go.
  const other = await device.context.newPage();
  await other.goto("/icons/icon.svg"); // A page without the app and without an icon of its own (404).
  const database = await other.evaluate(async () => {
    const { member } = JSON.parse(localStorage.getItem("meltemi.account"));
    const database = `meltemi-database-meltemi-${member.id}`;
    await fetch("/api/session", { method: "DELETE" });
    const kept = new Promise((release) => (window.release = release));
    navigator.locks.request(database, () => kept);
    return database;
  });
  await page.reload();
  await page.getByText("You are signed out.").first().click();
  const password = page.getByLabel("Password");
  await password.fill(PASSWORD);
  const waits = await other.evaluate(async (database) => {
    const { held, pending } = await navigator.locks.query();
    return [held, pending].map((locks) => locks.filter(({ name }) => name === database).length);
  }, database);
  assert.deepEqual(waits, [1, 1]);
  await checkAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(wide, 0, "the screen does not scroll sideways on a phone");

  await other.evaluate(() => window.release());
  await holds(page.getByLabel("E-mail address"), EMAIL);
  assert.equal(await password.inputValue(), PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await says(page, "On the server");
  assert.deepEqual(device.errors.filter((line) => !/40[14]/.test(line)), []);
});

test("a PIN that is being chosen stays while colleagues become known and the records are opened", async (t) => {
  const { device, page } = await joined(t);
  const pin = page.getByLabel("New PIN", { exact: true });
  const choose = async () => {
    await page.getByRole("banner").getByRole("button", { name: "Ana Lima" }).click();
    await page.getByText("Lock this app with a PIN").click();
    await pin.fill("2718");
  };
  await page.goto("/events/ev14");
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route("**/api/people", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByText("History", { exact: true }).click();
  await choose();
  const answered = page.waitForResponse("**/api/people");
  letGo();
  await (await answered).finished();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(await pin.isVisible());
  await holds(pin, "2718");

  // The records are opened when another tab lets the database go.
  const other = await device.context.newPage();
  await other.goto("/icons/icon.svg"); // A page without the app and without an icon of its own (404).
  await other.evaluate(() => {
    const { member } = JSON.parse(localStorage.getItem("meltemi.account"));
    const kept = new Promise((release) => (window.release = release));
    navigator.locks.request(`meltemi-database-meltemi-${member.id}`, () => kept);
  });
  await page.reload();
  await choose();
  assert.equal(await text(page, "Venue").count(), 0);
  await other.evaluate(() => window.release());
  await text(page, "Venue").waitFor();
  assert.ok(await pin.isVisible());
  await holds(pin, "2718");
  assert.deepEqual(device.errors.filter((line) => !/40[14]/.test(line)), []);
});
