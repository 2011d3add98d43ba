// The head of the page, the summary, and the box about device and method.

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const themes = ["system", "light", "dark"];
let theme = "system";

function applyTheme() {
  document.documentElement.dataset.theme = theme === "system" ? (systemDark.matches ? "dark" : "light") : theme;
  byId("theme").textContent = `Theme: ${theme}`;
}

function buildTheme() {
  try {
    theme = themes.find((name) => name === localStorage.getItem("qgemm-theme")) ?? "system";
  } catch {
    theme = "system";  // a browser that keeps nothing for files
  }
  byId("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try {
      localStorage.setItem("qgemm-theme", theme);
    } catch {
      // The choice holds until the page is closed.
    }
    applyTheme();
    change({theme});
  });
  systemDark.addEventListener("change", () => {
    applyTheme();
    change({theme});
  });
  applyTheme();
}

function buildTop() {
  const {context} = data;
  byId("device").textContent = printable(context.device.name || context.device.kind);
  const what = models.length > 3 ? `${models.length} models` : models.map((model) => model || "shapes").join(", ");
  byId("subtitle").textContent = [
    what, printable(context.date), printable(context.host), printable(context.command)
  ].filter(Boolean).join("  ·  ");
  byId("outcomes").textContent = printable(data.outcomes);
  byId("summary-key").textContent =
      "Speedups and share of the physical limit: geometric means over the measured rows. SQNR: median. " +
      "Beats: faster at every layer at that M and every larger one measured.";
  byId("made-by").textContent = `qgemm ${printable(context.qgemm_version)} ${printable(context.git_revision)}. ` +
      `Charts: Chart.js ${Chart.version} (MIT). This page holds everything it shows and loads nothing.`;
}

/// The summary of `qgemm report`, line by line.
function drawSummary() {
  const wanted = [
    ["measured", "rows"], ["speedup", "/bf16"], ["speedup_f32", "/f32"], ["limit_share", "of limit"],
    ["sqnr_db", "SQNR dB"], ["beats_bf16", "beats bf16"], ["beats_f32", "beats f32"]
  ].filter(([field]) => columns.some((column) => column[field]));
  fill(
      byId("summary"),
      el("thead", {},
         el("tr", {}, el("th", {scope: "col"}, "provider"),
            ...wanted.map(([, text]) => el("th", {scope: "col", class: "number"}, text)))),
      el("tbody", {},
         ...columns.map(
             (column) =>
                 el("tr", {class: column.provider === "bf16" ? "baseline" : ""},
                    el("th", {scope: "row"}, swatch(column), " ", column.label),
                    ...wanted.map(([field]) => el("td", {class: "number"}, String(column[field] || unknown)))))));
}

/// Nothing that is not ok stays unsaid: the tables' notes, and what a reader must know of all rows.
function buildNotes() {
  const pill = (kind, text) => el("span", {class: `pill ${kind}`}, text);
  const items =
      data.notes.map((note) => [outcomePill(note.outcome), ` ${printable(note.who)}: ${printable(note.message)}`]);
  // "Clock: 3 of 9 rows …" and the like, as the summary in the terminal has them.
  for (const line of data.conditions) {
    const [, topic, text] = /^(\w+): ([^]*)$/.exec(line) ?? [null, "noticed", line];
    items.push([pill(topic === "Split" ? "ok" : "noisy", topic.toLowerCase()), ` ${printable(text)}`]);
  }
  const throttled = rows.filter((row) => row.throttled);
  if (throttled.length && !data.conditions.some((line) => line.startsWith("Clock: "))) {
    const reasons = unique(throttled.map((row) => row.throttle)).slice(0, 4).join("; ");
    items.push([
      pill("throttled", "▾ throttled"),
      ` ${throttled.length} of ${rows.length} rows (${reasons}), at the clock that the others had`
    ]);
  }
  const {options} = data.context;
  if (options.data === "zeros" && !data.context.operands?.length)  // a file that does not say what was multiplied
    items.push(
        [pill("noisy", "~ operands"), " are zeros: they draw less power than real ones, so these speeds flatter"]);
  if (options.scales === "constant")
    items.push([
      pill("noisy", "~ scales"), " are the constant 1.0, as the reference's: accuracy is not that of calibrated ones"
    ]);
  const told = rows.filter((row) => row.trusted && row.message && /steal|load|drift|cache/i.test(row.message));
  for (const [message, group] of [...groupBy(told, (row) => row.message)].slice(0, 5)) {
    items.push([pill("noisy", "~ noticed"), ` ${message}: ${group.length} row${group.length === 1 ? "" : "s"}`]);
  }
  fill(byId("notes"), ...items.map((parts) => el("li", {}, ...parts)));
}

