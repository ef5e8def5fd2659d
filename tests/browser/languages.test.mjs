// The screens in Arabic and in Spanish: complete, in the right direction, accessible, not too wide.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { openAt, says, titled } from "./screen.mjs";

/** Where pictures of the screens go, if anybody wants them. */
const PICTURES = process.env.LANGUAGE_PICTURES;

/** Letters in a row from which on a text of the English file is told from a name in the data. */
const TELLING = 12;

/** The widths of a desk and of a phone. */
const WIDTHS = [1280, 390];

const ANA = { name: "Ana Lima", email: "ana@example.org", password: "a wind from the north-east" };

/** The texts of a language, of the records and of administration. */
async function texts(code) {
  const read = async (folder) => {
    const file = new URL(`../../client-wasm/${folder}/${code}.json`, import.meta.url);
    return JSON.parse(await readFile(file, "utf8"));
  };
  return { ...(await read("locales")), ...(await read("office-locales")) };
}

/** What there is in the English files, and no screen in `code` may show: keys, and English. */
async function foreign(code) {
  const [english, other] = await Promise.all([texts("en"), texts(code)]);
  const parts = new Set(Object.keys(english));
  for (const [key, text] of Object.entries(english)) {
    const forms = typeof text === "string" ? [text] : Object.values(text);
    for (const part of forms.flatMap((form) => form.split(/\{\w+\}/))) {
      const telling = part.replace(/[^a-z]/gi, "").length > TELLING;
      if (telling && !JSON.stringify(other[key]).includes(part.trim())) parts.add(part.trim());
    }
  }
  return [...parts];
}

/** Everything that is said on the screen, to eyes or to a screen reader, but the data. */
function said(page) {
  return page.evaluate(() => {
    // Words of a record, and records to choose from.
    const isData = (element) => element.closest("[dir=auto], bdi, option[value*='/']");
    const app = document.getElementById("app");
    const [all, data] = [[document.title], []];
    const walker = document.createTreeWalker(app, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, data: text } = walker.currentNode;
      if (text.trim()) (isData(parentElement) ? data : all).push(text.trim());
    }
    for (const element of app.querySelectorAll("*")) {
      for (const name of ["aria-label", "placeholder", "title", "alt"]) {
        const value = element.getAttribute(name);
        if (value && !isData(element)) all.push(value);
      }
    }
    data.sort((a, b) => b.length - a.length);
    const without = (text) => data.reduce((rest, part) => rest.replaceAll(part, "…"), text);
    return all.map(without);
  });
}

/** Checks a screen, on a desk and on a phone. */
async function check(page, { name, code, rtl, never }) {
  const { lang, dir } = await page.evaluate(() => {
    const { lang, dir } = document.documentElement;
    return { lang, dir };
  });
  assert.deepEqual([lang, dir], [code, rtl ? "rtl" : "ltr"], name);
  // What is folded away is read as well.
  await page.evaluate(async () => {
    for (const folded of document.querySelectorAll("main details:not([open])")) {
      const drawn = new Promise((resolve) => folded.addEventListener("toggle", resolve));
      folded.open = true;
      await drawn;
    }
  });
  const here = await said(page);
  assert.ok(here.length > 5, `${name} is empty`);
  const left = here.filter((text) => never.some((part) => text.includes(part)));
  assert.deepEqual(left, [], name);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    const beyond = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    assert.ok(beyond <= 0, `${name} is ${beyond} pixels too wide for ${width}`);
    await checkAccessible(page);
    if (!PICTURES) continue;
    await mkdir(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${code}-${name}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 844 });
}

test("the records in Arabic run from right to left and have nothing English left", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { locale: "ar-TN" });
  const as = { code: "ar", rtl: true, never: await foreign("ar") };

  const page = await openAt(device, "/", /Mediterranean City-to-City Migration/);
  await says(page, "على الخادم");
  await page.getByRole("link", { name: "16 فعاليات" }).waitFor();
  await check(page, { name: "overview", ...as });
  const banner = page.getByRole("banner");
  await banner.getByRole("button").filter({ has: page.getByRole("status") }).click();
  await page.getByRole("heading", { name: "أين توجد تغييراتك" }).waitFor();
  await check(page, { name: "status", ...as });
  const offered = await banner.getByRole("combobox", { name: "اللغة" }).getByRole("option").allInnerTexts();
  assert.deepEqual(offered, ["English", "Français", "العربية", "Español"]);

  for (const [name, path, heading] of [
    ["list", "/events", "فعاليات"],
    ["record", "/events/ev14", /Fostering the Right to the City/],
    ["city", "/cities/rabat", /Rabat|الرباط/],
    ["new", "/new/event", "فعالية جديدة"],
    ["lost", "/nowhere", "لا يوجد شيء في هذا العنوان"],
  ]) {
    const page = await openAt(device, path, heading);
    await check(page, { name, ...as });
    await page.close();
  }
  assert.deepEqual(device.errors, []);
});

