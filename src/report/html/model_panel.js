// The layers' times added up: what one block of the model, or all of them, takes at one M.

const modelM = el("select", {onchange: () => change({step: Number(modelM.value)})});
const modelBlocks = el("input", {
  type: "number",
  min: "1",
  max: "1000",
  step: "1",
  value: "1",
  onchange: () => change({blocks: Math.max(1, Math.round(Number(modelBlocks.value)) || 1)})
});
const modelTable = el("table", {class: "bars"});
const modelKey = el("p", {class: "key"});
const modelNote = el("p", {class: "quiet key"});

/// Layers from dark to light, of one hue that stands for no provider.
const layerColour = (place, count) => {
  const lightness = isDark() ? 45 + (40 * place) / Math.max(1, count - 1) : 30 + (48 * place) / Math.max(1, count - 1);
  return `hsl(215 14% ${lightness}%)`;
};

/// {column, parts: [{layer, us}], lacks: [text], us} of a column at one M.
function stepOf(column, layers, atM) {
  const step = {column, parts: [], lacks: []};
  for (const layer of layers) {
    const row = atM.find((r) => r.column === column.index && layerKey(r) === layer);
    if (row?.trusted)
      step.parts.push({layer, us: row.median_us * state.blocks, row});
    else
      step.lacks.push(`${layer.split("\u0000")[0]} ${row ? outcomeWord(row.outcome) : "not measured"}`);
  }
  step.us = step.parts.reduce((sum, {us}) => sum + us, 0);
  return step;
}

/// Every token goes through it in each block: not the logits' product, nor one expert of many, whose M is its own.
const inEachBlock = (row) => row.layer !== "lm_head" && !row.layer.startsWith("expert_");

const layerKey = (row) => `${row.layer}\u0000${row.n}\u0000${row.k}`;

function drawModel() {
  // All layers of the model, also where the charts show one alone.
  const ofModel = rows.filter((row) => row.model === state.model && row.tp === state.tp);
  const all = ofModel.filter((row) => inEachBlock(row) && switchedOn(row));
  const sizes = unique(all.map((row) => row.m)).sort(byNumber);
  if (!sizes.includes(state.step)) state.step = sizes[0] ?? null;
  fill(modelM, ...sizes.map((m) => el("option", {value: m}, `M = ${m}`)));
  modelM.value = state.step ?? "";
  modelBlocks.value = state.blocks;
  const atM = all.filter((row) => row.m === state.step);
  const layers = unique(ofModel.filter(inEachBlock).map(layerKey));
  const apart = unique(ofModel.filter((row) => !inEachBlock(row)).map((row) => row.layer));
  const steps = columns.filter((c) => atM.some((row) => row.column === c.index)).map((c) => stepOf(c, layers, atM));
  const whole = steps.filter((step) => !step.lacks.length);
  const longest = largest(steps.map((step) => step.us), 0);
  const baseOf = (cache) => whole.find(({column}) => column.provider === "bf16" && column.cache === cache) ?? null;
  const line = (step) => {
    const base = baseOf(step.column.cache);
    const done = !step.lacks.length;
    const bar = el(
        "div", {},
        ...step.parts.map(
            ({layer, us}) => el("span", {
              title: `${layer.split("\u0000")[0]}: ${formatTime(us)}`,
              style: {width: `${(100 * us) / longest}%`, background: layerColour(layers.indexOf(layer), layers.length)}
            })));
    return el(
        "tr", {class: step.column.provider === "bf16" ? "baseline" : ""},
        el("th", {scope: "row"}, swatch(step.column), " ", step.column.label), el("td", {class: "bar"}, bar),
        el("td", {class: "number"},
           done ? formatTime(step.us) : el("span", {class: "pill noisy"}, `lacks ${step.lacks.join(", ")}`)),
        el("td", {class: "number"}, done && base ? formatRatio(base.us / step.us) : unknown),
        el("td", {class: "number"}, done ? Math.round((1e6 * state.step) / step.us).toLocaleString("en") : unknown));
  };
  const head = (text, kind = "") => el("th", {scope: "col", class: kind}, text);
  fill(
      modelTable, el("caption", {class: "unseen"}, `Time of the layers at M ${state.step}`),
      el("thead", {},
         el("tr", {}, head("provider"), head(""), head("time", "number"), head("/bf16", "number"),
            head("tokens/s", "number"))),
      el("tbody", {}, ...steps.map(line)));
  fill(
      modelKey,
      ...layers.map(
          (layer, i) =>
              el("span", {class: "layer-key"}, el("i", {style: {background: layerColour(i, layers.length)}}),
                 layer.split("\u0000")[0])));
  modelNote.textContent = `Medians of ${layers.length} layer${layers.length === 1 ? "" : "s"} added up` +
      (state.blocks > 1 ? `, times ${state.blocks} blocks` :
                          ", one block: give the model's number of blocks for a whole step") +
      ". Tokens a second are what these products alone would allow; attention, norms and communication come on top." +
      (apart.length ? ` Not in it, since not every token goes through them in each block: ${apart.join(", ")}.` : "");
}

byId("model-panel")
    .append(
        el("div", {class: "controls"}, el("label", {}, "At ", modelM), el("label", {}, "Blocks ", modelBlocks)),
        modelKey, el("div", {class: "wide"}, modelTable), modelNote);
