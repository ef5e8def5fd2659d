// Every screen, on a desk and on a phone, in light and in dark: complete, accessible, not too wide.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { openAt, says, titled } from "./screen.mjs";

const MAIN = [
  ["/", "Mediterranean City-to-City Migration"],
  ["/events", "Events"],
  ["/events/ev14", "Fostering the Right to the City for all"],
];
const OTHERS = [
  ["/events?open=1&q=right", "Events"],
  ["/events?q=nothing+has+this+title", "Events"],
  ["/new/event", "New event"],
  ["/cities", "Cities"],
  ["/cities/turin", "Turin"],
  ["/outcomes", "Outcomes"],
  ["/outcomes/oc13", /Marrakech Mayors Declaration/],
  ["/records/organisation/unhcr", "UNHCR"],
  ["/records/product/kp03", "City migration profile: Beirut"],
  ["/records/targeted_action/tca10", "ACMALS II CITY"],
  ["/records/event_report/ev14", /Fostering the Right to the City for all/],
  ["/records/programme/mc2cm", "Mediterranean City-to-City Migration"],
  ["/cities/atlantis", "Not on this device"],
  ["/nowhere", "There is nothing at this address"],
];
const LOOKS = [
  { name: "a desk, light", width: 1280, colorScheme: "light", screens: [...MAIN, ...OTHERS] },
  { name: "a phone, dark", width: 390, colorScheme: "dark", screens: [...MAIN, ...OTHERS] },
  { name: "a desk, dark", width: 1280, colorScheme: "dark", screens: MAIN },
  { name: "a phone, light", width: 390, colorScheme: "light", screens: MAIN },
];

/** How far the screen reaches beyond its edge; empty when it does not. */
function overhang(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? `${scrollWidth} in ${clientWidth} pixels` : "";
  });
}

test("all screens open without an error, are accessible and fit", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  for (const { name, width, colorScheme, screens } of LOOKS) {
    await t.test(name, async (t) => {
      const viewport = { width, height: 844 };
      const device = await newDevice(t, browser, server, { viewport, colorScheme });
      const wide = [];
      for (const [path, heading] of screens) {
        const page = await openAt(device, path, heading);
        await page.getByRole("banner").getByRole("link", { name: "MC2CM" }).waitFor();
        await says(page, "On the server");
        await checkAccessible(page);
        const beyond = await overhang(page);
        if (beyond) wide.push(`${path}: ${beyond}`);
        await page.close();
      }
      assert.deepEqual(wide, []);
      assert.deepEqual(device.errors, []);
    });
  }
});

test("a breakdown by city names the cities", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const page = await openAt(device, "/", "Mediterranean City-to-City Migration");
  const hosts = page.locator(".indicator").filter({ hasText: "Participants that have hosted" });
  await hosts.getByText("Breakdown").click();
  await hosts.getByRole("rowheader", { name: "Amman", exact: true }).waitFor();
  const names = await hosts.getByRole("rowheader").allInnerTexts();
  assert.deepEqual(names.filter((name) => /^[a-z]/.test(name)), []);
});

test("what is unfolded on the overview stays so when the records change", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const page = await openAt(device, "/", "Mediterranean City-to-City Migration");
  await says(page, "On the server");
  const hosts = page.locator(".indicator").filter({ hasText: "Participants that have hosted" });
  await hosts.getByText("Breakdown").click();
  await hosts.getByRole("rowheader", { name: "Amman", exact: true }).waitFor();
  await page.getByText(/^\d+ more$/).click();
  const other = await openAt(device, "/new/event", "New event");
  await other.getByRole("textbox", { name: "Title" }).fill("Housing first in Thessaloniki");
  await other.getByRole("combobox", { name: "Modality" }).selectOption("Online");
  await other.getByRole("button", { name: "Create" }).click();
  await page.getByRole("link", { name: "17 Events" }).waitFor();
  assert.ok(await hosts.getByRole("rowheader", { name: "Amman", exact: true }).isVisible());
  assert.equal(await page.getByRole("main").locator("details[open]").count(), 2);
});

test("what opens in the header fits on a phone", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server, { viewport: { width: 390, height: 844 } });
  const page = await openAt(device, "/", "Mediterranean City-to-City Migration");
  await says(page, "On the server");
  const banner = page.getByRole("banner");
  const status = banner.getByRole("button").filter({ has: page.getByRole("status") });
  for (const [button, inside] of [
    [status, page.getByRole("heading", { name: "Where your changes are" })],
    [banner.getByRole("button", { name: "More" }), page.getByRole("link", { name: "Organisations", exact: true })],
  ]) {
    await button.click();
    await inside.waitFor();
    const { x, width } = await inside.boundingBox();
    assert.ok(x >= 0 && x + width <= 390, `${await inside.innerText()} is at ${x}, ${width} wide`);
    await checkAccessible(page);
    await page.keyboard.press("Escape");
    await inside.waitFor({ state: "hidden" });
  }
});

test("the screens change their language, and the choice is kept", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const page = await openAt(device, "/events", "Events");
  await page.getByRole("combobox", { name: "Language" }).selectOption("Français");
  await titled(page, "Événements");
  assert.equal(await page.locator("html").getAttribute("lang"), "fr");
  await checkAccessible(page);
  await page.reload();
  await titled(page, "Événements");
  await page.getByRole("combobox", { name: "Langue" }).selectOption("English");
  await titled(page, "Events");

  const french = await newDevice(t, browser, server, { locale: "fr-FR" });
  await titled(await french.open("/events"), "Événements");
  assert.deepEqual([...device.errors, ...french.errors], []);
});

test("in a page from right to left Latin titles stand where the page begins", async (t) => {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  for (const [path, heading] of MAIN) {
    const page = await openAt(device, path, heading);
    const astray = await page.evaluate(() => {
      document.documentElement.dir = "rtl";
      for (const folded of document.querySelectorAll("main details")) folded.open = true;
      const blocks = document.querySelectorAll("main :is(h1, [dir=auto]:not(input, textarea))");
      return [...blocks].filter(isAstray).map((block) => block.outerHTML);

      /** Whether a block's text begins elsewhere than at the block's right edge. */
      function isAstray(block) {
        const style = getComputedStyle(block);
        const cut = block.scrollWidth > block.clientWidth;
        if (style.display === "inline" || !block.checkVisibility() || cut) return false;
        const text = document.createRange();
        text.selectNodeContents(block);
        const inner = ["paddingRight", "borderRightWidth"].map((name) => parseFloat(style[name]));
        const edge = block.getBoundingClientRect().right - inner[0] - inner[1];
        return Math.abs(text.getBoundingClientRect().right - edge) > 1;
      }
    });
    assert.deepEqual(astray, [], path);
    await page.close();
  }
});
