// A client of its own, written from docs/protocol.md alone, against our server: it reads the list,
// checks the root, wants an event, changes it, and is told that the change is on the disk.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";

import { getHeads, init, loadIncremental, saveSince, change, updateText } from "@automerge/automerge";
import { Encoder } from "cbor-x";
import WebSocket from "ws";

import { startServer } from "./harness.mjs";

const cbor = new Encoder({ useRecords: false, tagUint8Array: false });
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The 16 bytes of a document id in base58check. */
function idBytes(text) {
  const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let number = 0n;
  for (const digit of text) number = number * 58n + BigInt(digits.indexOf(digit));
  const bytes = Buffer.from(number.toString(16).padStart(40, "0"), "hex");
  const id = bytes.subarray(0, 16);
  assert.deepEqual(bytes.subarray(16), sha256(sha256(id)).subarray(0, 4), `checksum of ${text}`);
  return id;
}

/** A number of some bytes, lowest first. */
function lowestFirst(number, length) {
  return Buffer.from(number.toString(16).padStart(2 * length, "0"), "hex").reverse();
}

/** The root of a set: `documents` maps ids in hex to heads, one after the other. */
function rootOf(documents) {
  let [sum, count] = [0n, 0n];
  for (const [id, heads] of documents) {
    if (heads.length === 0) continue;
    sum += BigInt(`0x${hex(sha256(Buffer.from(id, "hex"), heads).reverse())}`);
    count += 1n;
  }
  const total = lowestFirst(sum % 2n ** 256n, 32);
  return { root: sha256(total, lowestFirst(count, 8)), count: Number(count) };
}

/** The heads of a document as the wire has them. */
function headsOf(doc) {
  return Buffer.from(getHeads(doc).sort().join(""), "hex");
}

class Device {
  #parts = [];
  #frames = [];
  #wake = () => {};

  /** Connects. `known` is what a device before this one knew: its mirror and its `seq`. */
  constructor(t, server, known = { mirror: new Map(), seq: 0 }) {
    this.mirror = new Map(known.mirror);
    this.seq = known.seq;
    this.pages = 0;
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}/sync`);
    t.after(() => this.socket.terminate());
    this.socket.on("message", (bytes) => {
      this.#frames.push(bytes);
      this.#wake();
    });
    const peerMetadata = { isEphemeral: true, meltemi: 2 };
    this.socket.on("open", () => {
      const join = { type: "join", senderId: "own", peerMetadata };
      this.send({ ...join, supportedProtocolVersions: ["1"] });
    });
  }

  send(frame) {
    this.socket.send(cbor.encode(frame));
  }

  say(body) {
    this.send({ type: "meltemi-exchange", data: cbor.encode(body) });
  }

  /** The next whole frame. */
  async frame() {
    while (this.#frames.length === 0) await new Promise((resolve) => (this.#wake = resolve));
    const frame = cbor.decode(this.#frames.shift());
    assert.notEqual(frame.type, "error", frame.message);
    if (frame.type !== "meltemi-part") return frame;
    this.#parts.push(frame.data);
    if (frame.left > 0) return this.frame();
    return cbor.decode(Buffer.concat(this.#parts.splice(0)));
  }

  /** The next body, with what it says of the server taken into the mirror. */
  async exchange() {
    const frame = await this.frame();
    assert.equal(frame.type, "meltemi-exchange");
    const body = cbor.decode(frame.deflated ? inflateRawSync(frame.deflated) : frame.data);
    for (const [id, heads] of body.heads ?? []) this.mirror.set(hex(id), heads);
    this.seq = body.seq ?? this.seq;
    return body;
  }

  /** The next body for which `found` gives something, and what it gives. */
  async until(found) {
    for (;;) {
      const result = found(await this.exchange());
      if (result) return result;
    }
  }

  /** Handshake and list; the root must be the one of the mirror. */
  async follow() {
    const peer = await this.frame();
    assert.equal(peer.selectedProtocolVersion, "1");
    assert.ok(peer.peerMetadata.storageId && peer.peerMetadata.meltemi >= 2);
    this.send({ type: "meltemi-hello", seq: this.seq, ...rootOf(this.mirror) });
    const [root, count] = await this.until((body) => {
      if (!body.listed) this.pages += 1;
      return body.listed;
    });
    const mine = rootOf(this.mirror);
    assert.equal(hex(mine.root), hex(root), "the mirror is what the server has");
    assert.equal(mine.count, count);
  }

  /** Resolves with the bytes of the next changes of a document. */
  changesOf(id) {
    return this.until(({ changes = [] }) => changes.find(([of]) => hex(of) === hex(id))?.[1]);
  }

  /** Resolves when the server has these heads on its disk. */
  acknowledged(id, heads) {
    return this.until(() => hex(this.mirror.get(hex(id)) ?? []) === hex(heads));
  }
}

test("the root of the document's example is worked out", async () => {
  const text = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const value = (name) => text.split(`| \`${name}\` | \``)[1].split("`")[0];
  const documents = [
    ["01".repeat(16), Buffer.alloc(32, 0xaa)],
    ["02".repeat(16), Buffer.concat([Buffer.alloc(32, 0xbb), Buffer.alloc(32, 0xcc)])],
  ];
  assert.equal(hex(rootOf(documents).root), value("root"));
  assert.equal(hex(rootOf([]).root), value("root of nothing"));
});

test("a client written from the document lists, wants, changes and is acknowledged", async (t) => {
  const server = await startServer(t, { demo: true });
  const [event] = await server.json("/api/records?kind=event");
  const id = idBytes(event.id);

  const device = new Device(t, server);
  await device.follow();
  assert.ok(device.pages > 0 && device.mirror.has(hex(id)));
  device.say({ want: [[id, Buffer.alloc(0)]] });
  let doc = loadIncremental(init(), await device.changesOf(id));
  assert.equal(hex(headsOf(doc)), hex(device.mirror.get(hex(id))));

  const other = new Device(t, server);
  await other.follow();
  other.say({ want: [[id, Buffer.alloc(0)]] });
  let copy = loadIncremental(init(), await other.changesOf(id));

  const before = getHeads(doc);
  doc = change(doc, (draft) => updateText(draft, ["objectives"], "By another client."));
  device.say({ changes: [[id, saveSince(doc, before)]] });
  await device.acknowledged(id, headsOf(doc));
  const seen = await server.json(`/api/records/${event.id}`);
  assert.equal(seen.fields.objectives, "By another client.");
  assert.deepEqual(seen.problems, []);

  copy = loadIncremental(copy, await other.changesOf(id));
  assert.equal(copy.objectives, "By another client.");

  device.say({ changes: [[id, Buffer.from("no change")]] });
  const [, code] = await device.until(({ refused }) => refused?.[0]?.slice(0, 2));
  assert.equal(code, "bad-chunk");

  const later = new Device(t, server, device);
  await later.follow();
  assert.equal(later.pages, 0, "what is known is not listed again");
});
