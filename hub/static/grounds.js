// The map of a problem's place, the ground around it and its controls.

import { couldNotDraw, drawOverlay, fetched } from "./overlay.js";

const holder = document.getElementById("grounds-map");

try {
  const layer = await fetched(holder.dataset.layer);
  const { map } = drawOverlay(holder, layer);
  map.fitBounds(L.geoJSON(layer.wards).getBounds().pad(0.1), { animate: false });
  holder.dataset.ready = "true";
} catch {
  couldNotDraw(holder);
}
