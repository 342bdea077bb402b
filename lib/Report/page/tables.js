// The table of nodes and the table of gaps.

const sumOf = (units, kinds) => kinds.reduce((sum, kind) => sum + units[kind], 0);

class NodeTable {
  constructor(report, onSelect) {
    this.report = report;
    this.onSelect = onSelect;
    this.chosen = -1;
    this.sort = {column: 1, ascending: false};
    byId("node-filter").addEventListener("input", () => this.draw());
  }

  get columns() {
    const cycles = this.chip.cycles;
    return [
      ["Node", n => this.report.nodes[n.node], null],
      ["Cycles", n => n.cycles, v => v.toLocaleString("en-US", {minimumFractionDigits: 1, maximumFractionDigits: 1})],
      ["Share", n => n.cycles / cycles, v => percent(v, 2)],
      ["First", n => n.first, count],
      ["Last", n => n.last, count],
      ["Multiply-adds", n => n.multiplyAdds || 0, v => v ? short(v) : ""],
      ["MXM issues", n => sumOf(n.units, [unitKind.weights, unitKind.activate, unitKind.accumulate]), v => v ? count(v) : ""],
      ["VXM", n => n.units[unitKind.alu], v => v ? count(v) : ""],
      ["SXM", n => sumOf(n.units, [unitKind.transposer, unitKind.distributor, unitKind.permuter]), v => v ? count(v) : ""],
      ["MEM", n => sumOf(n.units, [unitKind.memRead, unitKind.memWrite]), v => v ? count(v) : ""],
    ];
  }

  setChip(chip) {
    this.chip = chip;
    this.chosen = -1;
    this.draw();
  }
  select(node, scroll) {
    this.chosen = node;
    for (const row of byId("node-table").querySelectorAll("tbody tr")) {
      const on = Number(row.dataset.node) === node;
      row.classList.toggle("chosen", on);
      if (on && scroll) {
        const box = row.closest(".table-box");
        box.scrollTop = row.offsetTop - box.clientHeight / 2;
      }
    }
  }

  draw() {
    const columns = this.columns, {column, ascending} = this.sort;
    const wanted = byId("node-filter").value.toLowerCase();
    const shown = this.chip.nodes.filter(n => this.report.nodes[n.node].toLowerCase().includes(wanted));
    const key = columns[column][1];
    shown.sort((a, b) => {
      const x = key(a), y = key(b);
      const order = x < y ? -1 : x > y ? 1 : a.node - b.node;
      return ascending ? order : -order;
    });
    const head = columns.map(([title], c) => element("th", {class: c === 0 ? "left" : "",
      "aria-sort": c === column ? (ascending ? "ascending" : "descending") : undefined},
    element("button", {type: "button", onclick: () => {
      this.sort = {column: c, ascending: c === column ? !ascending : c === 0};
      this.draw();
    }}, title)));
    const most = Math.max(1, ...this.chip.nodes.map(n => n.cycles));
    const rows = shown.map(n => element("tr", {class: "click", "data-node": n.node, tabindex: "0",
      onclick: () => this.onSelect(n.node),
      onkeydown: event => { if (event.key === "Enter") this.onSelect(n.node); }},
    ...columns.map(([, value, format], c) => {
      if (c === 0) return element("td", {class: "left name"}, swatch(this.report.colours.of(n.node)), value(n));
      const cell = element("td", {}, format(value(n)));
      if (c === 2) cell.append(element("span", {class: "meter"},
        element("b", {style: `width:${(100 * n.cycles / most).toFixed(1)}%`})));
      return cell;
    })));
    byId("node-table").replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    byId("node-count").textContent = `${shown.length} of ${this.chip.nodes.length} nodes; ` +
      `${count(this.chip.idle)} cycles (${percent(this.chip.idle / this.chip.cycles)}) in which nothing issues`;
    this.select(this.chosen, false);
  }
}

class GapTable {
  constructor(report, onShow) {
    this.report = report;
    this.onShow = onShow;
  }

  nameOf(node) { return node < 0 ? "no ONNX node" : this.report.nodes[node]; }
  label(node) { return element("span", {}, swatch(this.report.colours.of(node)), this.nameOf(node)); }

