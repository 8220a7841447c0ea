"use strict";
(function () {
  const form = document.getElementById("filters");
  if (!form) return;
  const value = id => document.getElementById(id).value;
  const bound = (id, none) => value(id) === "" ? none : Number(value(id));
  const pairs = Array.from(document.querySelectorAll(".pair"));
  function show() {
    const kind = value("kind");
    const low = bound("theta-low", -Infinity), high = bound("theta-high", Infinity);
    const snr = bound("snr-low", -Infinity);
    let shown = 0;
    for (const pair of pairs) {
      const theta = Number(pair.dataset.theta);
      const own = pair.dataset.snr === "" ? -Infinity : Number(pair.dataset.snr);
      pair.hidden = !((kind === "" || pair.dataset.kind === kind) &&
                      theta >= low && theta <= high && own >= snr);
      if (!pair.hidden) shown += 1;
    }
    document.getElementById("shown").textContent = shown + " of " + pairs.length + " rows";
    document.body.classList.toggle("no-circles", !document.getElementById("circles").checked);
  }
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show, 0));
  show();
}());
