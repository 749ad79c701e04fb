// The two maps of two periods: drawn on one scale, and moved together.

import { couldNotDraw, drawOverlay, fetched } from "./overlay.js";

const pair = document.getElementById("compare");
const holders = ["now", "then"].map((which) => document.getElementById(`map-of-${which}`));

function moveTogether(maps) {
  let isFollowing = false;
  for (const [one, other] of [maps, [...maps].reverse()]) {
    one.on("move", () => {
      if (isFollowing) return;
      isFollowing = true;
      other.setView(one.getCenter(), one.getZoom(), { animate: false });
      isFollowing = false;
    });
  }
}

try {
  const layers = await fetched(pair.dataset.layers);
  const maps = [
    drawOverlay(holders[0], layers.now),
    drawOverlay(holders[1], layers.then, { isLinked: false }),
  ].map(({ map }) => map);
  moveTogether(maps);
  for (const holder of holders) holder.dataset.ready = "true";
} catch {
  holders.forEach(couldNotDraw);
}