  // What was waited for, in words.
  reason(wait) {
    const unit = this.chip.queues[wait.queue].name;
    const what = {data: "data that", weights: "weights that", room: "room that", bank: "the bank that", unit: "the unit that"}[wait.kind];
    const did = {data: `wrote (${unit})`, weights: `loaded (${unit})`, room: `still read (${unit})`, bank: `used (${unit})`, unit: `kept busy (${unit})`}[wait.kind];
    return element("span", {}, what + " ", this.label(wait.node), ` ${did} until cycle ${count(wait.cycle)}`,
      wait.slack > 0 ? `, ${count(wait.slack)} cycles before` : "");
  }

  // Whose doing the gap was, by cycles.
  mainly(gap) {
    if (!gap.parts.length) return null;
    const shown = gap.parts.slice(0, 3).flatMap(([node, cycles], i) =>
      [i ? ", " : "", this.label(node), ` ${count(cycles)}`]);
    return element("div", {class: "soft"}, "cycles of the gap behind that: ", ...shown,
      gap.parts.length > 3 ? ` and ${gap.parts.length - 3} more` : "");
  }

  // The nodes that the wait goes through, backwards in time; a node's steps are one.
  path(gap) {
    const steps = [];
    for (const wait of gap.waits) {
      const last = steps[steps.length - 1];
      if (last && last.node === wait.node) { last.first = Math.min(last.first, wait.first); last.waits.push(wait); }
      else steps.push({node: wait.node, first: wait.first, last: wait.cycle, waits: [wait]});
    }
    return element("ol", {class: "waits"}, ...steps.map(step => element("li", {},
      this.label(step.node), ` until cycle ${count(step.last)}: `,
      [...new Set(step.waits.map(w => `${w.kind}, ${this.chip.queues[w.queue].name}`))].slice(0, 4).join("; "),
      step.waits.length > 4 ? " \u2026" : "")));
  }

  setChip(chip) {
    this.chip = chip;
    const busiest = chip.queues[chip.busiest];
    byId("gap-hint").textContent = busiest
      ? `${busiest.name} issues in more cycles than any other queue: ${count(busiest.issues)} of ${count(chip.cycles)} ` +
        `(${percent(busiest.issues / chip.cycles)}). These are the longest times in which it issues nothing, and what the ` +
        "instruction that ends each of them waited for last. A click shows a gap in the timeline and the waits behind it."
      : "Nothing issues.";
    const rows = [];
    chip.gaps.forEach((gap, i) => {
      const detail = element("tr", {hidden: true}, element("td", {class: "left name", colspan: 6},
        gap.waits.length ? element("div", {}, "Back in time, what waited for what:", this.path(gap))
          : element("div", {}, "Nothing that the program does explains it."),
        element("button", {type: "button", onclick: toTimeline}, "To the timeline")));
      rows.push(element("tr", {class: "click", tabindex: "0", "data-gap": i,
        onclick: () => { detail.hidden = !detail.hidden; this.onShow(gap); },
        onkeydown: event => { if (event.key === "Enter") { detail.hidden = !detail.hidden; this.onShow(gap); } }},
      element("td", {}, String(i + 1)), element("td", {}, count(gap.begin)), element("td", {}, count(gap.end)),
      element("td", {}, count(gap.end - gap.begin)),
      element("td", {class: "left name"}, gap.next ? this.label(gap.next.node) : "the end of the program",
        gap.next ? element("div", {}, element("code", {}, gap.next.text)) : null),
      element("td", {class: "left name"}, gap.waits.length ? this.reason(gap.waits[0])
        : gap.next ? "nothing in the program: neither data nor a unit" : "", this.mainly(gap))), detail);
    });
    byId("gap-table").replaceChildren(element("thead", {}, element("tr", {},
      ...["", "From", "To", "Cycles"].map(t => element("th", {}, t)),
      element("th", {class: "left"}, "What ended it"), element("th", {class: "left"}, "It waited for"))),
    element("tbody", {}, ...rows));
  }
}
