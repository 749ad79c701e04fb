// When in the week, of what the map shows: once it is asked for it follows the map, a moment after that has come to rest.

const REST_MILLISECONDS = 600;

const panel = document.getElementById("when");
const shown = panel?.querySelector("[data-shown]");
const told = panel?.querySelector("[role=status]");

function viewOf(map, toGrid) {
  const bounds = map.getBounds();
  const corners = [bounds.getSouthWest(), bounds.getNorthWest(), bounds.getNorthEast(), bounds.getSouthEast()];
  const [eastings, northings] = [0, 1].map((axis) => corners.map((corner) => toGrid(corner)[axis]));
  return [Math.min(...eastings), Math.min(...northings), Math.max(...eastings), Math.max(...northings)].map(Math.round);
}

async function pageAt(address, signal) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.getElementById("clock") ?? page.querySelector("main p");
}

export function followClock(map, toGrid) {
  if (!panel) return;
  let asking;
  let waiting;
  const show = async () => {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    shown.setAttribute("aria-busy", "true");
    try {
      const part = await pageAt(`${panel.dataset.clock}&view=${viewOf(map, toGrid).join(",")}`, signal);
      if (signal.aborted) return;
      shown.replaceChildren(document.adoptNode(part));
      told.textContent = (part.querySelector("p") ?? part).textContent;
    } catch {
      if (signal.aborted) return;
      shown.textContent = "It could not be worked out just now. Try again in a minute.";
    }
    shown.removeAttribute("aria-busy");
  };
  const button = document.createElement("button");
  button.type = "button";
  button.className = "govuk-button govuk-button--secondary";
  button.textContent = "Show when in the week, of what the map shows";
  button.addEventListener("click", () => {
    if (!asking) {
      map.on("moveend", () => {
        clearTimeout(waiting);
        waiting = setTimeout(show, REST_MILLISECONDS);
      });
    }
    show();
  });
  shown.before(button);
}
