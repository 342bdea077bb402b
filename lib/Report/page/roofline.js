// Phases: multiply-adds per cycle over multiply-adds per streamed byte, under
// the roofs of the machine, and a table with each phase's bound.

const phaseRates = phase => {
  const cycles = Math.max(1, phase.end - phase.begin), work = phase.f16 + phase.i8;
  return {cycles, work, rate: work / cycles, intensity: phase.bytes ? work / phase.bytes : 0};
};

class Roofline {
  constructor(report, onPick) {
    this.report = report;
    this.onPick = onPick;
    this.canvas = byId("roof-canvas");
    this.chosen = -1;
    this.canvas.addEventListener("pointermove", event => {
      const i = this.near(event);
      this.canvas.style.cursor = i >= 0 ? "pointer" : "";
      if (i >= 0) tip.show(event, this.describe(i)); else tip.hide();
    });
    this.canvas.addEventListener("pointerleave", () => tip.hide());
    this.canvas.addEventListener("click", event => {
      const i = this.near(event);
      if (i >= 0) this.pick(i);
    });
  }

  setChip(chip) {
    this.chip = chip;
    this.chosen = -1;
    const {peaks} = this.report.machine;
    const length = chip.phases.length ? chip.phases[0].end - chip.phases[0].begin : 0;
    byId("roofline-hint").textContent =
      `A phase is one of ${chip.phases.length} windows of equal length, ${count(length)} cycles or so. Its bound is the ` +
      `fewest cycles in which the machine could do its work: ${this.report.knowsWork ? "the model's multiply-adds" :
        "multiply-adds of whole tiles (the model's are not known)"} at ${count(peaks.f16)} a cycle in fp16 or ` +
      `${count(peaks.i8)} in int8, what the MXMs take from streams at ${count(peaks.bytes)} bytes a cycle, ` +
      `ALU operations at ${peaks.alu} a cycle; the largest counts. A click shows a phase in the timeline.`;
    this.table();
    this.draw();
  }

  describe(i) {
    const phase = this.chip.phases[i], {rate, intensity, cycles} = phaseRates(phase);
    return [`Phase ${i + 1}: cycles ${count(phase.begin)} to ${count(phase.end)}`,
      `${count(rate)} multiply-adds a cycle, ${intensity.toFixed(1)} for each streamed byte`,
      `at least ${count(phase.bound)} cycles${phase.bound > 0 ? ` (${phase.resource})` : ""}, took ${count(cycles)}: ${percent(phase.bound / cycles)}`,
      phase.node >= 0 ? "most issues: " + this.report.nodes[phase.node] : "no ONNX node"];
  }

  pick(i) {
    this.chosen = i;
    this.draw();
    byId("phase-table").querySelectorAll("tbody tr").forEach((row, k) => row.classList.toggle("chosen", k === i));
    this.onPick(this.chip.phases[i]);
  }

  near(event) {
    let best = -1, least = 12 * 12;
    this.points.forEach(({x, y}, i) => {
      const d = (x - event.offsetX) ** 2 + (y - event.offsetY) ** 2;
      if (d < least) { least = d; best = i; }
    });
    return best;
  }

