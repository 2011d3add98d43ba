// One chart a layer of the chosen model and tensor parallelism: the chosen metric over M.

/// Rows that have no figure to draw stand in a lane of their own under the chart, by what became of them.
const outcomePoints = {
  incorrect: "crossRot",
  failed: "star",
  out_of_memory: "rect",
  unsupported: "line",
  skipped: "rectRot",
};

/// A column's points by ascending M. What was tried and has no time breaks the line; what was not asked for does not.
function seriesOf(column, layerRows, metric) {
  const style = styleOfColumn(column);
  const own = layerRows.filter((row) => row.column === column.index).sort((a, b) => a.m - b.m);
  const points = own.map((row) => ({
                           x: Math.log2(row.m),
                           y: row.trusted && Number.isFinite(row[metric.field]) ? row[metric.field] : NaN,
                           row,
                           low: row.trusted && metric.low ? row[metric.low] : null,
                           high: row.trusted && metric.high ? row[metric.high] : null,
                         }));
  if (!points.some((point) => Number.isFinite(point.y))) return null;
  const cold = state.cache === "both" && column.cache === "cold";
  const behind = state.highlight && state.highlight !== column.key;
  const colour = behind ? faded(style.colour, 0.15) : cold ? faded(style.colour, 0.55) : style.colour;
  return {
    label: column.label,
    data: points,
    yAxisID: "y",
    order: behind ? 1 : 0,
    whiskerColour: behind ? null : style.colour,
    borderColor: colour,
    borderDash: style.dash,
    borderWidth: cold ? 1.25 : 2,
    spanGaps: false,
    pointStyle: style.point,
    // Hundreds of points of a scan would hide their line.
    pointRadius: points.length > 40 ? 1 :
        style.point === "triangle"  ? 4.5 :
                                      3.5,
    pointHoverRadius: 7,
    pointBorderWidth: 1.5,
    pointBorderColor: colour,
    // Hollow: the median is not known as well as was asked for.
    pointBackgroundColor: perPoint(points, ({row}) => (row.outcome === "noisy" ? themeColour("card") : colour)),
  };
}

/// The lane of what has no figure in this metric: at its M, in its provider's colour, with the sign of its outcome.
function laneOf(layerRows, metric) {
  const lost = layerRows.filter((row) => !row.trusted);
  if (!lost.length) return null;
  const atM = groupBy(lost, (row) => row.m);
  const most = largest([...atM.values()].map((group) => group.length));
  return {
    height: most,
    dataset: {
      label: "no figure",
      type: "scatter",
      yAxisID: "lane",
      showLine: false,
      data: lost.map((row) => ({x: Math.log2(row.m), y: (atM.get(row.m).indexOf(row) + 1) / (most + 1), row})),
      pointStyle: lost.map((row) => outcomePoints[row.outcome] ?? "star"),
      pointBorderColor: lost.map((row) => styleOf(row.provider).colour),
      pointBackgroundColor: "transparent",
      pointBorderWidth: 2,
      pointRadius: 5,
      pointHoverRadius: 7,
    },
  };
}

function throttleShares(layerRows) {
  return [...groupBy(layerRows.filter((row) => row.trusted), (row) => row.m)]
      .sort(([a], [b]) => a - b)
      .map(([m, group]) => [Math.log2(m), group.filter((row) => row.throttled).length / group.length]);
}

/// What the chart shows, in words.
function layerText(name, series, metric, sizes) {
  const last = series.map(({label, data}) => {
    const points = data.filter(({y}) => Number.isFinite(y));
    const end = points[points.length - 1];
    return `${label} ${metric.format(points[0].y)} at M ${points[0].row.m}` +
        (points.length > 1 ? `, ${metric.format(end.y)} at M ${end.row.m}` : "");
  });
  return sentences(
      `Layer ${name}: ${metric.label} over M from ${sizes[0]} to ${sizes[sizes.length - 1]}.`,
      last.length ? `${last.join("; ")}.` : "Nothing was measured.", "Arrow keys go from point to point.");
}

