// The chosen metric over signal to quantization noise: what speed costs in accuracy. A point a layer at one M, or at
// all.

const accuracyPlot = chartCanvas("accuracy", true);
const accuracyM =
    el("select",
       {"aria-label": "M of the accuracy chart", onchange: () => change({accuracyM: Number(accuracyM.value) || null})});
const accuracyNote = el("p", {class: "quiet key"});

function drawAccuracy() {
  const metric = metrics[state.metric];
  const all = shownRows().filter((row) => row.trusted && row.sqnr_db !== null && Number.isFinite(row[metric.field]));
  const sizes = unique(all.map((row) => row.m)).sort(byNumber);
  if (state.accuracyM !== null && !sizes.includes(state.accuracyM)) state.accuracyM = sizes[sizes.length - 1] ?? null;
  fill(accuracyM, el("option", {value: ""}, "all M"), ...sizes.map((m) => el("option", {value: m}, `M = ${m}`)));
  accuracyM.value = state.accuracyM ?? "";
  const at = all.filter((row) => state.accuracyM === null || row.m === state.accuracyM);
  const shown = at.filter((row) => Number.isFinite(row.sqnr_db));
  const points = scatterOf(
      shown, (row) => ({x: row.sqnr_db, y: row[metric.field]}),
      ({provider}, colour) => ({
        pointRadius: 5.5,
        pointHoverRadius: 8,
        pointBorderWidth: 1.5,
        // Quantized before the call: hollow here, where no line can be dashed; noisy ones too are in the table.
        pointBackgroundColor: provider.endsWith("-noquant") ? themeColour("card") : faded(colour, 0.75),
      }));
  drawChart(
      accuracyPlot.canvas,
      sentences(
          `${metric.label} over SQNR${state.accuracyM ? ` at M ${state.accuracyM}` : ""}.`,
          ...points.map(({label, data: own}) => {
            const middle = own.map(({x}) => x).sort(byNumber)[own.length >> 1];
            return `${label}: ${formatDecibel(middle)}, ${metric.format(own[0].y)}.`;
          })),
      {
        type: "scatter",
        data: {datasets: points},
        options: {
          parsing: false,
          scales: {
            x: valueAxis("SQNR (dB): to the right is more accurate", shown.map((row) => row.sqnr_db), {zero: false}),
            y: valueAxis(
                metric.axis, shown.map((row) => row[metric.field]),
                {log: Boolean(metric.log && state.log), tick: metric.tick, reference: metric.reference ?? null}),
          },
          plugins: {reference: {value: metric.reference ?? null}},
        },
      });
  const exact = at.length - shown.length;
  accuracyNote.textContent =
      (exact ? `${exact} row${exact === 1 ? " is" : "s are"} exact (no noise at all) and beyond the axis. ` : "") +
      "Hollow: activations quantized before the call.";
}

byId("accuracy-panel")
    .append(el("div", {class: "controls"}, el("label", {}, "At ", accuracyM)), accuracyPlot.box, accuracyNote);
