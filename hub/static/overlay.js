// Draws an overlay on a canvas, for the pages that have one: wards as they come, squares from their column and row. Text
// goes in as text only. Colours and words are the legend's; without this script the table has the same content.

const SOFT_LINE = "#6f777b";
const INK = "#0b0c0c";
const DEGREE = 3; // of the polynomials below; layers.py fits them
const CONTOURS = { 25: { weight: 2 }, 50: { dashArray: "6 3", weight: 1.5 }, 75: { dashArray: "1 3", weight: 1 } };
const NAMED = /^(hot|risen|new|diminishing|historical|gap|quiet-gap)/; // classes whose wards are named on the map
const NAMED_AT_MOST = 8;
const SEEN_THROUGH = 0.7; // how opaque an overlay is over a background map
const MARGIN = 10; // pixels between the area and the map's edge
const POPUP = { autoPanPaddingTopLeft: [55, 10], maxWidth: 340 }; // clear of the zoom buttons

const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// --- Looks: read from the legend -------------------------------------------------------------------------------------

// Lines of a tile of 8 pixels, each from one point to another; slanting ones are drawn beyond its corners.
const HATCHES = {
  slanting: [[-8, 8, 0, 0], [0, 8, 8, 0], [8, 8, 16, 0]],
  falling: [[-8, 0, 0, 8], [0, 0, 8, 8], [8, 0, 16, 8]],
  upright: [[4, 0, 4, 8]],
  level: [[0, 4, 8, 4]],
  crossed: [[4, 0, 4, 8], [0, 4, 8, 4]],
  dotted: [[2.75, 4, 5.25, 4]],
};

function hatching(colour, pattern) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  for (const [fromX, fromY, toX, toY] of HATCHES[pattern] ?? HATCHES.slanting) {
    pen.moveTo(fromX, fromY);
    pen.lineTo(toX, toY);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function looksOfLegend() {
  const looks = new Map();
  for (const swatch of document.querySelectorAll("[data-class]")) {
    const style = getComputedStyle(swatch);
    const isHatched = style.getPropertyValue("--hatched").trim() === "1";
    looks.set(swatch.dataset.class, {
      fillColor: isHatched ? hatching(style.backgroundColor, style.getPropertyValue("--pattern").trim()) : style.backgroundColor,
      words: swatch.nextSibling.textContent.trim(),
    });
  }
  return looks;
}

const UNKNOWN = { fillColor: "#fff", words: "No figure" };

// --- What is drawn ---------------------------------------------------------------------------------------------------

function popup(holder, title, facts, code) {
  const box = element("div", undefined, "overlay-popup");
  box.tabIndex = -1;
  box.append(element("p", title, "overlay-popup__title"));
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("dt", name), element("dd", value));
  box.append(list);
  for (const [words, address] of [["Look closer", holder.dataset.place], ["Open a problem here", holder.dataset.open]]) {
    if (!address) continue;
    const more = element("a", words, "govuk-link overlay-popup__way");
    more.href = `${address}&unit=${encodeURIComponent(code)}`;
    box.append(more);
  }
  return box;
}

function wardLayers(holder, wards, looks, units) {
  const drawn = L.geoJSON(wards, {
    style: (ward) => ({
      color: SOFT_LINE,
      fillColor: (looks.get(ward.properties.class) ?? UNKNOWN).fillColor,
      fillOpacity: 1,
      weight: 0.8,
    }),
    onEachFeature(ward, layer) {
      const [[, name], ...facts] = ward.properties.facts;
      units.set(ward.properties.code, layer);
      layer.bindPopup(() => popup(holder, name, facts, ward.properties.code), POPUP);
      layer.bindTooltip(() => element("span", name), { sticky: true });
    },
  });
  const hot = drawn.getLayers().filter((layer) => NAMED.test(layer.feature.properties.class));
  return { drawn, named: hot.length <= NAMED_AT_MOST ? hot : [] };
}

function polynomial(coefficients, u, v) {
  let sum = 0;
  let term = 0;
  for (let i = 0; i <= DEGREE; i += 1) {
    for (let j = 0; j <= DEGREE - i; j += 1) sum += coefficients[term++] * u ** i * v ** j;
  }
  return sum;
}

function lattice(cells) {
  return (column, row) => {
    const [u, v] = [column / cells.columns, row / cells.rows];
    return [polynomial(cells.latitude, u, v), polynomial(cells.longitude, u, v)];
  };
}