function drawLayer(canvas, name, layerRows) {
  const metric = metrics[state.metric];
  const sizes = unique(layerRows.map((row) => row.m)).sort(byNumber);
  const series = columns.map((column) => seriesOf(column, layerRows, metric)).filter(Boolean);
  const lane = laneOf(layerRows, metric);
  const log = Boolean(metric.log && state.log);
  const values = series.flatMap(({data}) => data.flatMap(({y, low, high}) => [y, low ?? y, high ?? y]));
  const scales = {x: batchAxis(sizes)};
  if (lane) {
    scales.lane = {
      ...axisStyle("no figure"),
      type: "linear",
      axis: "y",
      position: "left",
      min: 0,
      max: 1,
      stack: "all",
      stackWeight: Math.min(4, 0.8 + 0.45 * lane.height),
      offset: true,
      ticks: {display: false},
      grid: {display: false},
    };
    series.push(lane.dataset);
  }
  // After the lane, so that it stands on it.
  scales.y = {
    ...valueAxis(metric.axis, values, {log, tick: metric.tick, reference: metric.reference ?? null}),
    stack: "all",
    stackWeight: 8
  };
  drawChart(canvas, layerText(name, series.filter((s) => s.yAxisID === "y"), metric, sizes), {
    type: "line",
    data: {datasets: series},
    options: {
      parsing: false,
      scales,
      layout: {padding: {top: 8}},
      plugins: {reference: {value: metric.reference ?? null}, throttle: {shares: throttleShares(layerRows)}},
    },
  });
}

/// The cards are kept while they show the same layers, so that the keyboard's place is not lost by a switch.
const layerCards = new Map();

function drawLayers() {
  const groups = groupBy(shownRows(), (row) => `${row.layer}\u0000${row.n}\u0000${row.k}`);
  const shown = [...groups].slice(0, state.layersShown);
  for (const [key, card] of layerCards) {
    if (shown.some(([other]) => other === key)) continue;
    charts.get(card.canvas)?.destroy();
    charts.delete(card.canvas);
    card.element.remove();
    layerCards.delete(key);
  }
  shown.forEach(([key, layerRows], place) => {
    if (!layerCards.has(key)) layerCards.set(key, newCard(layerRows[0]));
    const {element, canvas} = layerCards.get(key);
    canvas.id = `layer-${place}`;
    if (byId("layers").children[place] !== element)
      byId("layers").insertBefore(element, byId("layers").children[place] ?? null);
  });
  // Drawn once all cards have their places and so their widths.
  for (const [key, layerRows] of shown) drawLayer(layerCards.get(key).canvas, layerRows[0].layer, layerRows);
  const more = groups.size - shown.length;
  fill(
      byId("layers-more"),
      more > 0 ? el("button", {type: "button", onclick: () => change({layersShown: state.layersShown + 24})},
                    `Show ${Math.min(24, more)} more of ${more} layers`) :
          groups.size ? "" :
                        "Nothing is switched on: no provider, engine or cache state that was measured here.");
  drawKey([...groups.values()].flat());
}

function newCard(row) {
  const {canvas, box} = chartCanvas("");
  const element =
      el("article", {class: "card"},
         el("header", {}, el("h3", {}, row.layer), el("span", {class: "quiet figure"}, `N=${row.n} K=${row.k}`)), box);
  return {element, canvas};
}

/// Only the signs that are in these charts.
function drawKey(all) {
  const parts = ["Dashed: activations quantized before the call."];
  if (metrics[state.metric].low) parts.push("Bars: 20 to 80 % of the samples.");
  if (all.some((row) => row.outcome === "noisy"))
    parts.push("Hollow: noisy, the median is not known as well as was asked for.");
  if (all.some((row) => row.throttled)) parts.push("Strip at the head: rows whose clock was throttled.");
  if (all.some((row) => !row.trusted))
    parts.push(
        "Lane at the foot: rows without a figure (× wrong, ✳ failed, ▢ out of memory, – unsupported, ◇ skipped).");
  if (state.cache === "both") parts.push("Pale: cold cache.");
  byId("layers-key").textContent = parts.join(" ");
}
