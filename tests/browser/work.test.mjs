// Working with the screens: lists, the keyboard alone, several tabs, and where changes are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launchBrowser, newDevice, startServer, temporaryFolder } from "./harness.mjs";
import { addSession, holds, openAt, says, session, text, titled } from "./screen.mjs";

async function start(t) {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  t.after(() => assert.deepEqual(device.errors, []));
  return { server, browser, device };
}

/** Resolves when the list says how many it shows. */
function counted(page, words) {
  return page.getByRole("main").getByRole("status").filter({ hasText: words }).waitFor();
}

/** The rows of the list, without its head. */
function rows(page) {
  return page.getByRole("row").filter({ has: page.getByRole("cell") });
}

test("a list is searched and filtered, says so in its address, and a reload keeps it", async (t) => {
  const { device } = await start(t);
  const page = await openAt(device, "/events", "Events");
  await counted(page, "16 records");
  const search = page.getByRole("searchbox", { name: "Search" });
  await search.fill("migration");
  await page.getByRole("combobox", { name: "Phase" }).selectOption("Phase 2");
  await page.waitForURL("**/events?q=migration&phase=phase2");
  await counted(page, /of 16 found/);
  const titles = () => rows(page).getByRole("link").allInnerTexts();
  const found = await titles();
  assert.ok(found.length > 0 && found.length < 16);
  for (const row of await rows(page).allInnerTexts()) assert.match(row, /Phase\s2/);
  for (const title of found) assert.match(title, /migration/i);

  await page.reload();
  await counted(page, /of 16 found/);
  assert.deepEqual(await titles(), found);
  assert.equal(await search.inputValue(), "migration");

  await rows(page).first().getByRole("link").click();
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await page.goBack();
  await counted(page, /of 16 found/);
  assert.deepEqual(await titles(), found);

  await search.fill("no event is called this");
  await page.getByText("Nothing matches this search.").waitFor();
  await counted(page, "0 of 16 found");
  await page.getByRole("main").getByRole("button", { name: "Clear search and filters" }).last().click();
  await counted(page, "16 records");
});

test("places and accents are found as people type them", async (t) => {
  const { device } = await start(t);
  const page = await openAt(device, "/events", "Events");
  const search = page.getByRole("searchbox", { name: "Search" });
  await search.fill("grenoble");
  await counted(page, "1 of 16 found");
  await page.getByRole("link", { name: "Fostering the Right to the City for all" }).waitFor();
  await page.goto("/cities");
  await search.fill("tetouan");
  await page.getByRole("link", { name: "Tétouan" }).waitFor();
});

test("an event is created and saved with the keyboard alone", async (t) => {
  const { server, device } = await start(t);
  const page = await openAt(device, "/", "Mediterranean City-to-City Migration");
  const focused = () =>
    page.evaluate(() => {
      const { activeElement: at } = document;
      const label = at.labels?.[0]?.innerText ?? at.getAttribute("aria-label");
      return (label ?? at.innerText).trim();
    });
  /** Presses Tab until this has the focus. */
  const tabTo = async (name) => {
    for (let press = 0; press < 60; press += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) === name) return;
    }
    assert.fail(`${name} is not reached with the Tab key`);
  };
  await tabTo("Events");
  await page.keyboard.press("Enter");
  await titled(page, "Events");
  await tabTo("New event");
  await page.keyboard.press("Enter");
  await titled(page, "New event");
  await tabTo("Title");
  await page.keyboard.type("Housing first in Thessaloniki");
  await tabTo("Modality");
  await page.keyboard.press("O");
  await tabTo("Create");
  await page.keyboard.press("Enter");
  await titled(page, "Housing first in Thessaloniki");
  await says(page, "On the server");

  const events = await server.json("/api/records?kind=event");
  assert.equal(events.length, 17);
  const all = await Promise.all(events.map(({ id }) => server.json(`/api/records/${id}`)));
  const created = all.find(({ fields }) => fields.titles.en === "Housing first in Thessaloniki");
  assert.equal(created.fields.modality, "online");
});

