// Follows work in progress: says how far it has come, and goes on once it is done. Without this script the page reloads.

const progress = document.getElementById("progress");

async function look() {
  const response = await fetch(window.location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const words = page.getElementById("progress")?.textContent;
  if (words === undefined) window.location.replace(response.url);
  else if (words !== progress.textContent) progress.textContent = words;
}

async function follow() {
  // Out of reach for a moment is no reason to give up.
  await look().catch(() => {});
  window.setTimeout(follow, 1000 * Number(progress.dataset.seconds));
}

window.setTimeout(follow, 1000 * Number(progress.dataset.seconds));
