// A leave that is being handled: its progress and its list are looked at again every few seconds.

const print_button = document.querySelector("[data-print]");
if (print_button) {
  print_button.hidden = false;
  print_button.addEventListener("click", () => window.print());
}

const live = () => document.querySelector("#progress[data-live]");
if (live()) later();

function later() {
  setTimeout(look, 1000 * Number(live().dataset.live));
}

// Whoever selects words or has the cursor in a part keeps that part as it is.
function idle(part) {
  const chosen = getSelection();
  return !part.contains(document.activeElement) && (chosen.isCollapsed || !part.contains(chosen.anchorNode));
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok && !answer.redirected) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The next look finds the server again.
    }
  }
  if (live()) later();
}

function show(fresh) {
  for (const id of ["progress", "list"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && idle(old)) old.replaceWith(document.adoptNode(now));
  }
}
