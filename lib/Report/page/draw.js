// Draws the timeline. Far out a pixel stands for many bursts: it has the colour
// of the node with most of them, paler the less the unit issues. Close up every
// burst is a bar, and closer still every issue.

function drawTimeline(t) {
  t.rows = [];
  let y = 0;
  for (const group of t.groups) {
    const h = group.open ? groupHeight : closedHeight;
    t.rows.push({group, y, h});
    y += h;
    if (group.open)
      for (const queue of group.queues) {
        t.rows.push({group, queue, y, h: rowHeight});
        y += rowHeight;
      }
  }
  drawOverview(t);
  const {context, width} = prepare(t.canvas, y + 4);
  drawGrid(t, context, y);
  // What is scrolled out of sight is drawn when it comes into it.
  const box = t.canvas.parentElement;
  const seen = t.rows.filter(row => row.y + row.h >= box.scrollTop && row.y <= box.scrollTop + box.clientHeight);
  for (const row of seen) {
    if (row.queue) drawQueue(t, context, row);
    else drawGroup(t, context, row);
  }
  // Names over what runs under them.
  context.fillStyle = css.panel;
  context.fillRect(0, 0, labelWidth - 1, y + 4);
  context.fillStyle = css.line;
  context.fillRect(labelWidth - 1, 0, 1, y + 4);
  context.textAlign = "left";
  for (const row of seen) {
    context.fillStyle = row.queue ? css.soft : css.ink;
    const name = row.queue ? row.queue.name
      : (row.group.open ? "\u25be " : "\u25b8 ") + row.group.name;
    context.fillText(name, row.queue ? 20 : 6, row.y + row.h / 2, labelWidth - 26);
  }
  if (t.range) {
    context.fillStyle = css.accent;
    context.globalAlpha = .18;
    context.fillRect(t.range[0], 0, t.range[1] - t.range[0], y);
    context.globalAlpha = 1;
  }
}

// 1, 2 or 5 times a power of ten, at least 90 pixels apart.
function tickStep(cycles, width) {
  const rough = cycles / Math.max(1, width / 90);
  const power = Math.pow(10, Math.floor(Math.log10(Math.max(1, rough))));
  return [1, 2, 5, 10].map(f => f * power).find(step => step >= rough) || 10 * power;
}

function drawGrid(t, context, height) {
  const step = tickStep(t.to - t.from, t.width);
  context.fillStyle = css.grid;
  for (let c = Math.ceil(t.from / step) * step; c < t.to; c += step)
    context.fillRect(Math.round(t.xOf(c)), 0, 1, height);
  if (t.mark) {
    context.fillStyle = css.cut;
    const x = t.xOf(t.mark[0]);
    context.fillRect(x, 0, Math.max(1, t.xOf(t.mark[1]) - x), height);
  }
}

// The whole program, with the shown part framed, and the axis of what is shown.
function drawOverview(t) {
  const tall = 34;
  const {context, width} = prepare(t.overview, tall + axisHeight);
  const busiest = t.chip.queues[t.chip.busiest];
  const scale = t.chip.cycles / t.width;
  if (busiest) {
    const level = busiest.levels.forCycles(scale) || busiest.levels.levels[0];
    level.busy.forEach((busy, i) => {
      if (busy <= 0) return;
      const x = labelWidth + i * level.size / scale;
      const h = Math.min(1, busy / level.size) * (tall - 8);
      context.fillStyle = t.node >= 0 && level.node[i] !== t.node ? css.faded : t.report.colours.of(level.node[i]);
      context.fillRect(x, tall - 2 - h, Math.max(.6, level.size / scale), h);
    });
    context.fillStyle = css.soft;
    context.textAlign = "left";
    context.fillText(busiest.name, 6, 12, labelWidth - 12);
    context.fillText("the whole program", 6, 26, labelWidth - 12);
  }
  const x0 = labelWidth + t.from / scale, x1 = labelWidth + t.to / scale;
  context.fillStyle = css.accent;
  context.globalAlpha = .14;
  context.fillRect(x0, 0, Math.max(2, x1 - x0), tall);
  context.globalAlpha = 1;
  context.strokeStyle = css.accent;
  context.strokeRect(x0 + .5, .5, Math.max(2, x1 - x0 - 1), tall - 1);

  context.fillStyle = css.line;
  context.fillRect(0, tall + axisHeight - 1, width, 1);
  const step = tickStep(t.to - t.from, t.width);
  context.fillStyle = css.soft;
  context.textAlign = "center";
  context.fillText("cycle", labelWidth - 24, tall + axisHeight / 2);
  for (let c = Math.ceil(t.from / step) * step; c < t.to; c += step) {
    const x = t.xOf(c);
    if (x > labelWidth + 24 && x < width - 24) context.fillText(count(c), x, tall + axisHeight / 2);
  }
}

// How a node's bars look when another is selected.
const faded = (t, node) => t.node >= 0 && node !== t.node;