// Where a place of the map lies on the National Grid: easting and northing in metres.
export function gridOf({ longitude, latitude, easting, northing }) {
  const share = (degrees, [low, high]) => Math.min(1, Math.max(0, (degrees - low) / (high - low)));
  return ({ lat, lng }) => {
    const [u, v] = [share(lng, longitude), share(lat, latitude)];
    return [polynomial(easting, u, v), polynomial(northing, u, v)];
  };
}

function cellLayers(holder, cells, looks, units) {
  const corner = lattice(cells);
  const square = (column, row) =>
    [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, up]) => corner(column + right, row + up));
  const name = (column, row) => `${cells.side}m-E${cells.west + column * cells.side}-N${cells.south + row * cells.side}`;
  const drawn = L.featureGroup();
  cells.column.forEach((column, at) => {
    const row = cells.row[at];
    const look = looks.get(cells.classes[cells.class[at]]) ?? UNKNOWN;
    const style = { color: look.fillColor, fillColor: look.fillColor, fillOpacity: 1, weight: 0.5 };
    const layer = L.polygon(square(column, row), style);
    layer.bindPopup(() =>
      popup(holder, cells.ward[at] || "Outside every ward", [
        [cells.measure[0].toUpperCase() + cells.measure.slice(1), cells.count[at].toLocaleString("en-GB")],
        [cells.figure, cells.value[at].toLocaleString("en-GB")],
        ["Result", look.words],
        ["Square", name(column, row)],
      ], name(column, row)),
      POPUP,
    );
    units.set(name(column, row), layer);
    layer.addTo(drawn);
  });
  return { drawn, square };
}

// The lines of a density layer, which come after it.
async function addContours(holder, map) {
  const contours = await fetched(holder.dataset.contours);
  L.geoJSON(contours, {
    style: (contour) => ({ color: INK, ...CONTOURS[contour.properties.share] }),
    interactive: false,
  }).addTo(map);
}

// The neighbours' part of what crosses the border: a band and a name, with nothing to open.
function beyondLayers(places, looks) {
  return L.geoJSON(places, {
    style: (place) => ({ color: SOFT_LINE, dashArray: "4 3", fillColor: (looks.get(place.properties.class) ?? UNKNOWN).fillColor, fillOpacity: 1, weight: 1 }),
    onEachFeature(place, layer) {
      const { words } = looks.get(place.properties.class) ?? UNKNOWN;
      layer.bindTooltip(() => element("span", `${place.properties.name}: ${words}`), { sticky: true });
    },
  });
}

function boroughLayers(boroughs) {
  return L.geoJSON(boroughs, {
    style: { color: INK, fill: false, weight: 2 },
    interactive: false,
  });
}

// --- Names on the map ------------------------------------------------------------------------------------------------

function nameOnMap(map, layer, name) {
  return L.tooltip({ className: "overlay-place", direction: "center", permanent: true })
    .setLatLng(layer.getCenter())
    .setContent(element("span", name))
    .addTo(map);
}

// Names come in order of weight; one that would lie over an earlier one is hidden until there is room. Gives what parts
// them anew.
function keepApart(map, names) {
  const part = () => {
    const shown = [];
    for (const name of names) {
      const holder = name.getElement();
      const box = holder.getBoundingClientRect();
      const meets = shown.some(
        (other) =>
          box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom,
      );
      holder.classList.toggle("overlay-place--hidden", meets);
      if (!meets) shown.push(box);
    }
  };
  map.on("zoomend", part);
  part();
  return part;
}

// --- From the table to the map ---------------------------------------------------------------------------------------

function linkTable(holder, map, find) {
  for (const cell of document.querySelectorAll("[data-unit]")) {
    const button = element("button", cell.textContent, "overlay-show");
    button.type = "button";
    button.append(element("span", " – show on the map", "govuk-visually-hidden"));
    button.addEventListener("click", () => {
      const layer = find(cell.dataset.unit, cell);
      holder.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      map.fitBounds(layer.getBounds().pad(1), { animate: false, maxZoom: 15 });
      layer.openPopup();
      layer.getPopup().getElement()?.querySelector(".overlay-popup")?.focus({ preventScroll: true });
      layer.once("popupclose", () => button.focus({ preventScroll: true }));
    });
    cell.replaceChildren(button);
  }
}

