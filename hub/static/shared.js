// The map that another borough shares: drawn as any other, with nowhere to go from it.

import { couldNotDraw, drawOverlay, fetched } from "./overlay.js";

const holder = document.getElementById("overlay-map");

try {
  drawOverlay(holder, await fetched(holder.dataset.layer));
  holder.dataset.ready = "true";
} catch {
  couldNotDraw(holder);
}
