// The time that bytes take on a slow line. This is the only place where time passes on purpose: the
// line is what is tested, and no test waits for it otherwise than by what arrives.

import { setTimeout } from "node:timers/promises";

/** Resolves when this many milliseconds have passed. */
export const after = (milliseconds) => setTimeout(milliseconds);
