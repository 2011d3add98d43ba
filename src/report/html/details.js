// All figures of one row: beside the pointer while it hovers, kept at the foot of the page once chosen.

const spread = (row, low, high, format) =>
    row[low] === null || row[high] === null ? "" : ` (${format(row[low])} – ${format(row[high])})`;

/// [label, text] of everything a row says; what is not known is left out. Fields that this page has no words for come
/// last, under their own names, so that a later file shows all it holds.
function factsOf(row) {
  const facts = [
    ["layer", `${row.layer}   N=${row.n} K=${row.k}   TP ${row.tp}`],
    ["time", row.median_us === null ? null : formatTime(row.median_us) + spread(row, "p20_us", "p80_us", formatTime)],
    ["known to", row.noise_pct === null ? null : `± ${formatPercent(row.noise_pct)}, ${row.samples} samples`],
    [
      "TFLOP/s",
      row.tflops === null ? null : formatTflops(row.tflops) + spread(row, "tflops_low", "tflops_high", formatTflops)
    ],
    [
      "speedup",
      [
        row.speedup === null ? "" :
                               `${formatRatio(row.speedup)} bf16` +
                (row.speedup_noise_pct === null ? "" : ` ± ${formatPercent(row.speedup_noise_pct)}`),
        row.speedup_f32 === null ? "" : `${formatRatio(row.speedup_f32)} f32`
      ].filter(Boolean)
          .join(", ")
    ],
    [
      "of the limit",
      row.limit_share === null ? null : `${formatShare(row.limit_share)} of ${formatTime(row.limit_us)} (${row.bound})`
    ],
    ["split", row.quantize_us === null || row.gemm_us === null ? null : splitText(row)],
    ["SQNR", row.sqnr_db === null ? null : formatDecibel(row.sqnr_db)],
    [
      "error",
      row.rel_error === null ? null :
                               `${formatSmall(row.rel_error)} relative, ${formatSmall(row.max_abs_error)} at most`
    ],
    ["integer sums",
     row.exact === null ? null :
         row.exact      ? "the reference's, bit for bit" :
                          "NOT the reference's"],
    ["cache", cacheText(row)],
    ["clock", row.clock_mhz === null ? null : clockText(row)],
    ["throttled", row.throttled ? row.throttle : null],
    [
      "at the typical clock",
      row.typical_clock_us === null ? null : `${formatTime(row.typical_clock_us)} (this run's median clock)`
    ],
    [
      "drift",
      row.drift_pct === null ? null :
                               `${row.drift_pct > 0 ? "+" : ""}${formatPercent(row.drift_pct)} while it was measured`
    ],
    [
      "power",
      row.power_w === null ?
          null :
          `${row.power_w.toFixed(0)} W` + (row.temperature_c === null ? "" : `, ${row.temperature_c.toFixed(0)} °C`)
    ],
    ["engine", [row.engine, row.kernel].filter(Boolean).join(": ")],
    ["note", row.message],
  ];
  for (const field of data.fields) {
    if (knownFields.has(field) || row[field] === null || row[field] === "") continue;
    facts.push([field, printable(Array.isArray(row[field]) ? row[field].join(", ") : row[field])]);
  }
  return facts.filter(([, text]) => text);
}

const knownFields = new Set([
  ...numericFields,
  "model",
  "layer",
  "provider",
  "engine",
  "kernel",
  "cache",
  "outcome",
  "message",
  "bound",
  "exact",
  "throttle",
  "repro",
]);

/// The parts were timed on their own: how well they add up to the call says what to think of them.
function splitText(row) {
  const sum = row.quantize_us + row.gemm_us;
  return `quantize ${formatTime(row.quantize_us)} + product ${formatTime(row.gemm_us)}, timed apart` +
      (row.median_us > 0 ? `: ${formatShare(sum / row.median_us)} of the call` : "") +
      (row.launch_us === null ? "" : `; to launch nothing takes ${formatTime(row.launch_us)}`);
}

