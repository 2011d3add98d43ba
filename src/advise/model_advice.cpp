#include <fmt/format.h>

#include <algorithm>

#include "advise/advice_parts.hpp"
#include "report/printable.hpp"

namespace qgemm {

std::int64_t layers_of_a_block(const Model& model) {
  return std::count_if(model.layers.begin(), model.layers.end(),
                       [](const Layer& layer) { return in_each_block(layer.name); });
}

void add_model_advice(std::vector<Advice>& out, const PointTimes& times, const Model& model) {
  const auto measured = std::count_if(times.layers.begin(), times.layers.end(), in_each_block);
  const bool whole = measured == layers_of_a_block(model) &&
                     std::all_of(model.layers.begin(), model.layers.end(), [&](const Layer& layer) {
                       return !in_each_block(layer.name) ||
                              std::find(times.layers.begin(), times.layers.end(), layer.name) != times.layers.end();
                     });
  const bool has_experts = std::any_of(times.layers.begin(), times.layers.end(), is_of_an_expert);
  if (!whole || has_experts || model.decoder_layers < 1) return;
  const auto depth = static_cast<double>(model.decoder_layers);
  for (const auto& provider : times.providers) {
    if (!is_complete(provider)) continue;
    std::vector<std::int64_t> sizes = times.sizes_with("", {provider});
    if (sizes.empty()) continue;
    Advice advice = advice_on("model", times, "", provider);
    advice.text = fmt::format("A step through all {} decoder layers with {} takes at least", model.decoder_layers,
                              printable(provider));
    std::vector<double> milliseconds, tokens;
    const char* separator = " ";
    for (const std::int64_t m : sizes) {
      const Timing step = *times.time("", m, provider);
      const double ms = step.us * depth / 1000, half = step.half * depth / 1000;
      const double per_second = static_cast<double>(m) / ms * 1000;
      milliseconds.push_back(ms);
      tokens.push_back(per_second);
      // The first, the middle and the last size: the rest is in the numbers.
      if (m != sizes.front() && m != sizes.back() && m != sizes[sizes.size() / 2]) continue;
      advice.text += fmt::format("{}{} ± {} ms at M = {}, {} tokens/s", separator, figure(ms), figure(half), m,
                                 figure(per_second));
      separator = "; ";
    }
    advice.text += ".";
    advice.numbers = {{"decoder_layers", model.decoder_layers}, {"m", sizes}};
    advice.series = {{"ms_per_step", std::move(milliseconds)}, {"tokens_per_second", std::move(tokens)}};
    out.push_back(std::move(advice));
  }
}

void add_tensor_parallel_advice(std::vector<Advice>& out, const std::vector<const PointTimes*>& by_tp) {
  const PointTimes& single = *by_tp.front();
  if (single.model == bare_shapes) return;
  for (std::size_t i = 1; i < by_tp.size(); ++i) {
    const PointTimes& split = *by_tp[i];
    for (const auto& provider : split.providers) {
      if (!is_complete(provider) || !single.has(provider)) continue;
      std::vector<std::int64_t> sizes;
      for (const std::int64_t m : split.sizes_with("", {provider})) {
        if (single.time("", m, provider)) sizes.push_back(m);
      }
      if (sizes.empty() || single.layers != split.layers) continue;
      const double ways = static_cast<double>(split.tp) / static_cast<double>(single.tp);
      const auto share = [&](std::int64_t m) { return *split.time("", m, provider) / *single.time("", m, provider); };
      const TimingRatio first = share(sizes.front()), last = share(sizes.back());
      Advice advice = advice_on("tensor-parallel", split, "", provider);
      advice.text = fmt::format(
          "TP {} leaves each device {:.0f} % ({:.0f} … {:.0f}) of the time of TP {} with {} at M = {}, {:.0f} % at M = "
          "{}; {:.0f} % would be an even share. Communication is not in it.",
          split.tp, 100 * first.ratio, 100 * first.low, 100 * first.high, single.tp, printable(provider), sizes.front(),
          100 * last.ratio, sizes.back(), 100 / ways);
      advice.numbers = {
          {"against_tp", single.tp},   {"smallest_m", sizes.front()},      {"share_at_smallest_m", first.ratio},
          {"largest_m", sizes.back()}, {"share_at_largest_m", last.ratio}, {"even_share", 1 / ways}};
      out.push_back(std::move(advice));
    }
  }
}

}  // namespace qgemm
