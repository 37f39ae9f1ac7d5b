// What a reader can fold, where in the contents a reader is, and definitions that close.
(() => {
  const contents = document.getElementById("contents");
  const narrow = matchMedia("(max-width: 68rem)");
  const fold = () => { contents.open = !narrow.matches; };
  fold();
  narrow.addEventListener("change", fold);
  contents.addEventListener("click", event => {
    if (narrow.matches && event.target.closest("a")) contents.open = false;
  });
  const all = document.querySelector(".all");
  // Code inside of folded exercises alone would open out of sight.
  const inSight = [...document.querySelectorAll(".source")].some(code => !code.closest(".exercises"));
  if (all && inSight) {
    all.hidden = false;
    all.addEventListener("click", () => {
      const show = all.getAttribute("aria-pressed") !== "true";
      document.querySelectorAll(".source").forEach(source => { source.open = show; });
      all.setAttribute("aria-pressed", show);
    });
  }
  const here = location.pathname.split("/").pop();
  const links = new Map([...contents.querySelectorAll("a")]
    .filter(a => a.hash && a.pathname.split("/").pop() === here)
    .map(a => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) {
      links.forEach(a => a.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  links.forEach((_, id) => { const to = document.getElementById(id); if (to) seen.observe(to); });

  // A place inside of something folded is opened when a link leads there.
  const open = () => {
    let at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!at) return;
    const to = at;
    for (; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    to.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  // Definitions: they stay within the text's column, also of a term that is broken over two lines,
  // and Escape closes them.
  const near = event => {
    const gloss = event.target.closest?.(".gloss");
    if (!gloss) return;
    gloss.classList.remove("closed");
    const tip = gloss.querySelector(".tip");
    tip.style.translate = "none";
    const column = gloss.closest("main").getBoundingClientRect();
    const shown = tip.getBoundingClientRect();
    const over = Math.max(shown.right - column.right + 8, 0);
    tip.style.translate = `${Math.max(-over, column.left + 8 - shown.left)}px`;
  };
  document.addEventListener("focusin", near);
  document.addEventListener("mouseover", near);
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(".gloss:hover, .gloss:focus-within")
      .forEach(gloss => gloss.classList.add("closed"));
  });
})();
