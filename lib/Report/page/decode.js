// Reads what Timeline.cpp wrote: bursts as numbers, and for each queue levels
// of bins, so that any zoom draws a few thousand of them at most.

class NumberReader {
  constructor(base64) {
    const text = atob(base64);
    this.bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) this.bytes[i] = text.charCodeAt(i);
    this.at = 0;
  }
  next() {
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
  nextSigned() {
    const value = this.next();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
}

// The bursts of one queue in columns.
class Bursts {
  constructor(size) {
    this.size = size;
    this.first = new Float64Array(size);
    this.last = new Float64Array(size);
    this.issues = new Float64Array(size);
    this.distance = new Float64Array(size);
    this.stride = new Int32Array(size);
    this.node = new Int32Array(size);
    this.instruction = new Int32Array(size).fill(-1);
    this.text = new Int32Array(size);
  }
  // Index of the last burst that begins at `cycle` or before, or -1.
  before(cycle) {
    let low = 0, high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.first[middle] <= cycle) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
  at(cycle) {
    const i = this.before(cycle);
    return i >= 0 && cycle <= this.last[i] ? i : -1;
  }
}

const levelFactor = 4;

// Busy cycles and the node with most of them, in bins of a power of the factor.
class Levels {
  constructor(bursts, cycles) {
    this.levels = [];
    // A short program has bins of one cycle, a long one of 32.
    let size = 2 ** Math.max(0, Math.min(5, Math.floor(Math.log2(cycles / 2048))));
    let n = Math.ceil(cycles / size);
    let busy = new Float32Array(n), node = new Int32Array(n).fill(-1), lead = new Float32Array(n);
    for (let b = 0; b < bursts.size; ++b) {
      const first = bursts.first[b], last = bursts.last[b];
      const density = bursts.issues[b] / (last - first + 1);
      for (let bin = Math.floor(first / size); bin * size <= last && bin < n; ++bin) {
        const part = density * (Math.min(last + 1, (bin + 1) * size) - Math.max(first, bin * size));
        busy[bin] += part;
        vote(node, lead, bin, bursts.node[b], part);
      }
    }
    this.levels.push({size, busy, node});
    while (n > 256) {
      const m = Math.ceil(n / levelFactor);
      const busyUp = new Float32Array(m), nodeUp = new Int32Array(m).fill(-1), leadUp = new Float32Array(m);
      for (let i = 0; i < n; ++i) {
        const up = Math.floor(i / levelFactor);
        busyUp[up] += busy[i];
        if (busy[i] > 0) vote(nodeUp, leadUp, up, node[i], busy[i]);
      }
      size *= levelFactor;
      n = m; busy = busyUp; node = nodeUp;
      this.levels.push({size, busy, node});
    }
  }
  // The coarsest level of which a bin is no more than this many cycles.
  forCycles(cycles) {
    let level = null;
    for (const candidate of this.levels)
      if (candidate.size <= cycles) level = candidate;
    return level;
  }
}
// The levels of several queues as if they were one, which is busy as much as
// they are on average.
function mergedLevels(queues) {
  const merged = Object.create(Levels.prototype);
  merged.levels = queues[0].levels.levels.map(({size}, l) => {
    const n = queues[0].levels.levels[l].busy.length;
    const busy = new Float32Array(n), node = new Int32Array(n).fill(-1), lead = new Float32Array(n);
    for (const queue of queues) {
      const from = queue.levels.levels[l];
      for (let i = 0; i < n; ++i)
        if (from.busy[i] > 0) {
          busy[i] += from.busy[i] / queues.length;
          vote(node, lead, i, from.node[i], from.busy[i]);
        }
    }
    return {size, busy, node};
  });
  return merged;
}
// The majority by weight (Boyer and Moore).
function vote(node, lead, bin, candidate, weight) {
  if (lead[bin] === 0 || node[bin] === candidate) { node[bin] = candidate; lead[bin] += weight; }
  else if (weight > lead[bin]) { node[bin] = candidate; lead[bin] = weight - lead[bin]; }
  else lead[bin] -= weight;
}

function decodeChip(chip, patterns) {
  const reader = new NumberReader(chip.timeline);
  const numberCounts = patterns.map(p => (p.match(/\x01/g) || []).length);
  chip.joined = chip.joinGap > 0;
  chip.queues.forEach((queue, q) => {
    const bursts = new Bursts(chip.bursts[q]);
    let end = 0, instruction = 0;
    for (let i = 0; i < bursts.size; ++i) {
      const first = bursts.first[i] = end + reader.next();
      const issues = bursts.issues[i] = reader.next() + 1;
      bursts.distance[i] = 1;
      if (chip.joined) {
        bursts.last[i] = first + reader.next();
        bursts.node[i] = reader.next() - 1;
      } else {
        if (issues > 1) {
          bursts.distance[i] = reader.next() + 1;
          bursts.stride[i] = reader.nextSigned();
        }
        bursts.last[i] = first + (issues - 1) * bursts.distance[i];
        bursts.node[i] = reader.next() - 1;
        bursts.instruction[i] = instruction += reader.next();
        // The text is made when it is shown.
        bursts.text[i] = reader.at;
        for (let left = numberCounts[reader.next()]; left > 0; --left) reader.next();
      }
      end = bursts.last[i] + 1;
    }
    queue.bursts = bursts;
    queue.levels = new Levels(bursts, chip.cycles);
  });
  chip.instructionText = (queue, i) => {
    if (chip.joined) return "";
    reader.at = queue.bursts.text[i];
    return patterns[reader.next()].replace(/\x01(?:\{(\d+)\})?/g,
      (mark, width) => String(reader.next()).padStart(width ? Number(width) : 0, "0"));
  };
}
