// The official JavaScript client on Node against our server: by id, both ways, and refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeSyncMessage, getHeads, ImmutableString, updateText } from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

import { startServer } from "./harness.mjs";

/**
 * Runs `body` with a server and a function that connects a new client to it: a repo that keeps
 * nothing. The clients leave before the server does; one that has lost its server tries for ever.
 */
async function withServer(t, options, body) {
  const server = await startServer(t, options);
  const repos = [];
  const connect = () => {
    const adapter = new WebSocketClientAdapter(`${server.url.replace("http", "ws")}/sync`);
    const repo = new Repo({ network: [adapter] });
    const frames = [];
    adapter.on("message", (message) => frames.push(message));
    repos.push(repo);
    return { repo, adapter, frames };
  };
  const leave = async () => {
    for (const repo of repos.splice(0)) await repo.shutdown();
  };
  try {
    await body(server, connect, leave);
  } finally {
    await leave();
  }
}

/** Resolves when the document of `handle` fulfils `condition`. */
function until(handle, condition) {
  if (condition(handle.doc())) return Promise.resolve();
  return new Promise((resolve) => {
    handle.on("change", ({ doc }) => condition(doc) && resolve());
  });
}

/** The events of the server, as its JSON shows them. */
function events(server) {
  return server.json("/api/records?kind=event");
}

/** Resolves with the first frame from the server, past or future, that fulfils `condition`. */
function frame({ adapter, frames }, condition) {
  return new Promise((resolve) => {
    const look = () => {
      const found = frames.find(condition);
      if (found) resolve(found);
    };
    adapter.on("message", look);
    look();
  });
}

/** Resolves when the server has shown the heads that the document has now: it is on its disk. */
function kept(device, handle) {
  const heads = getHeads(handle.doc()).join();
  return frame(
    device,
    ({ type, documentId, data }) =>
      type === "sync" &&
      documentId === handle.documentId &&
      decodeSyncMessage(data).heads.join() === heads,
  );
}

test("two JavaScript clients edit an event of ours by its id and see each other's edits", (t) =>
  withServer(t, { demo: true }, async (server, connect) => {
    const event = (await events(server)).find((record) => record.key === "ev14");

    const first = await connect().repo.find(`automerge:${event.id}`);
    const second = await connect().repo.find(`automerge:${event.id}`);
    assert.equal(String(first.doc().kind), "event");

    first.change((doc) => updateText(doc, ["objectives"], "Written in JavaScript."));
    await until(second, (doc) => doc.objectives === "Written in JavaScript.");
    second.change((doc) => (doc.modality = new ImmutableString("hybrid")));
    await until(first, (doc) => String(doc.modality) === "hybrid");

    const seen = await server.json(`/api/records/${event.id}`);
    assert.equal(seen.fields.objectives, "Written in JavaScript.");
    assert.equal(seen.fields.modality, "hybrid");
    assert.deepEqual(seen.problems, []);
  }));

test("a document that is no record is refused with a reason, and records go on", (t) =>
  withServer(t, { demo: true }, async (server, connect) => {
    const device = connect();
    const foreign = device.repo.create({ note: "not a record" });
    const answer = await frame(
      device,
      ({ type, documentId }) => type === "doc-unavailable" && documentId === foreign.documentId,
    );
    assert.equal(answer.code, "no-kind");
    assert.match(answer.message, /does not say/);

    const [event] = await events(server);
    const handle = await device.repo.find(`automerge:${event.id}`);
    assert.equal(String(handle.doc().kind), "event");
    await assert.rejects(connect().repo.find(foreign.url), /unavailable/);
  }));

test("with --foreign-documents other documents are kept over a restart", (t) =>
  withServer(t, { args: ["--foreign-documents"] }, async (server, connect, leave) => {
    const author = connect();
    const note = author.repo.create({ note: "kept", seen: false });
    const watched = new Promise((resolve) => note.on("change", ({ doc }) => doc.seen && resolve()));

    await kept(author, note);
    const reader = connect();
    const copy = await reader.repo.find(note.url);
    assert.equal(copy.doc().note, "kept");
    copy.change((doc) => (doc.seen = true));
    await watched;
    await kept(reader, copy);

    await leave();
    await server.stop();
    await server.start();
    const later = await connect().repo.find(note.url);
    assert.equal(later.doc().seen, true);
  }));
