// The timeline's state: which cycles and rows are shown, what is selected, and
// what the pointer, the wheel and the keyboard do to them. draw.js draws it.

const rowHeight = 15, groupHeight = 20, closedHeight = 34, labelWidth = 168, axisHeight = 22;

// Groups of queues in the order in which they are shown. Memory is shown as
// one row for each side until it is opened.
function groupsOf(chip) {
  const groups = [
    {name: "MXM", open: true, units: [unitKind.weights, unitKind.activate, unitKind.accumulate]},
    {name: "VXM", open: true, units: [unitKind.alu]},
    {name: "SXM", open: true, units: [unitKind.transposer, unitKind.distributor, unitKind.permuter]},
    {name: "Links", open: true, units: [unitKind.link]},
    {name: "MEM west reads", units: [unitKind.memRead], hemisphere: 0},
    {name: "MEM east reads", units: [unitKind.memRead], hemisphere: 1},
    {name: "MEM west writes", units: [unitKind.memWrite], hemisphere: 0},
    {name: "MEM east writes", units: [unitKind.memWrite], hemisphere: 1},
  ];
  for (const group of groups) {
    group.queues = chip.queues.filter(q => group.units.includes(q.unit) &&
      (group.hemisphere === undefined || q.hemisphere === group.hemisphere));
    // Planes together: weights, activations and accumulators of one.
    if (group.name === "MXM")
      group.queues.sort((a, b) => a.hemisphere - b.hemisphere || a.index - b.index || a.unit - b.unit);
  }
  return groups.filter(group => group.queues.length > 0);
}

class Timeline {
  constructor(report, onSelect) {
    this.report = report;
    this.onSelect = onSelect;
    this.canvas = byId("rows");
    this.overview = byId("overview");
    this.node = -1;
    this.burst = null;
    this.mark = null;
    this.pending = false;
    this.listen();
  }

  setChip(chip) {
    this.chip = chip;
    this.groups = groupsOf(chip);
    this.node = -1;
    this.burst = this.mark = null;
    this.showAll();
  }

  get width() { return this.canvas.clientWidth - labelWidth; }
  xOf(cycle) { return labelWidth + (cycle - this.from) / (this.to - this.from) * this.width; }
  cycleOf(x) { return this.from + (x - labelWidth) / this.width * (this.to - this.from); }

