// The official JavaScript client on Node against our server: by id, both ways, and refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeSyncMessage, getHeads, ImmutableString, updateText } from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

import WebSocket from "ws";

import { startServer } from "./harness.mjs";

/**
 * Runs `body` with a server and a function that connects a new client to it: a repo that keeps
 * nothing. The clients leave before the server does; one that has lost its server tries for ever.
 */
async function withServer(t, options, body) {
  const server = await startServer(t, options);
  const repos = [];
  const connect = (token) => {
    const adapter = new WebSocketClientAdapter(address(server, token));
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

/** Where clients connect, with a token if there is one. */
function address(server, token) {
  const query = token ? `?access_token=${token}` : "";
  return `${server.url.replace("http", "ws")}/sync${query}`;
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

/** Somebody who accepts the invitation `link` on a server with accounts. */
class Person {
  #server;
  #cookie = "";

  static async join(server, link, name) {
    const person = new Person();
    person.#server = server;
    const form = {
      secret: link.split("/").at(-1),
      name,
      email: `${name}@cities.example`,
      password: "a lighthouse keeper",
    };
    const answer = await person.#send("POST", "/api/join", form);
    person.#cookie = answer.headers.get("set-cookie").split(";")[0];
    return person;
  }

  /** A link for somebody with this role in the reference programme. */
  async invite(role) {
    const made = await this.#send("POST", "/api/invitations", { programme: "mc2cm", role });
    return (await made.json()).secret;
  }

  /** A new personal access token, and how to take it back. */
  async token(...scopes) {
    const made = await this.#send("POST", "/api/tokens", { name: "interop", scopes });
    const { id, secret } = await made.json();
    return { secret, takeBack: () => this.#send("DELETE", `/api/tokens/${id}`) };
  }

  async #send(method, path, body) {
    const headers = {
      origin: this.#server.url,
      cookie: this.#cookie,
      "content-type": "application/json",
    };
    const sent = { method, headers, body: body && JSON.stringify(body) };
    const answer = await fetch(this.#server.url + path, sent);
    assert.ok(answer.ok, `${method} ${path} answered ${answer.status}`);
    return answer;
  }
}

/** What a server with accounts answers to a token as JSON. */
async function read(server, token, path) {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(server.url + path, { headers })).json();
}

/** The status with which a connection is refused. */
function refusal(server, token) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address(server, token));
    socket.on("open", () => reject(new Error("the connection is open")));
    socket.on("error", reject);
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode);
    });
  });
}

test("with a token a JavaScript client reads and writes what its member may", (t) =>
  withServer(t, { demo: true, open: false }, async (server, connect) => {
    const ana = await Person.join(server, server.invitation, "ana");
    const ben = await Person.join(server, await ana.invite("reader"), "ben");
    const [all, few] = [await ana.token("sync", "read"), await ben.token("sync", "read")];
    const records = await read(server, all.secret, "/api/records?kind=event");
    const [event, hidden] = ["ev14", "ev15"].map((of) => records.find(({ key }) => key === of));
    const writer = connect(all.secret);
    const closed = await writer.repo.find(`automerge:${hidden.id}`);
    closed.change((doc) => (doc.confidentiality = new ImmutableString("closed")));
    await kept(writer, closed);
    const seen = (await read(server, few.secret, "/api/records")).map(({ id }) => id);
    assert.deepEqual([seen.includes(event.id), seen.includes(hidden.id)], [true, false]);

    const mine = await writer.repo.find(`automerge:${event.id}`);
    mine.change((doc) => updateText(doc, ["objectives"], "Written by ana."));

    const { repo } = connect(few.secret);
    const copy = await repo.find(`automerge:${event.id}`);
    await until(copy, (doc) => doc.objectives === "Written by ana.");
    copy.change((doc) => updateText(doc, ["objectives"], "Not for readers."));
    // What is asked for later is answered later, and the answer is the same for what is not there.
    await assert.rejects(repo.find(`automerge:${hidden.id}`), /unavailable/);
    await assert.rejects(repo.find("automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu"), /unavailable/);
    mine.change((doc) => (doc.modality = new ImmutableString("hybrid")));
    await until(copy, (doc) => String(doc.modality) === "hybrid");
    const { fields } = await read(server, all.secret, `/api/records/${event.id}`);
    assert.equal(fields.objectives, "Written by ana.");
    assert.equal(fields.modality, "hybrid");

    const [other, old] = [await ben.token("read"), await ben.token("sync")];
    await old.takeBack();
    assert.equal(await refusal(server), 401);
    assert.equal(await refusal(server, other.secret), 403);
    assert.equal(await refusal(server, old.secret), 401);
  }));
