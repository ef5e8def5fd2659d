// The dedicated worker that holds the engine: loads its WebAssembly, which sets `self.onmessage`
// before `init` returns. Messages that arrive earlier are kept and delivered then, in their order.

import init from "/worker.js";

const early = [];
const keep = (event) => early.push(event);
self.addEventListener("message", keep);

try {
  await init();
  self.removeEventListener("message", keep);
  for (const { data, ports } of early) {
    self.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
  }
} catch (error) {
  // Reaches the page as an `error` event of its Worker.
  self.reportError(error);
}
