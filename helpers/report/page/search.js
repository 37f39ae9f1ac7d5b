// Search over all chapters: MiniSearch over the passages that stand in the page, or in the file
// beside it. `/` focuses, the arrows choose, Enter opens, Escape closes.
(() => {
  const box = document.querySelector(".search");
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const told = box.querySelector(".told");
  const MOST = 20, BEFORE = 45, AFTER = 110;
  let index = null, passages = [], places = [], chosen = -1;
  box.hidden = false;

  const words = text => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  // A Chinese word has no blanks around it: each of its characters is looked up.
  const tokens = text => text.match(/\p{Script=Han}|[\p{L}\p{N}]+(?:[.'’-][\p{L}\p{N}]+)*/gu) ?? [];
  const split = text => tokens(text).flatMap(
    word => /[.'’-]/.test(word) ? [word, ...word.split(/[.'’-]/)] : [word]);

  const build = () => {
    if (index) return;
    const inline = document.getElementById("search-index");
    passages = inline ? JSON.parse(inline.textContent) : (window.dermbookIndex ?? []);
    index = new MiniSearch({
      fields: ["heading", "text"], idField: "id", tokenize: split, processTerm: words,
      searchOptions: {
        boost: { heading: 3 }, combineWith: "AND",
        // A title of a work is short and names the subject, but the book's own words come first.
        boostDocument: id => passages[id][2].startsWith("Reference [") ? 0.2 : 1,
        prefix: term => term.length > 1, fuzzy: term => term.length > 4 && 0.2,
      },
    });
    index.addAll(passages.map(([, , heading, text], id) => ({ id, heading, text })));
  };

  const marked = (target, text, terms) => {
    // Words of the passage that the search found, as they stand in the text.
    let done = 0;
    for (const match of text.matchAll(/\p{Script=Han}|[\p{L}\p{N}]+/gu)) {
      if (!terms.has(words(match[0]))) continue;
      target.append(text.slice(done, match.index));
      const mark = document.createElement("mark");
      mark.textContent = match[0];
      target.append(mark);
      done = match.index + match[0].length;
    }
    target.append(text.slice(done));
  };

  const excerpt = (text, terms) => {
    let first = 0;
    for (const match of text.matchAll(/\p{Script=Han}|[\p{L}\p{N}]+/gu))
      if (terms.has(words(match[0]))) { first = match.index; break; }
    let start = Math.max(0, first - BEFORE), end = Math.min(text.length, first + AFTER);
    if (start) start = text.indexOf(" ", start) + 1 || start;
    if (end < text.length) end = Math.max(text.lastIndexOf(" ", end), first + 1);
    return (start ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
  };

  const choose = place => {
    chosen = place;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", n === place));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", `found-${place}`);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  };

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const look = () => {
    const asked = input.value.trim();
    list.replaceChildren();
    if (!asked) { told.textContent = ""; close(); return; }
    build();
    let hits = index.search(asked);
    if (!hits.length) hits = index.search(asked, { combineWith: "OR" });
    hits = hits.slice(0, MOST);
    places = hits.map(hit => passages[hit.id]);
    hits.forEach((hit, n) => {
      const [, where, heading, text] = passages[hit.id];
      const terms = new Set(hit.terms.flatMap(term => [term, ...term.split(/[.'’-]/)]));
      const item = document.createElement("li");
      item.id = `found-${n}`;
      item.setAttribute("role", "option");
      for (const [name, said] of [["where", where], ["what", heading], ["words", excerpt(text, terms)]]) {
        const line = document.createElement("span");
        line.className = name;
        if (name === "where") line.textContent = said; else marked(line, said, terms);
        item.append(line);
      }
      item.addEventListener("mousedown", event => { event.preventDefault(); go(n); });
      list.append(item);
    });
    list.hidden = !hits.length;
    input.setAttribute("aria-expanded", String(hits.length > 0));
    choose(-1);
    told.textContent = hits.length
      ? `${hits.length === MOST ? `The first ${MOST}` : hits.length} ${hits.length === 1 ? "place" : "places"}; ↓ chooses, Enter opens`
      : "Nothing found";
  };

  const go = place => {
    const href = places[place]?.[0];
    if (!href) return;
    close();
    told.textContent = "";
    location.href = href;
    const target = document.getElementById(href.split("#")[1] ?? "");
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  };

  input.addEventListener("input", look);
  input.addEventListener("focus", () => { build(); if (input.value.trim()) look(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", event => {
    const last = list.children.length - 1;
    if (event.key === "Escape") {
      if (list.hidden) { input.value = ""; input.blur(); }
      told.textContent = "";
      close();
    } else if (event.key === "Enter") {
      if (!list.hidden) go(Math.max(chosen, 0));
    } else if (last >= 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      if (list.hidden) { list.hidden = false; input.setAttribute("aria-expanded", "true"); }
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(chosen < 0 && step < 0 ? last : (chosen + step + last + 1) % (last + 1));
    } else return;
    event.preventDefault();
  });
  // Indexing takes some tenths of a second: it is done before anybody asks.
  (window.requestIdleCallback ?? setTimeout)(build);
  document.addEventListener("keydown", event => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
    input.scrollIntoView({ block: "nearest" });
  });
})();
