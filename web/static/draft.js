// What somebody is writing is kept in this tab until it is sent: no failure loses it.

const form = document.getElementById("write");
const key = form && `draft/${form.dataset.draft}`;

if (form) {
  const text = form.elements.namedItem("text");
  // Sent from here and taken: the page came back without it.
  const sent = sessionStorage.getItem(`${key}/sent`);
  sessionStorage.removeItem(`${key}/sent`);
  const taken = sent && !("refused" in form.dataset) && location.hash.startsWith("#comment-");
  if (taken) sessionStorage.removeItem(key);
  else if (!text.value) text.value = sessionStorage.getItem(key) ?? "";
  text.addEventListener("input", () => sessionStorage.setItem(key, text.value));
  form.addEventListener("submit", () => sessionStorage.setItem(`${key}/sent`, "yes"));
}