// A square that has no colour is outlined when it is asked for, with what its row says.
function squareFinder(holder, cells, square, units, map) {
  const titles = [...document.querySelectorAll(".overlay-table thead th")].map((title) => title.textContent.trim());
  return (code, cell) => {
    if (!units.has(code)) {
      const [, west, south] = code.match(/E(\d+)-N(\d+)$/).map(Number);
      const corners = square((west - cells.west) / cells.side, (south - cells.south) / cells.side);
      const layer = L.polygon(corners, { color: INK, fill: false, weight: 2 });
      const [, ...facts] = titles.map((title, at) => [title, cell.closest("tr").cells[at].textContent.trim()]);
      layer.bindPopup(() => popup(holder, cell.firstChild.firstChild.textContent, facts, code), POPUP);
      units.set(code, layer.addTo(map));
    }
    return units.get(code);
  };
}

// --- The map ---------------------------------------------------------------------------------------------------------

// The background map, where one is configured: what is drawn over it lets it shine through while it is shown.
function addBasemap(holder, map) {
  const tiles = L.tileLayer(holder.dataset.basemap, { maxNativeZoom: Number(holder.dataset.basemapZoom), maxZoom: 22 });
  const shine = (opacity) => () => {
    map.getPane("overlayPane").style.opacity = opacity;
  };
  tiles.on({ add: shine(SEEN_THROUGH), remove: shine(1) });
  tiles.addTo(map);
  L.control.layers(null, { "Background map": tiles }, { collapsed: false }).addTo(map);
}

export async function fetched(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`The layer was answered with ${response.status}.`);
  return response.json();
}

// Draws in its holder; the table of the page finds its units on it, unless there is another map for that. Gives the map,
// and what puts one more name on it, where there is room for it.
export function drawOverlay(holder, layer, { isLinked = true } = {}) {
  const map = L.map(holder, {
    attributionControl: false,
    renderer: L.canvas({ padding: 0.3 }),
    scrollWheelZoom: false,
    zoomSnap: 0.25,
  });
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  holder.addEventListener("keydown", (event) => {
    if (event.key === "Escape") map.closePopup();
  });
  L.control.scale({ imperial: false }).addTo(map);
  if (holder.dataset.basemap) addBasemap(holder, map);
  const boroughs = boroughLayers(layer.boroughs);
  const fit = () => {
    const { x, y } = map.getSize();
    if (Math.min(x, y) <= 2 * MARGIN) return; // No zoom fits; Leaflet would take NaN for one and never recover.
    map.setMinZoom(0);
    map.fitBounds(boroughs.getBounds(), { animate: false, padding: [MARGIN, MARGIN] });
    map.setMinZoom(map.getZoom() - 1);
  };
  fit();
  map.on("resize", fit);
  window.matchMedia("print").addEventListener("change", () => map.invalidateSize({ animate: false }));
  const looks = looksOfLegend();
  const units = new Map();
  const names = [];
  let find = (code) => units.get(code);
  if (layer.wards) {
    const { drawn, named } = wardLayers(holder, layer.wards, looks, units);
    drawn.addTo(map);
    for (const ward of named) names.push(nameOnMap(map, ward, ward.feature.properties.facts[0][1]));
  } else {
    const { drawn, square } = cellLayers(holder, layer.cells, looks, units);
    drawn.addTo(map);
    find = squareFinder(holder, layer.cells, square, units, map);
  }
  if (isLinked) linkTable(holder, map, find);
  if (holder.dataset.contours) {
    addContours(holder, map).catch(() => {
      document.querySelector(".overlay-legend").append(element("li", "The lines could not be drawn just now."));
    });
  }
  if (layer.beyond) beyondLayers(layer.beyond, looks).addTo(map);
  boroughs.addTo(map);
  if (layer.boroughs.features.length > 1) {
    for (const borough of boroughs.getLayers()) names.push(nameOnMap(map, borough, borough.feature.properties.name));
  }
  const part = keepApart(map, names);
  const addName = (shape, name) => {
    names.push(nameOnMap(map, shape, name));
    part();
  };
  return { map, addName };
}

export function couldNotDraw(holder) {
  const sorry = element("p", "The map could not be drawn. The table below has the same content.", "govuk-body");
  sorry.setAttribute("role", "alert");
  holder.replaceChildren(sorry);
}
