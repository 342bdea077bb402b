// The chip as it lies: memory by purpose, and how busy every unit is.

const purposes = [["weights", "weights"], ["tables", "tables"], ["activations", "activations"],
  ["state", "state"], ["text", "text"]];
const purposeOfLetter = {w: "weights", t: "tables", a: "activations", s: "state", x: "text"};
const unitKind = {memRead: 0, memWrite: 1, alu: 2, weights: 3, activate: 4, accumulate: 5,
  transposer: 6, distributor: 7, permuter: 8, link: 9};

function drawLegend() {
  const items = purposes.map(([name]) => element("span", {}, swatch(css[name]), name));
  items.push(element("span", {}, swatch(css.free), "free"),
    element("span", {}, swatch(css.reserved), "reserved for the system"),
    element("span", {}, element("i", {class: "ramp",
      style: `background:linear-gradient(90deg, ${heat(0)}, ${heat(.25)}, ${heat(1)})`}), "0 to 100% issuing"));
  byId("sram-legend").replaceChildren(...items);
}

class Floorplan {
  constructor(report) {
    this.report = report;
    this.canvas = byId("floor-canvas");
    this.canvas.addEventListener("pointermove", event => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => tip.hide());
  }

  setChip(chip) {
    this.chip = chip;
    this.use = new Map(chip.queues.map(q => [[q.unit, q.hemisphere, q.index].join(), q]));
    this.sram = new Map(chip.sram.map(s => [[s.hemisphere, s.slice].join(), s]));
    this.draw();
  }
  share(unit, hemisphere, index) {
    const queue = this.use.get([unit, hemisphere, index].join());
    return queue ? queue.issues / this.chip.cycles : 0;
  }

  // Cells of what can be pointed at: {x, y, w, h, lines}.
  draw() {
    const machine = this.report.machine;
    const {context, width} = prepare(this.canvas, 336);
    this.cells = [];
    const side = 118, middle = 96, gap = 8;
    const memory = (width - 2 * side - middle - 4 * gap) / 2;
    const slice = memory / machine.slices;
    const left = {mxm: 0, mem: side + gap, vxm: side + 2 * gap + memory};
    left.east = left.vxm + middle + gap;
    left.eastMxm = left.east + memory + gap;
    const top = 22, tall = 236, useTop = top + tall + 12, useTall = 30;

    context.fillStyle = css.soft;
    context.textAlign = "center";
    const label = (text, x, w, y = 9) => context.fillText(text, x + w / 2, y);
    label("MXM, SXM west", left.mxm, side);
    label("MEM west " + (machine.slices - 1) + " \u2026 0", left.mem, memory);
    label("VXM", left.vxm, middle);
    label("MEM east 0 \u2026 " + (machine.slices - 1), left.east, memory);
    label("MXM, SXM east", left.eastMxm, side);

    for (const hemisphere of [0, 1])
      for (let i = 0; i < machine.slices; ++i) {
        const x = hemisphere ? left.east + i * slice : left.mem + (machine.slices - 1 - i) * slice;
        this.drawSlice(context, hemisphere, i, x, top, slice, tall);
        for (const [unit, name, y] of [[unitKind.memRead, "reads", useTop], [unitKind.memWrite, "writes", useTop + useTall + 4]]) {
          const share = this.share(unit, hemisphere, i);
          this.cell(context, x, y, slice - .5, useTall, share,
            [`MEM ${hemisphere ? "east" : "west"} ${i}, ${name}`, `${percent(share)} of the cycles`]);
        }
      }
    context.fillStyle = css.soft;
    context.textAlign = "right";
    context.fillText("reads", left.mem - 8, useTop + useTall / 2);
    context.fillText("writes", left.mem - 8, useTop + useTall * 1.5 + 4);

    // ALUs, four to a row, over the height of the memory.
    const columns = 4, rows = Math.ceil(machine.alus / columns);
    const w = middle / columns, h = Math.min(tall / rows, 58);
    for (let i = 0; i < machine.alus; ++i) {
      const share = this.share(unitKind.alu, 0, i);
      this.cell(context, left.vxm + (i % columns) * w, top + Math.floor(i / columns) * h, w - 2, h - 2, share,
        [`ALU ${i}`, `${percent(share)} of the cycles`], percent(share, 0));
    }
    for (const hemisphere of [0, 1])
      this.drawEdge(context, hemisphere, hemisphere ? left.eastMxm : left.mxm, top, side);
  }