const propertyText = (name, value) => {
  if (value === null || value === undefined) return "not known";
  if (Array.isArray(value)) return value.length ? printable(value.join(", ")) : "default";
  if (/_bytes/.test(name) && Number.isFinite(value)) return formatBytes(value);
  if (typeof value === "object") return printable(JSON.stringify(value));
  return printable(typeof value === "number" ? Number(value.toPrecision(6)) : value);
};

const method = [
  [
    "time",
    "the median of one call, whatever it does besides the product: quantizing activations counts, unless the provider's name ends in -noquant"
  ],
  ["TFLOP/s", "2·M·N·K over that time"],
  ["order", "the providers of a point are sampled in turn, so that they share clock and load"],
  [
    "checked",
    "every row before it was timed: its integer sums bit for bit, its outputs against a plain reference; a wrong result is INCORRECT and has no time"
  ],
  ["noisy", "the median's 95 % confidence interval stayed wider than asked for"],
  [
    "hot, cold",
    "hot calls use the same buffers; cold ones rotate through copies that together are several times the last cache"
  ],
  [
    "of limit",
    "share of the larger of arithmetic at the measured peak and moving each operand once at the measured bandwidth"
  ],
  ["SQNR", "signal to quantization noise of the product against float64, higher is better"],
];

/// What a later version says of the run under names that this page has no words for: a card each.
const knownContext = new Set([
  "date", "host", "command", "qgemm_version", "git_revision", "device", "limits", "limits_date", "seed", "operands",
  "options"
]);

function furtherFacts() {
  return Object.entries(data.context)
      .filter(([name]) => !knownContext.has(name))
      .map(
          ([name, value]) =>
              [printable(name).replaceAll("_", " "),
               value !== null && typeof value === "object" && !Array.isArray(value) ?
                   Object.entries(value).map(
                       ([key, held]) => [printable(key).replaceAll("_", " "), propertyText(key, held)]) :
                   [[printable(name), propertyText(name, value)]]]);
}

/// What was multiplied, a line for each form of the operands.
function operandTable(operands) {
  const titles = [["type"], ["scale"], ["largest", 1], ["zeros", 1], ["bits", 1]];
  const head = (text, number) => el("th", {scope: "col", class: number ? "number" : ""}, text);
  const number = (value, unit = "") =>
      el("td", {class: "number"}, Number.isFinite(value) ? `${Number(value.toPrecision(3))}${unit}` : unknown);
  return el(
      "div", {class: "wide"},
      el("table", {class: "operands"}, el("thead", {}, el("tr", {}, ...titles.map(([text, n]) => head(text, n)))),
         ...[...groupBy(operands, (operand) => `${operand.of}, ${operand.data}`)].map(
             ([title, group]) =>
                 el("tbody", {}, el("tr", {}, el("th", {scope: "rowgroup", colspan: titles.length}, printable(title))),
                    ...group.map(
                        (operand) => el(
                            "tr", {}, el("td", {}, printable(operand.type)),
                            el("td", {}, operand.granularity === "none" ? unknown : printable(operand.granularity)),
                            number(operand.absmax), number(operand.zeros_pct, " %"), number(operand.entropy_bits)))))),
      el("p", {class: "quiet key"},
         "Of the codes that are multiplied. Bits: entropy of their upper byte, 8 at most; " +
             "what has few of them, or many zeros, draws less power."));
}

function buildMethod() {
  const {device, limits, options} = data.context;
  const properties =
      Object.entries(device).map(([name, value]) => [name.replaceAll("_", " "), propertyText(name, value)]);
  const settings = Object.entries(options).map(([name, value]) => [name, propertyText(name, value)]);
  const peaks = Object.entries(limits).map(
      ([name, limit]) =>
          [name.replaceAll("_", " "),
           `${formatTflops(numberOf(limit.value))} ${printable(limit.unit)}: ${printable(limit.method)}`]);
  if (peaks.length && data.context.limits_date) peaks.push(["measured", printable(data.context.limits_date)]);
  const card = (title, facts, ...more) =>
      el("section", {class: "card"}, el("h3", {}, title), factList(facts, "machine"), ...more);
  fill(
      byId("method-box"), card("Device", properties),
      card("Measured limits", peaks.length ? peaks : [["none", "not measured in this run"]]),
      card("How it was measured", method),
      ...(data.context.operands?.length ? [el("section", {class: "card"}, el("h3", {}, "What was multiplied"),
                                              operandTable(data.context.operands))] :
                                          []),
      card(
          "Options", [...settings, ["command", printable(data.context.command)]],
          data.engines.length ? factList([["engines", printable(data.engines.join("; "))]], "machine") : ""),
      ...furtherFacts().map(([title, facts]) => card(title, facts)));
}
