// Sends the chosen file in pieces and says how far it has come. A dropped connection is waited out, and a page that was
// left or reloaded goes on where it stopped once the same file is chosen. Without this script the form sends it whole.

const PIECE_BYTES = 2_000_000;
const SECONDS_BETWEEN_TRIES = 3;

const form = document.getElementById("upload-form");
const chosen = document.getElementById("file");
const words = document.getElementById("sending");
const bar = document.getElementById("sent");
const token = form.querySelector("[name=csrf_token]").value;
const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString("en-GB", { maximumFractionDigits: 1, minimumFractionDigits: 1 })} MB`;
const pause = () => new Promise((resolve) => window.setTimeout(resolve, 1000 * SECONDS_BETWEEN_TRIES));

class Refused extends Error {}

async function ask(path, body) {
  const method = body === undefined ? "GET" : "POST";
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  for (;;) {
    let response;
    try {
      response = await fetch(form.dataset.pieces + path, { body, headers, method });
    } catch {
      words.textContent = "The connection is down. What has arrived is kept; this goes on by itself.";
      await pause();
      continue;
    }
    if (response.ok) return response.json();
    if (response.status < 500) throw new Refused();
    await pause();
  }
}

function show(standing) {
  words.hidden = bar.hidden = false;
  bar.max = standing.size;
  bar.value = standing.received;
  words.textContent = `${megabytes(standing.received)} of ${megabytes(standing.size)} sent`;
}

async function send(file) {
  const named = new URLSearchParams({ modified: file.lastModified, name: file.name, size: file.size });
  let standing = await ask("", named);
  while (standing.received < file.size) {
    show(standing);
    const piece = file.slice(standing.received, standing.received + PIECE_BYTES, "application/octet-stream");
    standing = await ask(`/${standing.received}`, piece);
    if (standing.size !== file.size) throw new Refused();
  }
  show(standing);
  words.textContent = "Sent. The hub is reading it …";
}

form.addEventListener("submit", async (event) => {
  const [file] = chosen.files;
  if (!file?.size) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send(file);
    chosen.disabled = true; // It has arrived: only the rest of the form is still to be sent.
  } catch {
    button.disabled = false;
  }
  form.submit();
});

const before = await ask("").catch(() => null);
if (before?.received) {
  show(before);
  words.textContent = `${megabytes(before.received)} of ${before.name} have arrived. Choose the same file again to go on.`;
}