  drawSlice(context, hemisphere, index, x, top, width, tall) {
    const side = hemisphere ? "east" : "west";
    const name = `MEM ${side} ${index}`;
    const reserved = this.report.machine.reserved.some(r => r[0] === hemisphere && r[1] === index);
    const use = this.sram.get([hemisphere, index].join());
    const w = width - .5;
    context.fillStyle = reserved ? css.reserved : css.free;
    context.fillRect(x, top, w, tall);
    const lines = [name];
    if (reserved) lines.push("reserved for the system");
    if (use && !reserved) {
      const cells = use.cells.length / 2;
      for (let c = 0; c < cells; ++c) {
        const purpose = purposeOfLetter[use.cells[2 * c]];
        if (!purpose) continue;
        context.globalAlpha = .25 + .75 * Number(use.cells[2 * c + 1]) / 9;
        context.fillStyle = css[purpose];
        context.fillRect(x, top + tall * (1 - (c + 1) / cells), w, tall / cells + .3);
      }
      context.globalAlpha = 1;
      const words = this.report.machine.words, lanes = this.report.machine.lanes;
      let free = words;
      for (const [purpose] of purposes)
        if (use.words[purpose]) {
          free -= use.words[purpose];
          lines.push(`${purpose} ${bytes(use.words[purpose] * lanes)} (${percent(use.words[purpose] / words)})`);
        }
      lines.push(`free ${bytes(free * lanes)} (${percent(free / words)})`);
    } else if (!use && !reserved) lines.push("what its words are for is not known");
    this.cells.push({x, y: top, w: width, h: tall, lines});
  }

  // Planes at the outside, SXM towards the memory, links at the bottom.
  drawEdge(context, hemisphere, x, top, side) {
    const machine = this.report.machine;
    const name = hemisphere ? "east" : "west";
    const half = side / 2 - 3;
    const outer = hemisphere ? x + side - half : x, inner = hemisphere ? x : x + side - half;
    const kinds = [["weights", unitKind.weights], ["abc", unitKind.activate], ["acc", unitKind.accumulate]];
    const h = Math.min(236 / (machine.planes * kinds.length), 40);
    for (let plane = 0; plane < machine.planes; ++plane)
      kinds.forEach(([kind, unit], k) => {
        const share = this.share(unit, hemisphere, plane);
        this.cell(context, outer, top + (plane * kinds.length + k) * h, half, h - 2, share,
          [`MXM ${name}, plane ${plane}, ${kind}`, `${percent(share)} of the cycles`,
            "an fp16 pair is told by its even plane"], kind + " " + plane);
      });
    const small = [];
    for (let i = 0; i < machine.transposers; ++i) small.push(["transpose " + i, unitKind.transposer, i]);
    for (let i = 0; i < machine.distributors; ++i) small.push(["distribute " + i, unitKind.distributor, i]);
    small.push(["permute", unitKind.permuter, 0]);
    for (let i = 0; i < machine.links; ++i) small.push(["link " + i, unitKind.link, i]);
    const s = 236 / small.length;
    small.forEach(([label, unit, index], k) => {
      const share = this.share(unit, hemisphere, index);
      this.cell(context, inner, top + k * s, half, s - 1.5, share,
        [`SXM ${name}, ${label}`, `${percent(share)} of the cycles`], s > 12 ? label : "");
    });
  }

  cell(context, x, y, w, h, share, lines, label) {
    context.fillStyle = share > 0 ? heat(share) : css.idle;
    context.fillRect(x, y, w, h);
    if (label) {
      context.fillStyle = share > .3 === isDark() ? "#10131a" : share > .3 ? "#ffffff" : css.ink;
      if (isDark()) context.fillStyle = share > .3 ? "#10131a" : css.ink;
      context.font = "10px system-ui, 'DejaVu Sans', sans-serif";
      context.textAlign = "center";
      context.fillText(label, x + w / 2, y + h / 2, w - 4);
      context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    }
    this.cells.push({x, y, w, h, lines});
  }

  hover(event) {
    const x = event.offsetX, y = event.offsetY;
    const cell = this.cells.find(c => x >= c.x && x < c.x + c.w && y >= c.y && y < c.y + c.h);
    if (cell) tip.show(event, cell.lines); else tip.hide();
  }
}
