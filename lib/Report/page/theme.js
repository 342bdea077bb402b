// Colours, numbers as text, and small helpers for elements. Names come from
// models and are only ever set as text.

const css = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["page", "panel", "line", "grid", "ink", "soft", "accent", "weights", "tables",
    "activations", "state", "text", "free", "reserved", "idle", "heat0", "heat1", "cut", "faded"])
    css[name] = style.getPropertyValue("--" + name).trim();
}
const isDark = () => document.documentElement.dataset.theme === "dark";
const hexParts = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
// From heat0 to heat1.
function heat(share) {
  const a = hexParts(css.heat0), b = hexParts(css.heat1);
  const t = Math.sqrt(Math.max(0, Math.min(1, share)));
  return "rgb(" + a.map((v, i) => Math.round(v + (b[i] - v) * t)).join(",") + ")";
}

const count = n => Math.round(n).toLocaleString("en-US");
const percent = (share, digits = 1) => (100 * share).toFixed(digits) + "%";
function bytes(n) {
  if (n >= 1 << 20) return (n / (1 << 20)).toFixed(1) + " MiB";
  if (n >= 1 << 10) return (n / (1 << 10)).toFixed(1) + " KiB";
  return n + " bytes";
}
function short(n) {
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (n >= size) return Number((n / size).toPrecision(3)) + " " + unit;
  return String(Math.round(n));
}

const byId = id => document.getElementById(id);
// element("td", {class: "left"}, "text", child, ...)
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {}))
    if (key === "style") made.style.cssText = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  made.append(...children.filter(c => c !== undefined && c !== null));
  return made;
}
const swatch = colour => element("i", {style: "background:" + colour});

// A canvas in device pixels, drawn in CSS pixels.
function prepare(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.parentElement.clientWidth;
  canvas.style.height = height + "px";
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  context.textBaseline = "middle";
  return {context, width, height};
}

const tip = {
  show(event, lines) {
    const box = byId("tip");
    box.replaceChildren(...lines.map((line, i) => element(i ? "div" : "b", {}, line)));
    box.hidden = false;
    const w = box.offsetWidth, h = box.offsetHeight;
    const x = event.clientX + 14 + w > innerWidth ? event.clientX - 14 - w : event.clientX + 14;
    const y = event.clientY + 14 + h > innerHeight ? event.clientY - 14 - h : event.clientY + 14;
    box.style.left = Math.max(4, x) + "px";
    box.style.top = Math.max(4, y) + "px";
  },
  hide() { byId("tip").hidden = true; },
};

// Nodes whose names differ in numbers only are of one family: the same operator
// in another layer. A family has a hue, its members shades.
class NodeColours {
  constructor(names) {
    const families = new Map();
    this.nodes = names.map(name => {
      const key = name.replace(/[0-9]+/g, "#");
      if (!families.has(key)) families.set(key, {index: families.size, members: 0});
      const family = families.get(key);
      return {family: family.index, member: family.members++};
    });
    this.refresh();
  }
  refresh() {
    const shades = isDark() ? [62, 52, 70] : [52, 42, 62];
    this.colours = this.nodes.map(({family, member}) => {
      const hue = (family * 137.508 + 215) % 360;
      const saturation = family % 3 === 2 ? 45 : 68;
      return `hsl(${hue.toFixed(1)} ${saturation}% ${shades[member % 3]}%)`;
    });
  }
  of(node) { return node < 0 ? css.soft : this.colours[node]; }
}