  show(from, to) {
    // No closer than 16 cycles, no further than the program.
    const cycles = this.chip.cycles;
    const least = Math.min(16, cycles);
    let length = Math.max(least, Math.min(to - from, cycles));
    if (to - from < least) from = (from + to - length) / 2;
    from = Math.max(0, Math.min(from, cycles - length));
    this.from = from;
    this.to = from + length;
    this.redraw();
  }
  showAll() { this.show(0, this.chip.cycles); }
  // Zooms by a factor, keeping the cycle at x where it is.
  zoom(factor, x = labelWidth + this.width / 2) {
    const cycle = this.cycleOf(Math.max(labelWidth, x));
    const length = Math.max(Math.min(16, this.chip.cycles), Math.min((this.to - this.from) * factor, this.chip.cycles));
    const part = (cycle - this.from) / (this.to - this.from);
    this.show(cycle - part * length, cycle + (1 - part) * length);
  }
  pan(cycles) { this.show(this.from + cycles, this.to + cycles); }
  // Shows cycles with a margin, and marks them.
  focus(begin, end, mark = false) {
    tip.hide();
    const margin = Math.max(8, (end - begin) * .15);
    this.mark = mark ? [begin, end] : null;
    this.show(begin - margin, end + margin);
  }
  select(node, burst = null) {
    this.node = node;
    this.burst = burst;
    this.redraw();
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      drawTimeline(this);
      byId("range").textContent = `cycles ${count(this.from)} to ${count(this.to)} of ${count(this.chip.cycles)}`;
    });
  }

  // The row at y of the canvas: {group, queue}.
  rowAt(y) { return this.rows.find(row => y >= row.y && y < row.y + row.h); }
  // The burst at a point, or the one that is nearest within three pixels.
  burstAt(x, y) {
    const row = this.rowAt(y);
    if (!row || !row.queue || x < labelWidth) return null;
    const bursts = row.queue.bursts;
    const cycle = Math.floor(this.cycleOf(x)), near = 3 / this.width * (this.to - this.from);
    const i = bursts.before(cycle);
    if (i >= 0 && cycle <= bursts.last[i] + near) return {queue: row.queue, index: i};
    if (i + 1 < bursts.size && bursts.first[i + 1] - cycle <= near) return {queue: row.queue, index: i + 1};
    return null;
  }

  describe({queue, index}) {
    const bursts = queue.bursts, node = bursts.node[index];
    const issues = bursts.issues[index];
    const lines = [node < 0 ? "no ONNX node" : this.report.nodes[node]];
    const text = this.chip.instructionText(queue, index);
    lines.push(queue.name + (text ? ": " + text : ": several instructions"));
    let cycles = `cycle ${count(bursts.first[index])}`;
    if (bursts.last[index] > bursts.first[index]) cycles = `cycles ${count(bursts.first[index])} to ${count(bursts.last[index])}`;
    if (issues > 1) cycles += `, ${count(issues)} issues`;
    if (!this.chip.joined && issues > 1) {
      if (bursts.distance[index] > 1) cycles += `, ${bursts.distance[index]} cycles apart`;
      if (bursts.stride[index]) cycles += `, stride ${bursts.stride[index]}`;
    }
    if (bursts.instruction[index] >= 0) cycles += `, instruction ${count(bursts.instruction[index])} of its queue`;
    lines.push(cycles);
    return lines;
  }

  // How many units of a group are in a burst in a cycle, and of which nodes.
  describeGroup(group, cycle) {
    const nodes = new Map();
    let busy = 0;
    for (const {bursts} of group.queues) {
      const i = bursts.at(cycle);
      if (i < 0) continue;
      ++busy;
      nodes.set(bursts.node[i], (nodes.get(bursts.node[i]) || 0) + 1);
    }
    const most = [...nodes].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return [`${group.name}, cycle ${count(cycle)}: ${busy} of ${group.queues.length}`,
      ...most.slice(0, 4).map(([node, n]) => `${n}: ${node < 0 ? "no ONNX node" : this.report.nodes[node]}`),
      ...(most.length > 4 ? [`and ${most.length - 4} more nodes`] : [])];
  }

  listen() {
    let drag = null;
    const at = event => {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.canvas.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      const [x, y] = at(event);
      drag = {x, y, from: this.from, to: this.to, moved: false, range: event.shiftKey};
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", event => {
      const [x, y] = at(event);
      if (drag) {
        drag.moved = drag.moved || Math.abs(x - drag.x) > 3;
        if (!drag.moved) return;
        tip.hide();
        if (drag.range) {
          this.range = [Math.min(drag.x, x), Math.max(drag.x, x)];
          this.redraw();
        } else {
          const step = (drag.x - x) / this.width * (drag.to - drag.from);
          this.show(drag.from + step, drag.to + step);
        }
        return;
      }
      const row = this.rowAt(y);
      const burst = this.burstAt(x, y);
      if (burst) tip.show(event, this.describe(burst));
      else if (row && !row.queue && !row.group.open && x >= labelWidth)
        tip.show(event, this.describeGroup(row.group, Math.floor(this.cycleOf(x))));
      else tip.hide();
    });
    const drop = event => {
      if (!drag) return;
      const [x, y] = at(event);
      if (drag.moved && drag.range && this.range)
        this.show(this.cycleOf(this.range[0]), this.cycleOf(this.range[1]));
      else if (!drag.moved && event.type === "pointerup") this.click(x, y);
      this.range = drag = null;
      this.redraw();
    };
    this.canvas.addEventListener("pointerup", drop);
    this.canvas.addEventListener("pointercancel", drop);
    this.canvas.addEventListener("pointerleave", () => tip.hide());
    // Over the rows the wheel zooms; over their names it scrolls.
    this.canvas.addEventListener("wheel", event => {
      const [x] = at(event);
      if (x < labelWidth) return;
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        this.pan((event.deltaX || event.deltaY) / this.width * (this.to - this.from));
      else this.zoom(Math.exp(Math.max(-240, Math.min(240, event.deltaY)) * .0025), x);
    }, {passive: false});

    this.canvas.parentElement.addEventListener("scroll", () => this.redraw());

    let jump = false;
    const centre = event => {
      const box = this.overview.getBoundingClientRect();
      const cycle = (event.clientX - box.left - labelWidth) / this.width * this.chip.cycles;
      const half = (this.to - this.from) / 2;
      this.show(cycle - half, cycle + half);
    };
    this.overview.addEventListener("pointerdown", event => {
      jump = true;
      this.overview.setPointerCapture(event.pointerId);
      centre(event);
    });
    this.overview.addEventListener("pointermove", event => { if (jump) centre(event); });
    this.overview.addEventListener("pointerup", () => { jump = false; });

    byId("timeline-box").addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = (this.to - this.from) * .2;
      const act = {
        "+": () => this.zoom(.5), "=": () => this.zoom(.5), "-": () => this.zoom(2),
        "ArrowLeft": () => this.pan(-step), "ArrowRight": () => this.pan(step),
        "0": () => this.showAll(), "Home": () => this.show(0, this.to - this.from),
        "End": () => this.show(this.chip.cycles - (this.to - this.from), this.chip.cycles),
        "Escape": () => { this.mark = null; this.onSelect(-1, null); },
      }[event.key];
      if (act) { event.preventDefault(); act(); }
    });
    byId("zoom-in").addEventListener("click", () => this.zoom(.5));
    byId("zoom-out").addEventListener("click", () => this.zoom(2));
    byId("zoom-all").addEventListener("click", () => { this.mark = null; this.showAll(); });
  }

  click(x, y) {
    const row = this.rowAt(y);
    if (row && !row.queue && (x < labelWidth || !row.group.open)) {
      row.group.open = !row.group.open;
      this.redraw();
      return;
    }
    const burst = this.burstAt(x, y);
    if (burst) this.onSelect(burst.queue.bursts.node[burst.index], burst);
    else if (x >= labelWidth) this.onSelect(-1, null);
  }
}