  draw() {
    const {context, width, height} = prepare(this.canvas, 400);
    const {peaks} = this.report.machine;
    const phases = this.chip.phases, rates = phases.map(phaseRates);
    const int8 = phases.some(p => p.i8 > 0), half = phases.some(p => p.f16 > 0) || !int8;
    const roofs = [];
    if (half) roofs.push(["fp16 peak", peaks.f16]);
    if (int8) roofs.push(["int8 peak", peaks.i8]);
    const top = Math.max(...roofs.map(r => r[1]));
    const seen = rates.filter(r => r.rate > 0);
    // Powers of ten around the points and the ridge.
    const low = v => Math.floor(Math.log10(v)), high = v => Math.ceil(Math.log10(v));
    const xs = seen.map(r => r.intensity).concat(top / peaks.bytes);
    const x0 = Math.max(-3, low(Math.min(...xs) * .8)), x1 = high(Math.max(...xs) * 2);
    const y1 = high(top * 1.2), y0 = Math.max(y1 - 6, Math.min(y1 - 2, low(Math.min(top, ...seen.map(r => r.rate)))));
    const box = {left: 62, right: width - 14, top: 14, bottom: height - 44};
    const px = v => box.left + (Math.log10(v) - x0) / (x1 - x0) * (box.right - box.left);
    const py = v => box.bottom - (Math.log10(v) - y0) / (y1 - y0) * (box.bottom - box.top);

    context.textAlign = "center";
    for (let e = x0; e <= x1; ++e) {
      context.fillStyle = css.grid;
      context.fillRect(px(10 ** e), box.top, 1, box.bottom - box.top);
      context.fillStyle = css.soft;
      context.fillText(e < 0 ? (10 ** e).toFixed(-e) : count(10 ** e), px(10 ** e), box.bottom + 13);
    }
    context.fillText("multiply-adds for each byte from the streams", (box.left + box.right) / 2, height - 10);
    context.textAlign = "right";
    for (let e = y0; e <= y1; ++e) {
      context.fillStyle = css.grid;
      context.fillRect(box.left, py(10 ** e), box.right - box.left, 1);
      context.fillStyle = css.soft;
      context.fillText(short(10 ** e), box.left - 6, py(10 ** e));
    }
    context.save();
    context.translate(11, (box.top + box.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText("multiply-adds a cycle", 0, 0);
    context.restore();

    context.strokeStyle = css.ink;
    context.lineWidth = 1.5;
    for (const [name, peak] of roofs) {
      context.beginPath();
      const start = Math.max(10 ** x0, 10 ** y0 / peaks.bytes);
      context.moveTo(px(start), py(start * peaks.bytes));
      context.lineTo(px(peak / peaks.bytes), py(peak));
      context.lineTo(box.right, py(peak));
      context.stroke();
      context.fillStyle = css.ink;
      context.textAlign = "right";
      context.fillText(`${name}, ${count(peak)}`, box.right, py(peak) - 9);
    }
    context.fillStyle = css.soft;
    context.textAlign = "left";
    // Below the middle of the slope.
    const slope = Math.sqrt(Math.max(10 ** x0, 10 ** y0 / peaks.bytes) * top / peaks.bytes);
    context.fillText(`${count(peaks.bytes)} bytes a cycle`, px(slope) + 10, py(slope * peaks.bytes) + 12);
    context.lineWidth = 1;

    // Time as colour: earlier phases paler. Those without products lie on the axis.
    this.points = phases.map((phase, i) => {
      const {rate, intensity} = rates[i];
      return rate > 0 ? {x: px(Math.max(10 ** x0, intensity)), y: py(Math.max(10 ** y0, rate))}
        : {x: box.left, y: box.bottom};
    });
    this.points.forEach(({x, y}, i) => {
      context.beginPath();
      context.arc(x, y, i === this.chosen ? 8 : 5.5, 0, 2 * Math.PI);
      context.fillStyle = this.report.colours.of(phases[i].node);
      context.fill();
      context.strokeStyle = i === this.chosen ? css.ink : css.panel;
      context.stroke();
    });
  }

  table() {
    const {peaks} = this.report.machine;
    const meter = share => element("span", {class: "meter"},
      element("b", {style: `width:${Math.min(100, 100 * share).toFixed(1)}%`}));
    const body = element("tbody", {}, ...this.chip.phases.map((phase, i) => {
      const {cycles} = phaseRates(phase);
      const mxm = (phase.f16 / peaks.f16 + phase.i8 / peaks.i8) / cycles;
      return element("tr", {class: "click", onclick: () => this.pick(i)},
        element("td", {}, String(i + 1)),
        element("td", {}, count(phase.begin)),
        element("td", {}, percent(mxm)),
        element("td", {}, percent(phase.bytes / peaks.bytes / cycles)),
        element("td", {}, percent(phase.alu / peaks.alu / cycles)),
        element("td", {}, phase.bound > 0 ? phase.resource : "\u2013"),
        element("td", {}, percent(phase.bound / cycles), meter(phase.bound / cycles)),
        element("td", {class: "left brief", title: phase.node >= 0 ? this.report.nodes[phase.node] : ""}, phase.node >= 0 ? swatch(this.report.colours.of(phase.node)) : null,
          phase.node >= 0 ? this.report.nodes[phase.node] : "none"));
    }));
    byId("phase-table").replaceChildren(element("thead", {}, element("tr", {},
      ...["Phase", "From cycle", "MXM", "Streams", "VXM", "Bound by", "Bound / taken"].map(t => element("th", {}, t)),
      element("th", {class: "left"}, "Most issues"))), body);
  }
}
