// What a person finds on a screen, by roles and labels, and waiting until it is so.

import assert from "node:assert/strict";

/** Milliseconds after which something is not expected any more; Playwright waits as long. */
const PATIENCE = 30_000;

/** Resolves when the status in the header says this. */
export function says(page, words) {
  return page.getByRole("banner").getByRole("status").filter({ hasText: words }).waitFor();
}

/** Resolves when this is so; it is looked again at each frame of the page. `why` says what is not. */
export async function until(page, isSo, why = () => "what was waited for has not come") {
  const late = Date.now() + PATIENCE;
  while (!(await isSo())) {
    assert.ok(Date.now() < late, why());
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** Resolves when a control holds this value. */
export async function holds(control, value) {
  let held;
  const isSo = async () => (held = await control.inputValue()) === value;
  await until(control.page(), isSo, () => `the control holds “${held}” and not “${value}”`);
}

/** Opens an address in a new tab and resolves when its heading is there. */
export async function openAt(device, path, heading) {
  const page = await device.open(path);
  await titled(page, heading);
  return page;
}

/** Resolves when this is the heading of the screen. */
export function titled(page, heading, options) {
  return page.getByRole("heading", { level: 1, name: heading }).waitFor(options);
}

/** A group of controls, such as a field with several of them. */
export function group(page, name) {
  return page.getByRole("group", { name, exact: true });
}

/** A line or a text of a record by its label. */
export function text(page, name) {
  return page.getByRole("textbox", { name, exact: true });
}

/** Adds a session with a title, as a person does it. */
export async function addSession(page, title) {
  const sessions = group(page, "Sessions");
  await sessions.getByRole("button", { name: "Add to “Sessions”" }).click();
  const added = sessions.getByRole("listitem").filter({ hasText: "New entry" });
  await added.getByRole("textbox", { name: "Title" }).fill(title);
  await page.keyboard.press("Tab");
  await session(page, title).waitFor();
}

/** A session in the list of an event. */
export function session(page, title) {
  return group(page, "Sessions").getByRole("listitem").filter({ hasText: title });
}

/** Sets the dates of an event to one day. */
export async function setDay(page, day) {
  const dates = group(page, "Dates");
  // A month alone is no day, so this is not saved before the day is there.
  await dates.getByRole("combobox", { name: "Known to the" }).selectOption("day");
  await dates.getByRole("textbox", { name: "From" }).fill(day);
  await dates.getByText("Saved", { exact: true }).waitFor();
}

/** The values of all controls of the record on the screen, everything unfolded. */
export function controls(page) {
  return page.getByRole("main").evaluate(async (main) => {
    for (const folded of main.querySelectorAll("details:not([open])")) {
      const drawn = new Promise((resolve) => folded.addEventListener("toggle", resolve));
      folded.open = true;
      await drawn;
    }
    const value = (control) => (control.type === "checkbox" ? control.checked : control.value);
    const all = [...main.querySelectorAll("form :is(input, select, textarea)")];
    return all.map((control) => `${control.id}: ${value(control)}`).sort();
  });
}

/** Lets the server answer the next request of this method as if the session were an hour old. */
export async function refuseOnce(page, method, address) {
  const body = JSON.stringify({ code: "sign-in-again", message: "sign in again first" });
  const answer = { status: 403, contentType: "application/json", body };
  const refuse = async (route) => {
    if (route.request().method() !== method) return route.fallback();
    await route.fulfill(answer);
    return page.unroute(address, refuse);
  };
  await page.route(address, refuse);
}

/** What whoever has signed in a while ago reads. */
export const SIGN_IN_AGAIN = "For this you must have signed in within the last ten minutes";
