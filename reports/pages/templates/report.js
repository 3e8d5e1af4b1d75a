
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  async function copy(text, source) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Pages opened from a file may not have the clipboard: select the text and ask for it the old way.
      getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }

  for (const button of all("button.copy")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    const source = button.previousElementSibling;
    button.addEventListener("click", async () => {
      button.textContent = (await copy(source.textContent, source)) ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2500);
    });
  }

  const filters = document.getElementById("filters");
  if (filters) {
    const framework = document.getElementById("filter-framework");
    const verdict = document.getElementById("filter-verdict");
    const result = document.getElementById("filter-result");
    const matches = (element) => {
      const verdicts = (element.dataset.verdicts ?? "").split(" ");
      const judged = !verdict.value || element.dataset.verdicts === undefined
        || verdicts.includes(verdict.value);
      return judged && (!framework.value || element.dataset.framework === framework.value);
    };
    const apply = () => {
      for (const element of all("[data-framework]:not(tbody)")) element.hidden = !matches(element);
      const filtering = framework.value || verdict.value;
      for (const body of all("tbody[data-framework]")) {
        body.hidden = Boolean(filtering) && !body.querySelector("tr.row:not([hidden])");
      }
      const none = document.querySelector("p.filtered");
      if (none) none.hidden = Boolean(document.querySelector("article.divergence:not([hidden])"));
      const rows = all("tr.row");
      const shown = rows.filter((row) => !row.hidden).length;
      result.textContent = filtering ? `${shown} of ${rows.length} implementations` : "";
    };
    framework.addEventListener("change", apply);
    verdict.addEventListener("change", apply);
    filters.hidden = false;
    apply();
    // A link must reach its divergence even where the filter hides it.
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      if (target?.hidden) {
        framework.value = verdict.value = "";
        apply();
        target.scrollIntoView();
      }
    });
  }

  addEventListener("beforeprint", () => {
    for (const details of all("details")) details.open = true;
  });
})();
