// The results, as C++ put them into the page (html_data.hpp), made into row objects with the names of results.csv.

const data = JSON.parse(byId("qgemm-data").textContent);

/// Without what acts on a reader in place of being seen: control characters and changes of writing direction.
const printable = (text) =>
    String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, " ");

/// Outcomes whose time may be shown as one; of the others no figure is drawn, but always that they were.
const trustedOutcomes = new Set(["ok", "noisy"]);

/// JSON has no infinity: results.json says "inf", "-inf" and "nan" in texts.
const numberOf = (value) => value === "inf" ? Infinity :
    value === "-inf"                        ? -Infinity :
    typeof value === "number"               ? value :
                                              null;

const numericFields = new Set([
  "tp",
  "m",
  "n",
  "k",
  "median_us",
  "p20_us",
  "p80_us",
  "samples",
  "noise_pct",
  "drift_pct",
  "tflops",
  "tflops_low",
  "tflops_high",
  "speedup",
  "speedup_noise_pct",
  "speedup_f32",
  "limit_us",
  "limit_share",
  "quantize_us",
  "gemm_us",
  "launch_us",
  "sqnr_db",
  "rel_error",
  "max_abs_error",
  "clock_mhz",
  "power_w",
  "temperature_c",
  "typical_clock_us",
  "working_set_bytes",
]);

const rows = data.rows.map((values, index) => {
  const row = {index, column: data.derived[index][0], intensity: data.derived[index][1]};
  data.fields.forEach((field, i) => {
    const value = values[i];
    row[field] = numericFields.has(field) ? numberOf(value) : typeof value === "string" ? printable(value) : value;
  });
  row.trusted = trustedOutcomes.has(row.outcome) && row.median_us !== null;
  row.throttled = Boolean(row.throttle) && row.throttle !== "none";
  return row;
});

const columns =
    data.columns.map((column, index) => ({
                       ...column,
                       index,
                       provider: printable(column.provider),
                       engine: printable(column.engine),
                       label: printable(column.label),
                       // What one switch stands for: a provider, and its engine where several ran it.
                       key: `${printable(column.provider)}\u0000${printable(column.engine)}`,
                       name: printable(column.engine ? `${column.provider} ${column.engine}` : column.provider),
                     }));

const unique = (values) => [...new Set(values)];
const byNumber = (a, b) => a - b;

// Not Math.max(...values): that many arguments end a script.
const largest = (values, least = -Infinity) => values.reduce((a, b) => (b > a ? b : a), least);
const smallest = (values, most = Infinity) => values.reduce((a, b) => (b < a ? b : a), most);

/// Groups in order of appearance: Map key → values.
function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(value);
  }
  return groups;
}

/// The middle of the run's clocks, MHz: what a row's own is held against; null where no row has one.
const typicalClock = data.typical_clock_mhz;
