// What is drawn besides Chart.js's points and lines, and points without lines.

/// Datasets of a scatter chart, one a column that has rows in it: `at(row)` gives a row's {x, y}, `look(column, colour,
/// rows)` what of the points differs from chart to chart.
function scatterOf(shown, at, look) {
  return columns
      .map((column) => {
        const style = styleOfColumn(column);
        const own = shown.filter((row) => row.column === column.index);
        return {
          label: column.label,
          yAxisID: "y",
          data: own.map((row) => ({...at(row), row})),
          pointStyle: style.point,
          pointBorderColor: style.colour,
          ...look(column, style.colour, own),
        };
      })
      .filter(({data: own}) => own.length);
}

/// From the 20th to the 80th percentile of the samples, behind the points.
const whiskers = {
  id: "whiskers",
  beforeDatasetsDraw(chart) {
    const {ctx, scales: {y}} = chart;
    ctx.save();
    ctx.lineWidth = 3;
    chart.data.datasets.forEach((dataset, i) => {
      if (!dataset.whiskerColour) return;
      ctx.strokeStyle = faded(dataset.whiskerColour, 0.35);
      chart.getDatasetMeta(i).data.forEach((element, index) => {
        const {low, high} = dataset.data[index];
        if (!(low > 0) || !(high > 0) || dataset.yAxisID !== "y") return;
        ctx.beginPath();
        ctx.moveTo(element.x, y.getPixelForValue(low));
        ctx.lineTo(element.x, y.getPixelForValue(high));
        ctx.stroke();
      });
    });
    ctx.restore();
  },
};

/// A line across at `options.plugins.reference.value`: 1, where neither is faster, or where the limit is reached.
const referenceLine = {
  id: "reference",
  beforeDatasetsDraw(chart, _, {value}) {
    if (value === null || value === undefined) return;
    const {ctx, chartArea: {left, right}, scales: {y}} = chart;
    ctx.save();
    ctx.strokeStyle = themeColour("quiet");
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(left, y.getPixelForValue(value));
    ctx.lineTo(right, y.getPixelForValue(value));
    ctx.stroke();
    ctx.restore();
  },
};

/// A strip at the head of the chart over those M at which rows were throttled, the darker the more of them. `shares` is
/// [[log2 M, share]…] of all M.
const throttleStrip = {
  id: "throttle",
  beforeDatasetsDraw(chart, _, {shares}) {
    if (!shares || !shares.some(([, share]) => share > 0)) return;
    const {ctx, chartArea: {left, right, top}, scales: {x}} = chart;
    const edge = (a, b, fallback) => (a && b ? x.getPixelForValue((a[0] + b[0]) / 2) : fallback);
    ctx.save();
    ctx.fillStyle = themeColour("warn");
    shares.forEach((entry, i) => {
      if (entry[1] === 0) return;
      const from = edge(shares[i - 1], entry, left), to = edge(entry, shares[i + 1], right);
      ctx.globalAlpha = 0.25 + 0.6 * entry[1];
      ctx.fillRect(from, top - 6, to - from, 4);
    });
    ctx.restore();
  },
};

/// Names of lines that no switch explains (`dataset.lineName`): of level ones to the left of where they begin, which
/// under a roof is empty, of sloping ones along them, where the fewest points and names are in the way.
const lineNames = {
  id: "lineNames",
  afterDatasetsDraw(chart) {
    const {ctx} = chart;
    const named = chart.data.datasets.map((dataset, i) => ({dataset, ends: chart.getDatasetMeta(i).data}))
                      .filter(({dataset}) => dataset.lineName);
    const taken = pointsOf(chart);
    let last = -Infinity;  // the height of the name above
    ctx.save();
    ctx.font = `11px ${Chart.defaults.font.family}`;
    for (const {dataset, ends: [from, to]} of named.filter(({ends}) => isLevel(...ends))) {
      last = Math.max(from.y + 4, last + 12);
      ctx.textAlign = "right";
      ctx.fillStyle = dataset.borderColor;
      ctx.fillText(dataset.lineName, from.x - 8, last);
      for (let x = ctx.measureText(dataset.lineName).width; x > 0; x -= 8) taken.push({x: from.x - 8 - x, y: last - 4});
    }
    for (const {dataset, ends: [from, to]} of named.filter(({ends}) => !isLevel(...ends))) {
      const place = emptyStretch(from, to, ctx.measureText(dataset.lineName).width, taken);
      ctx.save();
      ctx.textAlign = "left";
      ctx.fillStyle = dataset.borderColor;
      ctx.translate(place.x, place.y);
      ctx.rotate(Math.atan2(to.y - from.y, to.x - from.x));
      ctx.fillText(dataset.lineName, 0, -5);
      ctx.restore();
    }
    ctx.restore();
  },
};

const isLevel = (from, to) => Math.abs(from.y - to.y) < 1;

/// Where along a line a text of `width` just above it covers the least of what is `taken`.
function emptyStretch(from, to, width, taken) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  let best = null, least = Infinity;
  for (let start = 8; start === 8 || start < length - width - 8; start += 12) {
    const covered = taken.filter(({x, y}) => {
      const along = (x - from.x) * dx + (y - from.y) * dy, above = (x - from.x) * dy - (y - from.y) * dx;
      return along > start - 6 && along < start + width + 6 && above > -4 && above < 20;
    });
    if (covered.length < least) [best, least] = [{x: from.x + start * dx, y: from.y + start * dy}, covered.length];
  }
  return best;
}

Chart.register(whiskers, referenceLine, throttleStrip, lineNames);
