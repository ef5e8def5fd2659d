// What a first visit costs, and that a second one needs nothing from the network.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launchBrowser, newDevice, startServer } from "./harness.mjs";
import { holds, openAt, says, text, titled } from "./screen.mjs";

/**
 * Bytes that a first visit may cost, both ways, everything included: what it costs now and a
 * little more. About 900 kB of it are the client, 50 kB the records of the programme. The aim is
 * 500 kB in all, and docs/decisions/0009-small-page.md says how near one can come; lower it with
 * whatever makes a first visit smaller.
 */
const FIRST_VISIT = 993_000;

const PROGRAMME = "Mediterranean City-to-City Migration";

/** Bytes of everything a device asks for by HTTP, with headers, by name of the file. */
class Requests {
  #all = [];

  constructor(context) {
    context.on("requestfinished", (request) => this.#all.push(this.#measure(request)));
  }

  async #measure(request) {
    const [sizes, response] = await Promise.all([request.sizes(), request.response()]);
    const kept = response.fromServiceWorker();
    const bytes = sizes.responseBodySize + sizes.responseHeadersSize + sizes.requestHeadersSize;
    return [new URL(request.url()).pathname, kept ? 0 : bytes];
  }

  async byFile() {
    const files = new Map();
    for (const [path, bytes] of await Promise.all(this.#all)) {
      files.set(path, (files.get(path) ?? 0) + bytes);
    }
    return [...files].sort(([, a], [, b]) => b - a);
  }
}

/** A first visit: the overview is shown, the programme is here, the client is kept. */
async function firstVisit(t) {
  const server = await startServer(t, { demo: true });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const requests = new Requests(device.context);
  const page = await openAt(device, "/", PROGRAMME);
  await page.getByRole("link", { name: "16 Events" }).waitFor();
  await page.getByRole("link", { name: "21 Targeted city actions" }).waitFor();
  await says(page, "On the server");
  await device.kept(page);
  return { server, device, page, requests };
}

/** Chooses another language for the screens; `label` is what the control is called in this one. */
async function chooseLanguage(page, label, language) {
  await page.getByRole("banner").getByRole("combobox", { name: label }).selectOption(language);
}

test("a first visit is small", async (t) => {
  const { device, requests } = await firstVisit(t);
  const { received, sent } = device.bytes;
  const files = await requests.byFile();
  const http = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  for (const [path, bytes] of files) t.diagnostic(`${bytes} ${path}`);
  // The script of the service worker is in here too: the browser does not tell its size.
  t.diagnostic(`${received + sent - http} data over the socket`);
  t.diagnostic(`${received} received + ${sent} sent = ${received + sent} of ${FIRST_VISIT}`);
  const texts = files.map(([path]) => path).filter((path) => path.startsWith("/locales/"));
  assert.deepEqual(texts, ["/locales/en.json"], "texts are loaded in one language");
  assert.ok(received + sent <= FIRST_VISIT, `${received + sent} bytes are over ${FIRST_VISIT}`);
});

test("a second visit with the server off shows overview and record, and nothing is received", async (t) => {
  const { server, device, page } = await firstVisit(t);
  // A language that is used once is kept from then on.
  await chooseLanguage(page, "Language", "Français");
  await page.getByRole("link", { name: "Événements" }).first().waitFor();
  await chooseLanguage(page, "Langue", "English");
  await page.getByRole("link", { name: "Events" }).first().waitFor();
  await page.close();
  await server.stop();
  const answered = [];
  device.context.on("response", (response) => {
    if (!response.fromServiceWorker()) answered.push(response.url());
  });
  const before = device.bytes.received;

  const again = await openAt(device, "/", PROGRAMME);
  await again.getByRole("link", { name: "16 Events" }).click();
  await titled(again, "Events");
  await again.getByRole("link", { name: "Fostering the Right to the City for all" }).click();
  await titled(again, "Fostering the Right to the City for all");
  assert.equal(await text(again, "English").inputValue(), "Fostering the Right to the City for all");

  // So are the texts in the languages that were used. Another one has to wait.
  await chooseLanguage(again, "Language", "Français");
  await again.getByRole("link", { name: "Événements" }).first().waitFor();
  await chooseLanguage(again, "Langue", "English");
  await again.getByRole("link", { name: "Events" }).first().waitFor();
  await chooseLanguage(again, "Language", "Español");
  await again.getByText("The texts of this language could not be loaded.").waitFor();
  await holds(again.getByRole("banner").getByRole("combobox", { name: "Language" }), "en");
  await again.close();

  // The address of a record opens too, not only what is reached from the overview.
  const record = await openAt(device, "/cities/rabat", /Rabat/);
  await says(record, /Offline since/);
  assert.deepEqual([device.bytes.received - before, answered], [0, []]);
});
