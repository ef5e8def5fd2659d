// The official sync server in its usual make-up: automerge-repo on `ws`, documents in files.
// Called with the folder for the documents; says on standard output where it listens.

import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";

const [folder] = process.argv.slice(2);
const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
await new Promise((resolve) => sockets.on("listening", resolve));
new Repo({
  network: [new WebSocketServerAdapter(sockets)],
  storage: new NodeFSStorageAdapter(folder),
  peerId: "storage-server-bench",
  // As in the published sync server: it answers and never begins.
  sharePolicy: async () => false,
});
// The repo looks into its storage before it takes connections.
while (sockets.listenerCount("connection") === 0) {
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(`listening on http://127.0.0.1:${sockets.address().port}`);
process.on("SIGTERM", () => process.exit(0));
