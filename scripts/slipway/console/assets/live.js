// Replaces the parts of a page that have changed on the server, and leaves alone what a person is typing into.
(() => {
  const address = document.body.dataset.live;
  const state = document.getElementById("live");
  if (!address || !state) return;
  const source = new EventSource(address);
  source.onopen = () => { state.textContent = "live"; };
  source.onerror = () => { state.textContent = "not connected; trying again"; };
  source.onmessage = (event) => {
    const template = document.createElement("template");
    template.innerHTML = JSON.parse(event.data);
    const main = document.getElementById("main");
    const told = new Set();
    let last = null;
    for (const part of [...template.content.children]) {
      told.add(part.id);
      const shown = part.id && document.getElementById(part.id);
      if (!shown) main.insertBefore(part, last ? last.nextSibling : main.firstChild);
      else if (!shown.contains(document.activeElement) && !shown.isEqualNode(part)) swap(shown, part);
      last = document.getElementById(part.id);
    }
    for (const shown of [...main.children]) {
      if (!told.has(shown.id) && !shown.contains(document.activeElement)) shown.remove();
    }
  };
  function swap(shown, part) {
    const open = [...shown.querySelectorAll("details")].map((one) => one.open);
    const values = new Map([...shown.querySelectorAll("input[id]")].map((one) => [one.id, one.value]));
    part.querySelectorAll("details").forEach((one, place) => { if (open[place]) one.open = true; });
    for (const [id, value] of values) {
      const field = part.querySelector("#" + CSS.escape(id));
      if (field) field.value = value;
    }
    shown.replaceWith(part);
  }
})();