// Busy share and leading node of each pixel column, from bins or from bursts.
function columnsOf(t, queue) {
  const scale = (t.to - t.from) / t.width;
  const level = queue.levels.forCycles(scale);
  const pixels = Math.ceil(t.width);
  const busy = new Float32Array(pixels), node = new Int32Array(pixels).fill(-1), lead = new Float32Array(pixels);
  const add = (first, length, amount, who) => {
    let from = (first - t.from) / scale, to = (first + length - t.from) / scale;
    const per = amount / (to - from);
    from = Math.max(0, from); to = Math.min(pixels, to);
    for (let p = Math.floor(from); p < to; ++p) {
      const part = per * (Math.min(to, p + 1) - Math.max(from, p));
      busy[p] += part / scale;
      vote(node, lead, p, who, part);
    }
  };
  if (level) {
    const end = Math.min(level.busy.length, Math.ceil(t.to / level.size));
    for (let i = Math.floor(t.from / level.size); i < end; ++i)
      if (level.busy[i] > 0) add(i * level.size, level.size, level.busy[i], level.node[i]);
  } else {
    const bursts = queue.bursts;
    for (let i = Math.max(0, bursts.before(t.from)); i < bursts.size && bursts.first[i] < t.to; ++i)
      if (bursts.last[i] >= t.from)
        add(bursts.first[i], bursts.last[i] - bursts.first[i] + 1, bursts.issues[i], bursts.node[i]);
  }
  return {busy, node, pixels};
}

function drawColumns(t, context, row, columns, height, bottom) {
  const {busy, node, pixels} = columns;
  for (let p = 0; p < pixels;) {
    if (busy[p] <= 0) { ++p; continue; }
    // A run of like columns is one bar.
    const shade = v => Math.round(Math.min(1, v) * 12);
    let end = p + 1;
    while (end < pixels && node[end] === node[p] && shade(busy[end]) === shade(busy[p]) && busy[end] > 0) ++end;
    context.fillStyle = faded(t, node[p]) ? css.faded : t.report.colours.of(node[p]);
    if (bottom) {
      const h = Math.max(1, Math.min(1, busy[p]) * height);
      context.fillRect(labelWidth + p, bottom - h, end - p, h);
    } else {
      context.globalAlpha = faded(t, node[p]) ? 1 : .3 + .7 * Math.min(1, busy[p]);
      context.fillRect(labelWidth + p, row.y + 1, end - p, height);
      context.globalAlpha = 1;
    }
    p = end;
  }
}

function drawQueue(t, context, row) {
  const bursts = row.queue.bursts, scale = t.width / (t.to - t.from);
  const begin = Math.max(0, bursts.before(t.from));
  const end = bursts.before(t.to) + 1;
  const height = rowHeight - 2;
  if (end - begin > t.width / 3 || scale < .05)
    return drawColumns(t, context, row, columnsOf(t, row.queue), height, 0);
  for (let i = begin; i < end; ++i) {
    const first = bursts.first[i], last = bursts.last[i];
    if (last < t.from) continue;
    const x = Math.max(labelWidth, t.xOf(first)), right = Math.min(labelWidth + t.width, t.xOf(last + 1));
    const node = bursts.node[i], off = faded(t, node);
    context.fillStyle = off ? css.faded : t.report.colours.of(node);
    const distance = bursts.distance[i];
    if (distance > 1 && distance * scale > 3) {
      const from = Math.max(0, Math.floor((t.from - first) / distance));
      for (let k = from; k < bursts.issues[i] && first + k * distance < t.to; ++k)
        context.fillRect(t.xOf(first + k * distance), row.y + 1, Math.max(1, scale - (scale > 4 ? 1 : 0)), height);
    } else {
      context.globalAlpha = off ? 1 : Math.max(.4, bursts.issues[i] / (last - first + 1));
      context.fillRect(x, row.y + 1, Math.max(.7, right - x - (scale > 4 ? 1 : 0)), height);
      context.globalAlpha = 1;
    }
    if (t.burst && t.burst.queue === row.queue && t.burst.index === i) {
      context.strokeStyle = css.ink;
      context.strokeRect(x + .5, row.y + .5, Math.max(2, right - x - 1), rowHeight - 1);
    }
    // A name where it fits.
    if (!off && right - x > 90 && node >= 0) {
      context.fillStyle = isDark() ? "#0d1016" : "#ffffff";
      context.font = "10px system-ui, 'DejaVu Sans', sans-serif";
      context.textAlign = "left";
      context.save();
      context.beginPath();
      context.rect(x, row.y, right - x - 4, rowHeight);
      context.clip();
      context.fillText(t.report.nodes[node], x + 4, row.y + rowHeight / 2);
      context.restore();
      context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    }
  }
}

// All queues of a group as one: the share of them that issue.
function drawGroup(t, context, row) {
  const {group} = row;
  if (group.open) return;
  group.levels = group.levels || mergedLevels(group.queues);
  if (group.levels.forCycles((t.to - t.from) / t.width))
    return drawColumns(t, context, row, columnsOf(t, group), closedHeight - 4, row.y + closedHeight - 1);
  const pixels = Math.ceil(t.width);
  const sum = {busy: new Float32Array(pixels), node: new Int32Array(pixels).fill(-1), pixels};
  const lead = new Float32Array(pixels);
  for (const queue of group.queues) {
    const {busy, node} = columnsOf(t, queue);
    for (let p = 0; p < pixels; ++p)
      if (busy[p] > 0) {
        sum.busy[p] += busy[p] / group.queues.length;
        vote(sum.node, lead, p, node[p], busy[p]);
      }
  }
  drawColumns(t, context, row, sum, closedHeight - 4, row.y + closedHeight - 1);
}
