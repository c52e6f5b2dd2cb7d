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
