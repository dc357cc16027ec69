// Opens and closes a contributor's row in place, and gives the focus to what was refused. Without this
// file the same link loads the page with the row open, so nothing depends on it.
"use strict";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.toggle");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const id = link.dataset.row;
  try {
    const answer = await fetch(link.href, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [row, next] = [document.getElementById(id), page.getElementById(id)];
    // Ranks move while an epoch is open: the row must still be the same person's.
    if (!row || !next || next.querySelector("th").textContent !== row.querySelector("th").textContent) throw new Error("moved");
    row.replaceWith(next);
    history.replaceState(null, "", link.href);
    next.querySelector("a.toggle").focus({ preventScroll: true });
  } catch {
    location.assign(link.href);
  }
});

// What was refused gets the focus. Where the address has a fragment, a browser leaves `autofocus` out,
// and takes the focus away when it scrolls there.
addEventListener("load", () => {
  if (!location.hash) return;
  const refused = document.querySelector("main [aria-invalid=true]") ?? document.querySelector("#message[role=alert]");
  if (refused) requestAnimationFrame(() => setTimeout(() => refused.focus()));
});
