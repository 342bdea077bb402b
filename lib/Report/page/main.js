// Reads the data and puts the parts together.

const report = JSON.parse(byId("data").textContent);
const stats = report.stats;
readColours();

function systemTheme() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  readColours();
}
setTheme(systemTheme());
report.colours = new NodeColours(report.nodes);
report.chips.forEach(chip => decodeChip(chip, report.patterns));

function drawSummary() {
  const machine = report.machine, cycles = report.predictedCycles || Math.max(0, ...report.chips.map(c => c.cycles));
  const time = n => machine.clockMHz ? `${(n / machine.clockMHz).toFixed(2)} \u00b5s at ${machine.clockMHz} MHz` : "";
  document.title = `${report.entry} on ${machine.name} - Weft report`;
  byId("title").textContent = `${report.entry} on ${machine.name}`;
  const chips = report.chips.length;
  byId("subtitle").textContent = `${chips} chip${chips === 1 ? "" : "s"}, ${machine.lanes} lanes, ` +
    `${2 * machine.slices} memory slices, ${2 * machine.planes} MXM planes, ${machine.alus} ALUs; ` +
    `${bytes(machine.usableBytes)} of SRAM for programs on each chip`;
  const card = (name, value, note) => element("div", {class: "card"}, element("div", {class: "name"}, name),
    element("div", {class: "value"}, value), element("div", {class: "note"}, note || "\u00a0"));
  const cards = [card("Predicted cycles", count(cycles), time(cycles))];
  const bound = (name, least, resource) => cards.push(least > 0
    ? card(name, `${(cycles / least).toFixed(2)} \u00d7`, `${count(least)} cycles${resource ? ", " + resource : ""}`)
    : card(name, "\u2013", "not known"));
  bound("To the work bound", stats.work_bound && stats.work_bound.cycles, stats.work_bound && stats.work_bound.resource);
  bound("To the placed bound", stats.placed_bound && stats.placed_bound.cycles, stats.placed_bound && stats.placed_bound.resource);
  bound("To the critical path", stats.critical_path);
  const work = report.chips.reduce((sum, chip) => sum + chip.phases.reduce((s, p) => s + p.f16 / machine.peaks.f16 + p.i8 / machine.peaks.i8, 0), 0);
  cards.push(card("Of the MXM's peak", percent(work / Math.max(1, cycles) / Math.max(1, chips)),
    report.knowsWork ? "the model's multiply-adds" : "tiles, padding included"));
  if (stats.instructions !== undefined)
    cards.push(card("Instructions", count(stats.instructions), stats.chains !== undefined ? `in ${count(stats.chains)} chains` : ""));
  byId("cards").replaceChildren(...cards);

  const bars = (stats.sram_bytes || []).map((sram, chip) => {
    const keys = ["weights", "tables", "activations", "state", "text", "free"];
    const all = keys.reduce((sum, key) => sum + (sram[key] || 0), 0) || 1;
    return element("div", {},
      element("div", {class: "legend"}, element("span", {}, (stats.sram_bytes.length > 1 ? `Chip ${chip}, ` : "") + "SRAM:"),
        ...keys.map(key => element("span", {}, swatch(css[key]), `${key} ${bytes(sram[key] || 0)} (${percent((sram[key] || 0) / all)})`))),
      element("div", {class: "stack"}, ...keys.map(key => element("span", {title: `${key} ${bytes(sram[key] || 0)}`,
        style: `background:${css[key]};width:${(100 * (sram[key] || 0) / all).toFixed(3)}%`}))));
  });
  byId("sram-bar").replaceChildren(...bars);
  byId("footer").textContent = "Predicted, not measured. Not modelled: instruction fetch, sync, notify, config, deskew; " +
    "program text is assumed to be in its queues.";
}

function showSelection(node, burst) {
  const chosen = byId("selected");
  if (node < 0 && !burst) chosen.replaceChildren();
  else {
    const use = app.chip.nodes.find(n => n.node === node);
    chosen.replaceChildren(swatch(report.colours.of(node)),
      (node < 0 ? "no ONNX node" : report.nodes[node]) + (use ? `: ${count(use.cycles)} cycles` : ""));
  }
  const lines = burst ? app.timeline.describe(burst) : [];
  byId("detail").replaceChildren(...lines.map((line, i) => element("div", {}, i === 1 ? element("code", {}, line) : line)));
}

const app = {};
function toTimeline() { byId("timeline").scrollIntoView({block: "nearest"}); }
function select(node, burst = null, options = {}) {
  app.timeline.select(node, burst);
  app.nodes.select(node, options.scroll);
  showSelection(node, burst);
}
app.timeline = new Timeline(report, (node, burst) => select(node, burst, {scroll: node >= 0}));
app.floor = new Floorplan(report);
app.roof = new Roofline(report, phase => {
  select(-1);
  app.timeline.focus(phase.begin, phase.end, true);
  toTimeline();
});
app.nodes = new NodeTable(report, node => {
  if (node === app.timeline.node) return select(-1);
  const use = app.chip.nodes.find(n => n.node === node);
  select(node);
  if (use) app.timeline.focus(use.first, use.last + 1);
  toTimeline();
});
app.gaps = new GapTable(report, gap => {
  // Who was waited for longest, or who came next.
  select(gap.parts.length ? gap.parts[0][0] : gap.next ? gap.next.node : -1);
  app.timeline.focus(gap.begin, gap.end, true);
});

function setChip(index) {
  app.chip = report.chips[index];
  if (!app.chip) return;
  for (const part of [app.timeline, app.floor, app.roof, app.nodes, app.gaps]) part.setChip(app.chip);
  showSelection(-1, null);
}
function redrawAll() {
  drawSummary();
  drawLegend();
  if (!app.chip) return;
  app.floor.draw();
  app.roof.table();
  app.roof.draw();
  app.nodes.draw();
  app.gaps.setChip(app.chip);
  app.timeline.redraw();
}

const chooser = byId("chip");
report.chips.forEach((chip, i) => chooser.append(element("option", {value: i}, `chip ${i}`)));
chooser.hidden = report.chips.length < 2;
chooser.addEventListener("change", () => setChip(Number(chooser.value)));
byId("theme").addEventListener("click", () => {
  setTheme(isDark() ? "light" : "dark");
  report.colours.refresh();
  redrawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  setTheme(systemTheme());
  report.colours.refresh();
  redrawAll();
});
let resizing = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => {
    if (!app.chip) return;
    app.floor.draw();
    app.roof.draw();
    app.timeline.redraw();
  });
});

drawSummary();
drawLegend();
setChip(0);
document.documentElement.dataset.ready = "true";
