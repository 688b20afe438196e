// Lets forms answer at once: a form marked `data-live` is asked again while one types or chooses, and the part of the
// page that it names is exchanged. Without this script the same form is sent as it is.
(() => {
  "use strict";
  const pause = 180;
  document.documentElement.classList.add("live");

  const address = (form) => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && value !== "") query.append(name, value);
    }
    const text = query.toString();
    return form.getAttribute("action") + (text ? "?" + text : "");
  };

  // What changed is said, too.
  const told = document.createElement("p");
  told.className = "hidden";
  told.setAttribute("aria-live", "polite");
  document.body.append(told);

  for (const form of document.querySelectorAll("form[data-live]")) {
    const always = form.dataset.live.split(" ");
    let timer = 0;
    let asked = null;

    const ask = async (also) => {
      const names = also ? [...always, also] : always;
      const url = address(form);
      if (asked) asked.abort();
      asked = new AbortController();
      const mine = asked;
      let text;
      try {
        const answer = await fetch(url, { signal: mine.signal, headers: { accept: "text/html" } });
        if (!answer.ok) return;
        text = await answer.text();
      } catch (error) {
        return;
      }
      const page = new DOMParser().parseFromString(text, "text/html");
      for (const name of names) {
        const old = document.getElementById(name);
        const fresh = page.getElementById(name);
        if (!old || !fresh) continue;
        const open = new Set([...old.querySelectorAll("details[open][id]")].map((one) => one.id));
        old.replaceWith(document.adoptNode(fresh));
        for (const one of fresh.querySelectorAll("details[id]")) {
          if (open.has(one.id)) one.open = true;
        }
      }
      for (const mark of document.querySelectorAll("[data-mark]")) {
        const fresh = page.querySelector(`[data-mark="${CSS.escape(mark.dataset.mark)}"]`);
        if (fresh && fresh.className !== mark.className) mark.className = fresh.className;
        if (fresh && fresh.textContent !== mark.textContent) mark.textContent = fresh.textContent;
      }
      const away = document.querySelector("a.away");
      const turned = page.querySelector("a.away");
      if (away && turned) away.href = turned.getAttribute("href");
      const said = page.querySelector("[role=status]") || page.getElementById("gist");
      told.textContent = said ? said.textContent.trim().replace(/\s+/g, " ") : "";
      history.replaceState(null, "", url);
    };

    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      // What another choice asks for has fields of its own.
      const also = event.target.dataset.also;
      timer = setTimeout(() => ask(also), event.target.type === "search" ? pause : 0);
    });
    form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.name) return;
      event.preventDefault();
      clearTimeout(timer);
      ask(undefined);
    });
  }
})();