test("counts in Arabic have the form of their number, and dates and numbers the digits of Europe", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { locale: "ar-EG" });
  for (const [path, heading, count] of COUNTS) {
    const page = await openAt(device, path, heading);
    await page.getByText(count, { exact: true }).waitFor();
    await page.close();
  }
  const page = await openAt(device, "/events", "فعاليات");
  await page.getByRole("cell", { name: /\b20\d\d\b/ }).first().waitFor();
  assert.doesNotMatch((await said(page)).join(" "), /[٠-٩۰-۹]/);
});

/** Lists with as many records as need another form each: one, two, few, many. */
const COUNTS = [
  ["/records/programme", "برامج", "سجل واحد"],
  ["/events?q=communication+on", "فعاليات", "عُثر على سجلين من أصل 16"],
  ["/events?modality=online", "فعاليات", "عُثر على 4 سجلات من أصل 16"],
  ["/events?modality=in_person", "فعاليات", "عُثر على 12 سجلًا من أصل 16"],
  ["/events", "فعاليات", "16 سجلًا"],
];

test("administration in Arabic, from the invitation on, has nothing English left", async (t) => {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const ana = await newDevice(t, browser, server, { locale: "ar" });
  const as = { code: "ar", rtl: true, never: await foreign("ar") };

  const page = await ana.open("/");
  await titled(page, "تسجيل الدخول");
  await check(page, { name: "sign-in", ...as });
  await page.goto(fragment(server.invitation));
  await titled(page, "الانضمام");
  await check(page, { name: "join", ...as });
  await page.getByLabel("اسمك").fill(ANA.name);
  await page.getByLabel("عنوان البريد الإلكتروني").fill(ANA.email);
  await page.getByLabel("اختر كلمة مرور").fill(ANA.password);
  await page.getByRole("button", { name: "الانضمام" }).click();
  await says(page, "على الخادم");

  await page.goto("/office.html");
  const nav = page.getByRole("navigation", { name: "الإدارة" });
  await nav.waitFor();
  for (const link of await nav.getByRole("link").all()) {
    const name = await link.innerText();
    await link.click();
    await titled(page, name);
    // A screen may wait for several lists.
    const waits = () => document.querySelector("#app main [aria-busy=true]") === null;
    await page.waitForFunction(waits);
    const address = new URL(page.url()).hash.slice(1) || "members";
    await check(page, { name: `office-${address}`, ...as });
  }

  // Whoever she invites in Spanish is greeted in Spanish, unless they chose a language themselves.
  const secret = await page.evaluate(async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ programme: "mc2cm", role: "reader", language: "es" });
    const made = await fetch("/api/invitations", { method: "POST", headers, body });
    return (await made.json()).secret;
  });
  const guest = await newDevice(t, browser, server);
  const greeted = await guest.open(`/#/join/${secret}`);
  await titled(greeted, "Unirse");
  await check(greeted, { name: "join", code: "es", rtl: false, never: await foreign("es") });
  await greeted.getByRole("combobox", { name: "Idioma" }).selectOption("Français");
  await titled(greeted, "Rejoindre");
  await greeted.reload();
  await titled(greeted, "Rejoindre");
  const errors = [...ana.errors, ...guest.errors].filter((line) => !/401/.test(line));
  assert.deepEqual(errors, []);
});

test("an invitation in another language can be filled when that language is there", async (t) => {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const ana = await newDevice(t, browser, server);
  const page = await ana.open(fragment(server.invitation));
  await page.getByLabel("Your name").fill(ANA.name);
  await page.getByLabel("E-mail address").fill(ANA.email);
  await page.getByLabel("Choose a password").fill(ANA.password);
  await page.getByRole("button", { name: "Join" }).click();
  await says(page, "On the server");
  const secret = await page.evaluate(async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ programme: "mc2cm", role: "reader", language: "es" });
    const made = await fetch("/api/invitations", { method: "POST", headers, body });
    return (await made.json()).secret;
  });

  // A service worker would load the texts past the test.
  const guest = await newDevice(t, browser, server, { serviceWorkers: "block" });
  const invited = await guest.context.newPage();
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await invited.route("**/locales/es.json", async (route) => {
    await held;
    await route.continue();
  });
  const asked = invited.waitForRequest("**/locales/es.json");
  await invited.goto(`/#/join/${secret}`);
  await asked;
  await invited.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await invited.getByRole("textbox").count(), 0);
  letGo();
  await titled(invited, "Unirse");
  await invited.getByLabel("Su nombre").fill("Leila Amrani");
});

test("the records in Spanish have nothing English left", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { locale: "es-ES" });
  const as = { code: "es", rtl: false, never: await foreign("es") };
  const page = await openAt(device, "/", /Mediterranean City-to-City Migration/);
  await says(page, "En el servidor");
  await check(page, { name: "overview", ...as });
  await page.goto("/events/ev14");
  await titled(page, /Fostering the Right to the City/);
  await check(page, { name: "record", ...as });
  assert.deepEqual(device.errors, []);
});

/** The part of a link that is the same whatever network a device has to the server. */
function fragment(link) {
  return `/${link.slice(link.indexOf("#"))}`;
}
