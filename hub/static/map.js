// The map of the hotspot page.

import { followClock } from "./clock.js";
import { couldNotDraw, drawOverlay, fetched, gridOf } from "./overlay.js";
import { followZones } from "./zones.js";

const holder = document.getElementById("overlay-map");

// Whoever asks the same page for other months or offences goes on looking at the same ground.
function stayWhere(map) {
  const key = `view of ${location.pathname}`;
  const cameFromHere = document.referrer.startsWith(location.origin + location.pathname);
  const view = cameFromHere && JSON.parse(sessionStorage.getItem(key));
  if (view) map.setView(view.centre, view.zoom, { animate: false });
  map.on("moveend", () => sessionStorage.setItem(key, JSON.stringify({ centre: map.getCenter(), zoom: map.getZoom() })));
}

try {
  const layer = await fetched(holder.dataset.layer);
  const { map, addName } = drawOverlay(holder, layer);
  stayWhere(map);
  const toGrid = gridOf(layer.grid);
  followClock(map, toGrid);
  followZones(map, toGrid, addName);
  holder.dataset.ready = "true";
} catch {
  couldNotDraw(holder);
}