test("tabs of one browser show each other's edits, online and offline, and one line serves all", async (t) => {
  const { server, device } = await start(t);
  const first = await openAt(device, "/events/ev14", "Fostering the Right to the City for all");
  const second = await openAt(device, "/events/ev14", "Fostering the Right to the City for all");
  await device.kept(first);
  await text(first, "Venue").fill("Maison des associations");
  await text(first, "Venue").press("Tab");
  await holds(text(second, "Venue"), "Maison des associations");
  await text(second, "Learning objectives").fill("Learn from Grenoble.");
  await holds(text(first, "Learning objectives"), "Learn from Grenoble.");
  for (const page of [first, second]) await says(page, "On the server");

  await server.stop();
  await device.goOffline();
  for (const page of [first, second]) await says(page, /Offline since/);
  await addSession(first, "Opening");
  await session(second, "Opening").waitFor();
  for (const page of [first, second]) await says(page, /changes? waiting/);

  // The first tab has held the line; the second takes over what waits.
  await first.close();
  await server.start();
  await device.goOnline();
  await says(second, "On the server");
  const { id } = (await server.json("/api/records?kind=event")).find(({ key }) => key === "ev14");
  const { fields } = await server.json(`/api/records/${id}`);
  assert.deepEqual([fields.venue, fields.objectives], ["Maison des associations", "Learn from Grenoble."]);
  assert.deepEqual(Object.values(fields.sessions).map(({ title }) => title), ["Opening"]);
});

test("the status says where changes are, and is true", async (t) => {
  const { server, device } = await start(t);
  const page = await openAt(device, "/events/ev14", "Fostering the Right to the City for all");
  await device.kept(page);
  await says(page, "On the server");
  const { id } = (await server.json("/api/records?kind=event")).find(({ key }) => key === "ev14");

  await server.stop();
  await says(page, /Offline since/);
  await text(page, "Venue").fill("Online");
  await text(page, "Venue").press("Tab");
  await says(page, "1 change waiting");
  await page.getByRole("combobox", { name: "Confidentiality" }).selectOption("Chatham House rule");
  await says(page, "2 changes waiting");

  // What it calls saved is there after the tab is closed and opened.
  await page.close();
  const again = await openAt(device, "/events/ev14", "Fostering the Right to the City for all");
  await says(again, "2 changes waiting");
  await holds(text(again, "Venue"), "Online");
  const status = again.getByRole("banner").getByRole("button").filter({ has: again.getByRole("status") });
  await status.click();
  await again.getByText("2 changes in 1 record are saved here and have not reached the server yet.").waitFor();

  // It can be told to try now. A reload tries at once, too.
  await again.getByRole("button", { name: "Try again now" }).click();
  await says(again, /Offline since/);
  await server.start();
  await again.reload();
  await says(again, "On the server");
  const { fields } = await server.json(`/api/records/${id}`);
  assert.deepEqual([fields.venue, fields.confidentiality], ["Online", "chatham_house"]);
});

test("no edit is called on the server before it is there, not even while it is typed", async (t) => {
  const { server, device } = await start(t);
  const page = await device.context.newPage();
  // What the worker is to carry out stays in the page until it is let go.
  await page.addInitScript(() => {
    const { postMessage } = Worker.prototype;
    const held = [];
    Worker.prototype.postMessage = function (...message) {
      const send = () => postMessage.apply(this, message);
      if (window.holds && String(message[0]).includes('"execute"')) held.push(send);
      else send();
    };
    window.letGo = () => {
      window.holds = false;
      for (const send of held.splice(0)) send();
    };
  });
  await page.goto("/events/ev14");
  await titled(page, "Fostering the Right to the City for all");
  await says(page, "On the server");
  await page.evaluate(() => (window.holds = true));
  const status = page.getByRole("banner").getByRole("status");
  const place = status.locator("span");
  // Not handed over yet: it was typed just now.
  const typed = await text(page, "Learning objectives").evaluate(async (area) => {
    area.value = "Learn from Grenoble.";
    area.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
    return document.querySelector("header [role=status] span").innerText;
  });
  assert.equal(typed, "Saving…");
  await text(page, "Venue").fill("Online");
  await text(page, "Venue").press("Tab");
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await place.innerText(), "Saving…");
  // That is no news to a screen reader.
  assert.equal(await status.getAttribute("aria-busy"), "true");
  await page.evaluate(() => window.letGo());
  await says(page, "On the server");
  assert.equal(await status.getAttribute("aria-busy"), null);
  const { id } = (await server.json("/api/records?kind=event")).find(({ key }) => key === "ev14");
  const { fields } = await server.json(`/api/records/${id}`);
  assert.deepEqual([fields.venue, fields.objectives], ["Online", "Learn from Grenoble."]);

  // Nor is it once it is stored on this device.
  await device.goOffline();
  await says(page, /Offline since/);
  const said = await place.evaluateHandle((place) => {
    const said = [];
    const look = () => said.push(place.innerText);
    new MutationObserver(look).observe(place, { childList: true, characterData: true, subtree: true });
    return said;
  });
  for (const [count, venue] of [["1 change", "Town hall"], ["2 changes", "Library"]]) {
    await text(page, "Venue").fill(venue);
    await text(page, "Venue").press("Tab");
    await says(page, `${count} waiting`);
  }
  const all = await said.jsonValue();
  assert.ok(all.includes("Saving…") && !all.includes("On the server"), all.join());
});

