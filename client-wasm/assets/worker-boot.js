// The dedicated worker that holds the engine. The page sends it the compiled program first; the
// program sets `self.onmessage` before `init` returns. Messages that arrive in between are kept
// and delivered then, in their order.

import init from "/client.js";

const early = [];
const keep = (event) => early.push(event);

self.onmessage = async ({ data: program }) => {
  self.onmessage = null;
  self.addEventListener("message", keep);
  try {
    await init({ module_or_path: program });
    self.removeEventListener("message", keep);
    for (const { data, ports } of early) {
      self.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
    }
  } catch (error) {
    // Reaches the page as an `error` event of its Worker.
    self.reportError(error);
  }
};
