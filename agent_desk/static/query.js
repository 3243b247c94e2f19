// What the query page can do beyond its forms: narrow the selects, print, send a form once.
for (const select of document.querySelectorAll("[data-narrows]")) {
  select.addEventListener("change", () => {
    // What hung on an older choice is no longer meant.
    const later = { hospital: ["department", "doctor"], department: ["doctor"] }[select.name];
    for (const name of later) select.form.elements[name].value = "";
    select.form.requestSubmit();
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
}
