// What the browser tests are made of: a server that can be killed and started again, devices with
// a network of their own that can be cut and counts its bytes, and the accessibility check.
//
// Everything is given the test (`t`) it belongs to and is cleaned up with it, passed or failed.
// Nothing in here waits for time to pass; it waits for the event itself. Only a line that was made
// slow takes its time.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

import { after } from "./line-time.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Bytes that a slow line carries in one piece. */
const PACKET = 1400;

/** What `cargo xtask test` puts into the environment. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test\``);
  return value;
}

/** An empty folder that goes with the test. */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "meltemi-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs `meltemi import` on a file, for a server that is not running. */
export async function importFile(file, data) {
  const child = spawn(setting("MELTEMI_BIN"), ["import", file, "--data", data], { stdio: "pipe" });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (said += text));
  }
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the import ended with ${code}:\n${said}`);
}

/**
 * Starts `meltemi serve` and resolves when it is ready.
 *
 * `data` is the folder of its records (a temporary one unless given), `demo` loads the reference
 * programme, `port` 0 takes a free one, `args` are further arguments of the command line. Unless
 * `open` is false, everybody is let in; otherwise `invitation` is the link for the first
 * coordinator.
 */
export async function startServer(
  t,
  { data, demo = false, port = 0, args = [], open = true } = {},
) {
  const folder = data ?? (await temporaryFolder(t));
  const server = new Server(folder, demo, port, open ? ["--open", ...args] : args);
  t.after(() => server.stop("SIGKILL"));
  await server.start();
  return server;
}

class Server {
  #demo;
  #args;
  #child;

  constructor(data, demo, port, args) {
    this.data = data;
    this.port = port;
    this.#demo = demo;
    this.#args = args;
    /** Everything the server has logged, over all its runs. */
    this.log = "";
    /** The link for the first coordinator, if there was one. */
    this.invitation = undefined;
  }

  /** The address of the server; the same after each `start`. */
  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the server, again if it was stopped: same port, same records. */
  async start() {
    const options = ["--listen", `127.0.0.1:${this.port}`, "--data", this.data];
    options.push("--web", setting("MELTEMI_WEB"), ...(this.#demo ? ["--demo"] : []));
    const child = spawn(setting("MELTEMI_BIN"), ["serve", ...options, ...this.#args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const from = this.log.length;
    child.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));

    const ready = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        const log = this.log.slice(from);
        reject(new Error(`the server ended (${signal ?? code}) before it was ready:\n${log}`));
      });
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.invitation = /\bhttps?:\/\/\S+\/#\/join\/\S+/.exec(line)?.[0] ?? this.invitation;
        const address = /^listening on (http:\/\/\S+)$/.exec(line);
        if (address) resolve(new URL(address[1]));
      });
    });
    this.port = Number(ready.port);
  }

  /** Ends the server with a signal, and resolves with its exit code (null after a kill). */
  async stop(signal = "SIGTERM") {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  /** What the server answers as JSON; a status that is no success is an error. */
  async json(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) {
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    }
    return response.json();
  }
}

/** Starts Chromium without a window. */
export async function launchBrowser(t) {
  const browser = await chromium.launch({
    executablePath: setting("CHROMIUM"),
    headless: true,
    args: FLAGS,
  });
  t.after(() => browser.close());
  return browser;
}

/**
 * A new device: storage of its own, a network of its own to `server`.
 *
 * `options` are those of Playwright's `newContext`: locale, viewport, colorScheme and so on.
 */
export async function newDevice(t, browser, server, options = {}) {
  const network = new Network(server);
  await network.restore();
  const context = await browser.newContext({
    baseURL: network.url,
    locale: "en-GB",
    serviceWorkers: "allow",
    ...options,
  });
  t.after(async () => {
    await context.close();
    await network.cut();
  });
  return new Device(context, network);
}

/**
 * A device whose browser keeps everything in a folder of its own, so that it can be closed, looked
 * into and started again.
 */
export async function newProfile(t, server, options = {}) {
  const network = new Network(server);
  await network.restore();
  const folder = await mkdtemp(join(tmpdir(), "meltemi-"));
  let context;
  const profile = {
    folder,
    async start() {
      context = await chromium.launchPersistentContext(folder, {
        executablePath: setting("CHROMIUM"),
        headless: true,
        args: FLAGS,
        baseURL: network.url,
        locale: "en-GB",
        serviceWorkers: "allow",
        ...options,
      });
      return new Device(context, network);
    },
    async close() {
      await context?.close();
      context = undefined;
    },
  };
  t.after(async () => {
    await profile.close();
    await network.cut();
    await rm(folder, { recursive: true, force: true });
  });
  return profile;
}

class Device {
  #network;

  constructor(context, network) {
    this.context = context;
    this.#network = network;
    /** Errors of all pages: exceptions nobody caught, and what was written to console.error. */
    this.errors = [];
    context.on("weberror", (error) => this.errors.push(String(error.error())));
    context.on("console", (line) => {
      // A browser notes by itself that a server was not reached; the status says it to people.
      if (/^Failed to load resource: net::ERR_/.test(line.text())) return;
      if (line.type() === "error") this.errors.push(`${line.text()} (${line.location().url})`);
    });
  }

  /** Opens a tab at a path of the client. */
  async open(path = "/") {
    const page = await this.context.newPage();
    await page.goto(path);
    return page;
  }

  /** The network goes: every connection breaks, none can be made, and the browser is told so. */
  async goOffline() {
    await this.#network.cut();
    await this.context.setOffline(true);
  }

  /** Bytes that came in over lines that carry records. */
  get recordBytes() {
    return this.#network.records;
  }

  /** The network is back. */
  async goOnline() {
    await this.#network.restore();
    await this.context.setOffline(false);
  }

  /**
   * Makes the line that carries records slow from now on: bits a second each way, and milliseconds
   * on the way. The client's own files still come at once.
   */
  slowDown(bits, delay) {
    this.#network.slow = { bits, delay };
  }

  /** Every connection breaks, and new ones can be made at once. */
  async breakConnections() {
    await this.#network.cut();
    await this.#network.restore();
  }

  /** Bytes that came in and went out since the device was made, headers and frames included. */
  get bytes() {
    return { received: this.#network.received, sent: this.#network.sent };
  }

  /** Resolves when the client is kept on this device, so that it opens without a connection. */
  async kept(page) {
    await page.evaluate(async () => {
      const { serviceWorker } = navigator;
      const taken = new Promise((resolve) => {
        serviceWorker.addEventListener("controllerchange", resolve, { once: true });
      });
      await serviceWorker.ready;
      // From then on all that this page loads goes through it.
      if (!serviceWorker.controller) await taken;
    });
  }
}

/**
 * A connection of one device: passes on bytes, counts them, and can be cut.
 *
 * The offline mode of a browser leaves open WebSockets alone and does not reach all workers; a
 * connection that is gone does. It also sees every byte, whoever in the browser asked for it.
 */
class Network {
  #server;
  #listener;
  #port = 0;
  #sockets = new Set();
  /** When the line is free again, by direction. */
  #free = { sent: 0, received: 0 };

  constructor(server) {
    this.#server = server;
    /** Bits a second and milliseconds of delay, if it is slow. */
    this.slow = undefined;
    this.records = 0;
    this.received = 0;
    this.sent = 0;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  async restore() {
    if (this.#listener) return;
    this.#listener = net.createServer((socket) => this.#pass(socket));
    this.#listener.listen(this.#port, "127.0.0.1");
    await once(this.#listener, "listening");
    this.#port = this.#listener.address().port;
  }

  async cut() {
    if (!this.#listener) return;
    const closed = once(this.#listener, "close");
    this.#listener.close();
    this.#listener = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(near) {
    const far = net.connect(this.#server.port, "127.0.0.1");
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      // A broken connection is what this class is for; the other half breaks with it.
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    const line = { records: false };
    near.once("data", (bytes) => (line.records = bytes.toString("latin1").startsWith("GET /sync")));
    this.#carry(near, far, "sent", line);
    this.#carry(far, near, "received", line);
  }

  /** Passes on what comes until one of the sockets is closed. Counts what has arrived. */
  async #carry(from, to, direction, line) {
    const arrive = (bytes) => {
      if (!to.writable) return;
      this[direction] += bytes.length;
      if (line.records && direction === "received") this.records += bytes.length;
      to.write(bytes);
    };
    try {
      for await (const bytes of from) {
        if (!this.slow || !line.records) {
          arrive(bytes);
          continue;
        }
        for (let at = 0; at < bytes.length && to.writable; at += PACKET) {
          const { bits, delay } = this.slow;
          const packet = bytes.subarray(at, at + PACKET);
          const begin = Math.max(performance.now(), this.#free[direction]);
          this.#free[direction] = begin + (packet.length * 8000) / bits;
          await after(this.#free[direction] - performance.now());
          after(delay).then(() => arrive(packet));
        }
      }
      if (this.slow) await after(this.slow.delay + 1);
      to.end();
    } catch {
      // It was cut.
    }
  }
}

/**
 * Fails with a readable list if the page, or the `part` of it with this selector, breaks a rule of
 * WCAG 2.2 AA that a machine can check.
 */
export async function checkAccessible(page, part) {
  // What fades is judged when it has faded, and not half way.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) {
      if (Number.isFinite(animation.effect.getComputedTiming().endTime)) animation.finish();
    }
  });
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const builder = new AxeBuilder({ page }).withTags(tags);
  const { violations } = await (part ? builder.include(part) : builder).analyze();
  if (violations.length === 0) return;
  const list = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n    ${node.html}`),
  );
  throw new Error(`${page.url()} is not accessible:\n  ${list.join("\n  ")}`);
}
