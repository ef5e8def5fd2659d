// The dedicated worker that holds the engine. The page sends it the compiled program first; the
// program sets `self.onmessage` before `init` returns. Messages that arrive in between are kept
// and delivered then, in their order.

import init from "/client.js";

// Makes a key from a PIN, by a program of its own that is loaded when somebody has one.
self.deriveKey = async (...given) => {
  const { default: start } = await import("/lock/lock.js");
  await start();
  return self.makeKey(...given);
};

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
