// Zones on the map: the outlines of those there are, and the drawing of another, corner by corner. A click adds a corner,
// and so does the button, at the middle of the map, for those who move it by keyboard. Naming it is for the next page.

import { fetched } from "./overlay.js";

const INK = "#0b0c0c";
const MOST_CORNERS = 100;
const LEAST_CORNERS = 3;
const OUTLINE = { color: INK, dashArray: "6 4", fill: false, weight: 3 };
const CORNER = { color: INK, fillColor: "#fd0", fillOpacity: 1, radius: 5, weight: 2 };

const panel = document.getElementById("zones");

function words(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function button(text, act) {
  const made = words("button", text);
  made.type = "button";
  made.className = "govuk-button govuk-button--secondary";
  made.addEventListener("click", act);
  return made;
}

function addressOf(id) {
  return `${panel.dataset.zones}/${id}`;
}

async function showZones(map, addName) {
  const zones = await fetched(panel.dataset.outlines);
  const drawn = L.geoJSON(zones, { style: OUTLINE, interactive: false }).addTo(map);
  const list = panel.querySelector("ul");
  for (const layer of drawn.getLayers()) {
    const { id, name } = layer.feature.properties;
    addName(layer, name);
    const link = words("a", name);
    link.href = addressOf(id);
    link.className = "govuk-link";
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
}

function drawing(map, toGrid) {
  const corners = [];
  const shown = L.layerGroup().addTo(map);
  const told = words("p", "");
  told.setAttribute("role", "status");
  told.className = "govuk-body";
  const tools = document.createElement("div");
  tools.className = "govuk-button-group";
  const written = () => corners.map((corner) => toGrid(corner).map(Math.round).join(", ")).join("\n");
  const finish = button("Name and save it", () => {
    location.href = `${panel.dataset.zones}?${new URLSearchParams({ corners: written() })}`;
  });
  const back = button("Take the last corner back", () => {
    corners.pop();
    show();
  });
  const show = () => {
    shown.clearLayers();
    L.polygon(corners, { ...OUTLINE, interactive: false }).addTo(shown);
    for (const corner of corners) L.circleMarker(corner, { ...CORNER, interactive: false }).addTo(shown);
    finish.disabled = corners.length < LEAST_CORNERS;
    back.disabled = !corners.length;
    const last = corners.length ? `, the last at ${toGrid(corners.at(-1)).map(Math.round).join(", ")}` : "";
    told.textContent = `${corners.length} ${corners.length === 1 ? "corner" : "corners"}${last}.`;
  };
  const add = (corner) => {
    if (corners.length < MOST_CORNERS) corners.push(corner);
    show();
  };
  // Not the click itself, which a ward or square keeps to itself; what that opens is closed again.
  const onClick = (event) => add(event.latlng);
  const onPopup = () => map.closePopup();
  const stop = () => {
    map.off({ popupopen: onPopup, preclick: onClick });
    shown.remove();
    map.getContainer().classList.remove("overlay-map--drawing");
    tools.replaceWith(start);
    told.remove();
    start.focus();
  };
  const start = button("Draw a zone", () => {
    corners.length = 0;
    shown.addTo(map);
    map.on({ popupopen: onPopup, preclick: onClick });
    map.getContainer().classList.add("overlay-map--drawing");
    start.replaceWith(tools);
    tools.before(told);
    show();
    tools.querySelector("button").focus({ preventScroll: true });
  });
  tools.append(button("Add a corner at the middle of the map", () => add(map.getCenter())), back, finish, button("Stop", stop));
  return start;
}

export async function followZones(map, toGrid, addName) {
  if (!panel) return;
  if ("mayDraw" in panel.dataset) panel.append(drawing(map, toGrid));
  await showZones(map, addName).catch(() => panel.append(words("p", "The zones could not be drawn.")));
}
