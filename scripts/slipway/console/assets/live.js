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
        else swap(shown, part);
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

  function swap(shown, part) {
    const focus = path(shown, document.activeElement);
    const open = [...shown.querySelectorAll("details")].map((one) => one.open);
    const filled = [...shown.querySelectorAll("input[id], textarea[id], select[id]")];
    const scrolled = [...shown.querySelectorAll(".scroll, pre")].map((one) => [one.scrollLeft, one.scrollTop]);
    part.querySelectorAll("details").forEach((one, place) => { if (open[place] !== undefined) one.open = open[place]; });
    for (const field of filled) {
      const other = part.querySelector("#" + CSS.escape(field.id));
      if (!other || purpose(field.form) !== purpose(other.form)) continue;
      if (field.matches("[type=checkbox], [type=radio]")) other.checked = field.checked;
      else other.value = field.value;
    }
    shown.replaceWith(part);
    part.querySelectorAll(".scroll, pre").forEach((one, place) => {
      if (scrolled[place]) [one.scrollLeft, one.scrollTop] = scrolled[place];
    });
    focus?.reduce((node, place) => node?.children[place], part)?.focus({ preventScroll: true });
  }

  // What a form is about: a reason for one decision is none for the next one, which stands in the same place.
  function purpose(form) {
    const hidden = [...(form?.querySelectorAll("input[type=hidden]") ?? [])];
    return JSON.stringify([form?.getAttribute("action"), ...hidden.map((one) => [one.name, one.value])]);
  }

  // Where an element is below another, so that the same place has the focus afterwards.
  function path(root, element) {
    if (!root.contains(element)) return null;
    const places = [];
    for (let node = element; node !== root; node = node.parentElement) {
      places.unshift([...node.parentElement.children].indexOf(node));
    }
    return places;
  }

  // Once a person has left a part, and the click or the key that left it has done what it does.
  for (const kind of ["focusout", "pointerup", "pointercancel", "keyup"]) {
    document.addEventListener(kind, () => setTimeout(() => { if (late !== null) show(late); }));
  }
  document.addEventListener("visibilitychange", follow);
  follow();
})();
