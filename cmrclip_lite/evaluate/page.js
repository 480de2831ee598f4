// Draws each figure for the scheme of the reader's system, and again when a choice is made.
const dark = matchMedia("(prefers-color-scheme: dark)");
const figures = JSON.parse(document.getElementById("figures").textContent);

function draw(name) {
  const chosen = document.querySelector(`select[data-figure="${name}"]`);
  const figure = figures[name][chosen ? chosen.selectedIndex : 0];
  const look = figure[dark.matches ? "dark" : "light"];
  Plotly.react(name, look.data, look.layout, { displayModeBar: false, responsive: true });
}

for (const name of Object.keys(figures)) draw(name);
for (const choice of document.querySelectorAll("select[data-figure]")) {
  choice.addEventListener("change", () => draw(choice.dataset.figure));
}
dark.addEventListener("change", () => Object.keys(figures).forEach(draw));
