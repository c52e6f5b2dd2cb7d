// Keeps the browser key in the storage of this origin, which other ports do not get, and shows it where it is asked for.
(() => {
  const name = "devgw_browser_key";
  const page = document.querySelector("main");
  const form = document.getElementById("prove");
  let kept = null;
  try {
    if (page.dataset.browserKey) localStorage.setItem(name, page.dataset.browserKey);
    if (page.dataset.forgets) localStorage.removeItem(name);
    kept = localStorage.getItem(name);
  } catch {
    // no storage: whoever opens the next page signs in once more
  }
  if (!form) return;
  if (!kept) {
    location.replace(form.dataset.signIn);
    return;
  }
  form.elements.browser_key.value = kept;
  form.submit();
})();

// Lets a button copy the text that it names; without script it stays hidden, and a click on the text selects it whole.
(() => {
  const button = document.querySelector("button[data-copies]");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      button.textContent = "Copied";
    } catch {
      document.querySelector("details.report").open = true; // not allowed: it is there to be selected
    }
  });
})();