/// Bytes of the last cache before memory; null where the device does not say.
const lastCache = numberOf(
    data.context.device.last_level_total_bytes ?? data.context.device.l3_bytes ?? data.context.device.l2_bytes ?? null);

function cacheText(row) {
  if (!row.working_set_bytes) return row.cache;
  const share = lastCache ? `, ${formatRatio(row.working_set_bytes / lastCache)} the last cache` : "";
  return `${row.cache}, calls rotate over ${formatBytes(row.working_set_bytes)}${share}`;
}

function clockText(row) {
  const text = `${row.clock_mhz.toFixed(0)} MHz`;
  const lower = typicalClock ? 1 - row.clock_mhz / typicalClock : 0;
  return lower > 0.02 ? `${text}, ${formatShare(lower)} under the run's typical ${typicalClock.toFixed(0)}` : text;
}

/// The outcome as a pill with sign and word; with `always` also where it is ok.
const outcomePill = (outcome, always = false) => outcome === "ok" && !always ?
    null :
    el("span", {class: `pill ${outcome}`}, `${outcomeSign(outcome)} ${outcomeWord(outcome)}`);

const throttlePill = (row) =>
    row.throttled ? el("span", {class: "pill throttled", title: row.throttle}, "▾ throttled") : null;

function headOf(row) {
  const column = columns[row.column];
  return el(
      "h3", {}, ...(column ? [swatch(column), " "] : []), `${row.provider}   M=${row.m} `,
      outcomePill(row.outcome) || "", " ", throttlePill(row) || "");
}

const factList = (facts, kind = "") =>
    el("dl", {class: `facts ${kind}`}, ...facts.flatMap(([label, text]) => [el("dt", {}, label), el("dd", {}, text)]));

/// The row in one sentence, for those who hear it.
function sentenceOf(row) {
  const metric = metrics[state.metric];
  const value = row.trusted && row[metric.field] !== null ? metric.format(row[metric.field]) : outcomeWord(row.outcome);
  return `${row.provider}, ${row.layer}, M ${row.m}, ${row.cache}: ${value}` +
      (row.outcome === "noisy" ? `, noisy, ± ${formatPercent(row.noise_pct)}` : "") +
      (row.throttled ? ", throttled" : "") + (row.trusted || !row.message ? "" : `, ${row.message}`);
}

/// Shows the row near a place of the window; null hides it.
function showTip(row, x = 0, y = 0) {
  const tip = byId("tip");
  tip.hidden = !row;
  if (!row) return;
  fill(tip, headOf(row), factList(factsOf(row)), row.repro ? el("code", {class: "repro"}, row.repro) : "");
  const box = tip.getBoundingClientRect();
  const right = x + 16 + box.width < innerWidth;
  tip.style.left = `${Math.max(4, right ? x + 14 : x - 14 - box.width)}px`;
  tip.style.top = `${Math.max(4, Math.min(y - box.height / 3, innerHeight - box.height - 4))}px`;
}

let detailsReturn = null;

/// Keeps the row at the foot of the page until it is closed.
function keepRow(row) {
  showTip(null);
  const details = byId("details");
  detailsReturn = document.activeElement;
  const close = el("button", {type: "button", onclick: closeDetails}, "Close");
  fill(
      details, headOf(row), factList(factsOf(row)), row.repro ? el("code", {class: "repro"}, row.repro) : "",
      el("div", {class: "row-buttons"}, row.repro ? copyButton("Copy the command", () => row.repro) : "",
         copyButton("Copy as CSV", () => csvOf([row])), close));
  details.hidden = false;
  close.focus({preventScroll: true});
  say(sentenceOf(row));
}

function closeDetails() {
  if (byId("details").hidden) return;
  byId("details").hidden = true;
  detailsReturn?.focus?.({preventScroll: true});
}

// It stands where the point was.
addEventListener("scroll", () => showTip(null), {passive: true});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  showTip(null);
  closeDetails();
});
