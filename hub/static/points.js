// Draws the places of a checked file on a canvas: those in a ward as dots, those in none as open squares on top.

const SOFT_LINE = "#6f777b";
const PLACED = { color: "#12436d", fillColor: "#12436d", fillOpacity: 0.6, radius: 3, weight: 0 };
const UNPLACED_METRES = 120;
const UNPLACED = { color: "#b02a17", fill: false, weight: 3 };

const holder = document.getElementById("points-map");

async function draw() {
  const response = await fetch(holder.dataset.points, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`The places were answered with ${response.status}.`);
  const points = await response.json();
  const map = L.map(holder, { attributionControl: false, renderer: L.canvas({ padding: 0.3 }), scrollWheelZoom: false });
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  L.control.scale({ imperial: false }).addTo(map);
  const outlines = L.geoJSON(points.boroughs, { interactive: false, style: { color: SOFT_LINE, fill: false, weight: 1.5 } });
  outlines.addTo(map);
  const drawn = L.featureGroup();
  const said = (at) => {
    const words = document.createElement("span");
    words.textContent = `${points.count[at].toLocaleString("en-GB")} here, ${points.placed[at] ? "in a ward" : "in no ward"}`;
    return words;
  };
  const order = points.placed.map((_, at) => at).sort((one, other) => points.placed[other] - points.placed[one]);
  for (const at of order) {
    const place = [points.latitude[at], points.longitude[at]];
    const mark = points.placed[at]
      ? L.circleMarker(place, PLACED)
      : L.rectangle(L.latLng(place).toBounds(UNPLACED_METRES), UNPLACED);
    mark.bindTooltip(() => said(at));
    mark.addTo(drawn);
  }
  drawn.addTo(map);
  const everything = L.featureGroup([outlines, drawn]).getBounds();
  map.fitBounds(everything.isValid() ? everything : [[51.28, -0.51], [51.69, 0.33]], { animate: false, padding: [10, 10] });
  holder.dataset.ready = "true";
}

try {
  await draw();
} catch {
  const sorry = document.createElement("p");
  sorry.className = "govuk-body";
  sorry.textContent = "The map could not be drawn. The table has the numbers.";
  sorry.setAttribute("role", "alert");
  holder.replaceChildren(sorry);
}
