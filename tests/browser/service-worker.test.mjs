// What the service worker keeps of the version before it when it takes over. It runs here with
// caches and a network made for it, as a browser gives no say in when it takes over.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import vm from "node:vm";

import { setting } from "./harness.mjs";

const OLDER = "meltemi-shell-older";
const TEXT = "/locales/fr.json";

class Caches {
  #all = new Map();

  async open(name) {
    if (!this.#all.has(name)) this.#all.set(name, new Kept());
    return this.#all.get(name);
  }

  async match(path) {
    for (const cache of this.#all.values()) {
      const found = await cache.match(path);
      if (found) return found;
    }
    return undefined;
  }

  async keys() {
    return [...this.#all.keys()];
  }

  async delete(name) {
    return this.#all.delete(name);
  }
}

class Kept {
  #files = new Map();

  async match(path) {
    return this.#files.get(path)?.clone();
  }

  async put(path, response) {
    this.#files.set(path, response);
  }
}

/**
 * The service worker, installed by somebody without a PIN, after which the version before it has
 * come to need the program for PINs and another language. `take` has it take over and says what is
 * kept then; `serves` says of which files the server has the new version. The version before may be
 * `without` one part of that program.
 */
async function worker({ without = false } = {}) {
  const source = await readFile(join(setting("MELTEMI_WEB"), "service-worker.js"), "utf8");
  const caches = new Caches();
  const listeners = new Map();
  const network = { serves: () => true };
  const fetch = async (path, { cache } = {}) => {
    // The browser itself has loaded nothing yet.
    if (cache === "only-if-cached" || !network.serves(path)) throw new TypeError("no network");
    return new Response("new");
  };
  const self = {
    addEventListener: (event, listener) => listeners.set(event, listener),
    clients: { claim: async () => {} },
    location: { origin: "https://meltemi.example" },
  };
  const globals = { self, caches, fetch, navigator: { languages: ["en"] }, URL };
  const paths = vm.runInNewContext(`${source}; [...PATHS.keys()]`, globals);
  const happen = async (event) => {
    let done;
    listeners.get(event)({ waitUntil: (promise) => (done = promise) });
    await done;
  };
  await happen("install");
  const lock = [...paths].filter((path) => path.startsWith("/lock/"));
  assert.ok(lock.length > 1, "the program for PINs has several parts");
  for (const path of [...lock, TEXT]) assert.equal(await caches.match(path), undefined);
  const older = await caches.open(OLDER);
  const had = without ? lock.slice(0, -1) : lock;
  for (const path of [...had, TEXT]) await older.put(path, new Response("old"));
  return {
    lock,
    async take(serves) {
      network.serves = serves;
      await happen("activate");
      assert.equal((await caches.keys()).length, 1, "the older cache is gone");
      const kept = [...lock, TEXT].map(async (path) => (await caches.match(path))?.text());
      return Promise.all(kept);
    },
  };
}

test("what came into use before a new version takes over is kept in the new version", async () => {
  const { lock, take } = await worker();
  assert.deepEqual(await take(() => true), [...lock, TEXT].map(() => "new"));
});

test("without the server, what came into use is kept as it was", async () => {
  const { lock, take } = await worker();
  assert.deepEqual(await take(() => false), [...lock, TEXT].map(() => "old"));
});

test("the program for PINs is kept in one version when a part of the new one cannot be had", async () => {
  const { lock, take } = await worker();
  const kept = await take((path) => path !== lock.at(-1));
  assert.deepEqual(kept, [...lock.map(() => "old"), "new"]);
});

test("without the server, a program for PINs to which a part was added is kept as it was", async () => {
  const { lock, take } = await worker({ without: true });
  const kept = lock.slice(0, -1).map(() => "old");
  assert.deepEqual(await take(() => false), [...kept, undefined, "old"]);
});
