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

  for (const form of document.querySelectorAll("form[data-live]")) {
    const names = form.dataset.live.split(" ");
    let timer = 0;
    let asked = null;

    const ask = async () => {
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
      history.replaceState(null, "", url);
    };

    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(ask, event.target.type === "search" ? pause : 0);
    });
    form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.name) return;
      event.preventDefault();
      clearTimeout(timer);
      ask();
    });
  }
})();
