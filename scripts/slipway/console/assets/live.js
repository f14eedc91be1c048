// Replaces the parts of a page that have changed on the server, and leaves alone what a person is working in.
(() => {
  const address = document.body.dataset.live;
  const state = document.getElementById("live");
  if (!address || !state) return;
  let source = null;

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
    source.onerror = () => { state.textContent = "not connected; trying again"; };
    source.onmessage = (event) => show(JSON.parse(event.data));
  }

  function show(text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    const main = document.getElementById("main");
    const told = new Set();
    let last = null;
    for (const part of [...template.content.children]) {
      told.add(part.id);
      const shown = part.id && document.getElementById(part.id);
      if (!shown) main.insertBefore(part, last ? last.nextSibling : main.firstChild);
      else if (!busy(shown) && !shown.isEqualNode(part)) swap(shown, part);
      last = document.getElementById(part.id);
    }
    for (const shown of [...main.children]) {
      if (!told.has(shown.id) && !busy(shown)) shown.remove();
    }
  }

  function busy(shown) {
    const active = document.activeElement;
    return shown.contains(active) && active.matches("input, textarea, select");
  }

  function swap(shown, part) {
    const focus = path(shown, document.activeElement);
    const open = [...shown.querySelectorAll("details")].map((one) => one.open);
    const filled = [...shown.querySelectorAll("input[id], textarea[id], select[id]")];
    const scrolled = [...shown.querySelectorAll(".scroll, pre")].map((one) => [one.scrollLeft, one.scrollTop]);
    part.querySelectorAll("details").forEach((one, place) => { if (open[place] !== undefined) one.open = open[place]; });
    for (const field of filled) {
      const other = part.querySelector("#" + CSS.escape(field.id));
      if (!other) continue;
      if (field.matches("[type=checkbox], [type=radio]")) other.checked = field.checked;
      else other.value = field.value;
    }
    shown.replaceWith(part);
    part.querySelectorAll(".scroll, pre").forEach((one, place) => {
      if (scrolled[place]) [one.scrollLeft, one.scrollTop] = scrolled[place];
    });
    focus?.reduce((node, place) => node?.children[place], part)?.focus({ preventScroll: true });
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

  document.addEventListener("visibilitychange", follow);
  follow();
})();