test("a device without records says so, and shows them as soon as they come", async (t) => {
  const data = await temporaryFolder(t);
  const server = await startServer(t, { data });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const overview = await openAt(device, "/", "No records yet");
  const record = await openAt(device, "/events/ev14", "No records yet");
  const list = await openAt(device, "/events", "Events");
  await list.getByText("There is nothing here yet.").waitFor();

  await server.stop();
  await device.goOffline();
  await startServer(t, { data, demo: true, port: server.port });
  // With the network back, the line is tried at once.
  await device.goOnline();
  await titled(overview, "Mediterranean City-to-City Migration");
  await titled(record, "Fostering the Right to the City for all");
  await counted(list, "16 records");
  assert.deepEqual(device.errors, []);
});

test("a record that nobody has says so at its address", async (t) => {
  const { device } = await start(t);
  const page = await openAt(device, "/cities/atlantis", "Not on this device");
  await page.getByRole("button", { name: "Try again" }).click();
  await titled(page, "Not on this device");
  await page.getByRole("main").getByRole("button", { name: "Cities" }).click();
  await titled(page, "Cities");
});

test("what another saves while a person types is kept beside what they save", async (t) => {
  const { server, browser, device } = await start(t);
  const other = await newDevice(t, browser, server);
  const [here, there] = [
    await openAt(device, "/events/ev14", "Fostering the Right to the City for all"),
    await openAt(other, "/events/ev14", "Fostering the Right to the City for all"),
  ];
  const contradictions = (page) => page.getByRole("group", { name: "Open contradiction" });
  const before = await contradictions(here).count();
  await text(here, "English").focus();
  await here.keyboard.press("End");
  await here.keyboard.type(" people");
  await text(there, "English").fill("The Right to the City");
  await text(there, "English").press("Tab");
  await titled(here, "The Right to the City");
  // It is told, and what was typed stays.
  await here.getByText("Somebody changed this while you were typing; both values are kept.").waitFor();
  await holds(text(here, "English"), "Fostering the Right to the City for all people");
  await here.keyboard.press("Tab");
  for (const page of [here, there]) {
    for (const value of ["Fostering the Right to the City for all people", "The Right to the City"]) {
      await page.getByRole("button", { name: `This one holds: ${value}`, exact: true }).waitFor();
    }
    await says(page, "On the server");
  }

  // Whoever gives up typing sees what is there, and nothing is asked.
  await text(here, "Venue").focus();
  await here.keyboard.type("Town hall");
  await text(there, "Venue").fill("Library");
  await text(there, "Venue").press("Tab");
  await here.getByText("Somebody changed this to “Library” while you were typing").waitFor();
  await here.keyboard.press("Escape");
  await holds(text(here, "Venue"), "Library");
  await here.keyboard.press("Tab");
  await holds(text(there, "Venue"), "Library");

  // Two changes after each other are one person's, and no contradiction.
  await there.getByRole("button", { name: "This one holds: The Right to the City", exact: true }).click();
  for (const name of ["The Right", "The Right for all"]) {
    await text(there, "English").fill(name);
    await text(there, "English").press("Enter");
  }
  await titled(here, "The Right for all");
  await titled(there, "The Right for all");
  for (const page of [here, there]) {
    await says(page, "On the server");
    assert.equal(await contradictions(page).count(), before);
  }
  assert.deepEqual(other.errors, []);
});
