// TFLOP/s over FLOP a byte, under the limits that were measured on this device.

const limitOf = (...names) => {
  const values = names.map((name) => numberOf(data.context.limits[name]?.value ?? null)).filter((value) => value > 0);
  return values.length ? Math.max(...values) : null;
};

const arithmeticOf = (provider) => (/^(int8|fp8)-/.exec(provider)?.[1]) ?? (provider === "f32" ? "f32" : "bf16");

/// The roofs that the rows in sight stand under: {name, peak} of each type, and {name, bandwidth} (TB/s).
function roofsOf(shown) {
  const types = unique(shown.map((row) => arithmeticOf(row.provider)));
  const peaks = types.map((name) => ({name, peak: limitOf(name)})).filter(({peak}) => peak);
  const slopes = [{name: "memory", bandwidth: limitOf("memory_read", "memory_copy")}];
  if (shown.some((row) => row.bound === "cache")) {
    slopes.push({name: "last cache", bandwidth: limitOf("l3_read", "l3_copy") ?? limitOf("l2_read", "l2_copy")});
  }
  return {peaks, slopes: slopes.filter(({bandwidth}) => bandwidth).map((s) => ({...s, bandwidth: s.bandwidth * 1e-3}))};
}

const roofColour = {
  int8: "int8-tensor-w-tensor-a",
  fp8: "fp8-channel-w-token-a",
  bf16: "bf16",
  f32: "f32"
};

function roofLines({peaks, slopes}, from, to) {
  const fastest = Math.max(...slopes.map((s) => s.bandwidth)), highest = Math.max(...peaks.map((p) => p.peak));
  const line =
      {yAxisID: "y", pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, borderWidth: 1.25, showLine: true};
  return [
    ...[...peaks].sort((a, b) => b.peak - a.peak).map(({name, peak}) => ({
                                                        ...line,
                                                        label: name,
                                                        lineName: `${name} ${formatTflops(peak)} TFLOP/s`,
                                                        borderColor: styleOf(roofColour[name]).colour,
                                                        data: [
                                                          {x: Math.max(from, peak / fastest), y: peak}, {x: to, y: peak}
                                                        ],
                                                      })),
    ...slopes.map(({name, bandwidth}) => ({
                    ...line,
                    label: name,
                    lineName: `${name} ${formatTflops(1000 * bandwidth)} GB/s`,
                    borderColor: themeColour("quiet"),
                    data: [{x: from, y: from * bandwidth}, {x: Math.max(from * 1.01, highest / bandwidth), y: highest}],
                  })),
  ];
}

const rooflinePlot = chartCanvas("roofline", true);
const rooflineNote = el("p", {class: "quiet key"});

function drawRoofline() {
  const shown = shownRows().filter((row) => row.trusted && row.intensity > 0 && row.tflops > 0);
  const roofs = roofsOf(shown);
  const measured = roofs.peaks.length > 0 && roofs.slopes.length > 0;
  const xs = shown.map((row) => row.intensity);
  const from = xs.length ? smallest(xs) / 1.4 : 1, to = xs.length ? largest(xs) * 1.4 : 1000;
  const lines = measured ? roofLines(roofs, from, to) : [];
  const points = scatterOf(
      shown, (row) => ({x: row.intensity, y: row.tflops}),
      (_, colour, own) => ({
        pointRadius: 3.5,
        pointHoverRadius: 7,
        pointBorderWidth: 1,
        pointBackgroundColor:
            perPoint(own, (row) => (row.outcome === "noisy" ? themeColour("card") : faded(colour, 0.6))),
      }));
  const ys = [...shown.map((row) => row.tflops), ...roofs.peaks.map(({peak}) => peak)];
  const x = valueAxis("FLOP a byte moved (each operand once)", [from * 1.15, to / 1.15], {log: true});
  const best = shown.reduce((a, b) => ((b.limit_share ?? 0) > (a?.limit_share ?? 0) ? b : a), null);
  drawChart(
      rooflinePlot.canvas,
      sentences(
          `Roofline: TFLOP/s over arithmetic intensity of ${points.reduce((n, p) => n + p.data.length, 0)} rows.`,
          ...lines.map((line) => `${line.lineName}.`),
          best?.limit_share ? `Nearest to its limit: ${sentenceOf(best)}, ${formatShare(best.limit_share)} of the ${
                                  best.bound} limit.` :
                              ""),
      {
        type: "scatter",
        data: {datasets: [...points, ...lines]},
        options: {parsing: false, scales: {x, y: valueAxis("TFLOP/s", ys, {log: true})}},
      });
  rooflineNote.textContent = measured ?
      "Lines: peaks measured on this device. A hot row whose operands fit the last cache is held against that cache." :
      "The limits of this device were not measured in this run (--no-limits): no roof to draw.";
}

byId("roofline-panel").append(rooflinePlot.box, rooflineNote);
