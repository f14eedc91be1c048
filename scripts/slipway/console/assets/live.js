// Replaces the parts of a page that have changed on the server, and leaves alone what a person is working in.
(() => {
  const { live: address, failed: failedAtFirst } = document.body.dataset;
  const state = document.getElementById("live");
  if (!address || !state) return;
  const againMs = 5000;
  let source = null;
  let late = null; // the newest page, while a part of it waits for a person who works there

  // A browser opens few connections to one server: pages that nobody looks at give theirs back.
  function follow() {
    if (document.hidden) {
      source?.close();
      source = null;
      return;
    }
    if (source) return;
    source = new EventSource(address);
    source.onopen = () => { state.textContent = "live"; };
    source.onerror = lost;
    source.onmessage = (event) => {
      if (failedAtFirst) location.reload(); // its title and its heading say that it failed
      else show(JSON.parse(event.data));
    };
    source.addEventListener("missing", (event) => show(JSON.parse(event.data)));
    // What was shown, and what a person has filled in, stays below what went wrong.
    source.addEventListener("failed", (event) => show(JSON.parse(event.data), false));
  }

  // Where nothing answers, a browser tries again by itself; a refusal ends it.
  function lost({ target }) {
    const isOver = target.readyState === EventSource.CLOSED;
    state.textContent = isOver ? "not live; load the page again to see why" : "not connected; trying again";
    if (!isOver) return;
    source = null;
    setTimeout(follow, againMs);
  }

  function show(text, isWhole = true) {
    const template = document.createElement("template");
    template.innerHTML = text;
    const main = document.getElementById("main");
    const told = new Set();
    let last = null;
    late = null;
    for (const part of [...template.content.children]) {
      told.add(part.id);
      const shown = [...main.children].find((one) => one.id === part.id);
      if (!shown) main.insertBefore(part, last ? last.nextSibling : main.firstChild);
      else if (!shown.isEqualNode(part)) {
        if (busy(shown)) late = text;
        else update(shown, part);
      }
      last = part.parentNode === main ? part : shown;
    }
    for (const shown of isWhole ? [...main.children] : []) {
      if (told.has(shown.id)) continue;
      if (busy(shown)) late = text;
      else shown.remove();
    }
  }

  function busy(shown) {
    const active = document.activeElement;
    const types = shown.contains(active) && active.matches("input, textarea, select");
    return types || shown.matches(":active"); // a button that is held down
  }

  // Changes only what differs: a selection, a focus, a scrolled log and an opened detail stay where they are.
  function update(shown, part) {
    for (const { name } of [...shown.attributes]) {
      if (name !== "open" && !part.hasAttribute(name)) shown.removeAttribute(name);
    }
    for (const { name, value } of part.attributes) {
      if (name !== "open" && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
    }
    const next = [...part.childNodes];
    const keys = new Set(next.map(key));
    let old = shown.firstChild;
    const passed = () => {
      const node = old;
      old = old.nextSibling;
      return node;
    };
    for (const node of next) {
      while (old && !keys.has(key(old))) passed().remove();
      if (!old || key(old) !== key(node)) shown.insertBefore(node, old);
      else if (old.isEqualNode(node)) passed();
      else update(passed(), node);
    }
    while (old) passed().remove();
  }

  // By what a node is known again among its siblings: a row by what it leads to, a line of a log by its time.
  function key(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return `#${node.nodeValue}`;
    let own = node.id || node.dateTime;
    if (node.matches("form")) own = purpose(node);
    else if (!own && node.matches("tr, li")) own = node.querySelector("a[href]")?.getAttribute("href");
    return `${node.nodeName} ${own ?? ""}`;
  }

  // What a form is about: a reason for one decision is none for the next one, which stands in the same place.
  function purpose(form) {
    const hidden = [...(form?.querySelectorAll("input[type=hidden]") ?? [])];
    return JSON.stringify([form?.getAttribute("action"), ...hidden.map((one) => [one.name, one.value])]);
  }

  // Once a person has left a part, and the click or the key that left it has done what it does.
  for (const kind of ["focusout", "pointerup", "pointercancel", "keyup"]) {
    document.addEventListener(kind, () => setTimeout(() => { if (late !== null) show(late); }));
  }
  document.addEventListener("visibilitychange", follow);
  follow();
})();
