#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "qgemm/accuracy.hpp"
#include "qgemm/advise.hpp"
#include "report/printable.hpp"
#include "report/summary_lines.hpp"
#include "results/json_text.hpp"
#include "results/json_value.hpp"

namespace qgemm {
namespace {

constexpr int advice_schema = 1;

constexpr std::array<std::pair<const char*, const char*>, 11> headings{{{"scheme", "Which scheme"},
                                                                        {"crossover", "Against bf16"},
                                                                        {"quantization", "What quantizing costs"},
                                                                        {"model", "The whole model"},
                                                                        {"tensor-parallel", "Tensor parallelism"},
                                                                        {"cliff", "Cliffs"},
                                                                        {"padding", "Padding that would pay"},
                                                                        {"accuracy", "Accuracy"},
                                                                        {"outliers", "Outliers"},
                                                                        {"smoothing", "Smoothing"},
                                                                        {"note", "To be known"}}};

std::string subject_of(const Advice& advice) {
  if (advice.model.empty()) return "All results";
  const std::string cache = advice.cache.empty() ? "" : fmt::format(", {} cache", advice.cache);
  return fmt::format("{}, TP {}{}", printable(advice.model), advice.tp, cache);
}

std::string heading_of(const Advice& advice) {
  for (const auto& [kind, heading] : headings) {
    if (advice.kind == kind) return heading;
  }
  return advice.kind;
}

/// Of each subject everything under one heading together, in the order of the headings.
std::vector<const Advice*> by_heading(const std::vector<Advice>& advice) {
  std::vector<const Advice*> sorted;
  for (const auto& one : advice) sorted.push_back(&one);
  const auto rank = [](const Advice* one) {
    return std::find_if(headings.begin(), headings.end(), [&](const auto& known) { return one->kind == known.first; });
  };
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last =
        std::find_if(first, sorted.end(), [&](const Advice* one) { return subject_of(*one) != subject_of(**first); });
    std::stable_sort(first, last, [&](const Advice* a, const Advice* b) { return rank(a) < rank(b); });
    first = last;
  }
  return sorted;
}

std::string render_under(const std::string& title, const std::vector<Advice>& advice) {
  std::string out = "Advice: " + title + "\n";
  std::string subject, heading;
  for (const Advice* next : by_heading(advice)) {
    const Advice& one = *next;
    if (subject_of(one) != subject) {
      subject = subject_of(one);
      heading.clear();
      out += "\n" + subject + "\n";
    }
    if (heading_of(one) != heading) {
      heading = heading_of(one);
      out += " " + heading + "\n";
    }
    out += "  - " + one.text + "\n";
  }
  if (advice.empty()) out += "Nothing was measured.\n";
  return out;
}

std::string text_or_nothing(const std::string& text) { return text.empty() ? "" : ", " + printable(text); }

Json list_of(const std::vector<Advice>& advice) {
  Json list = Json::array();
  for (const auto& one : advice) {
    Json numbers = Json::object();
    for (const auto& [name, value] : one.numbers) numbers[name] = write_value(value);
    for (const auto& [name, values] : one.series) {
      Json figures = Json::array();
      for (const double value : values) figures.push_back(write_value(value));
      numbers[name] = std::move(figures);
    }
    list.push_back({{"kind", one.kind},
                    {"model", one.model.empty() ? Json() : Json(one.model)},
                    {"tp", one.model.empty() ? Json() : Json(one.tp)},
                    {"cache", one.cache.empty() ? Json() : Json(one.cache)},
                    {"layer", one.layer.empty() ? Json() : Json(one.layer)},
                    {"provider", one.provider.empty() ? Json() : Json(one.provider)},
                    {"text", one.text},
                    {"numbers", std::move(numbers)}});
  }
  return list;
}

}  // namespace

std::string render_advice(const std::vector<Advice>& advice, const Context& context) {
  return render_under(describe_run(context), advice);
}

std::string advice_to_json(const std::vector<Advice>& advice, const Context& context) {
  return dump_json(Json{{"schema", advice_schema},
                        {"device", context.device.name},
                        {"date", context.date},
                        {"advice", list_of(advice)}},
                   1) +
         "\n";
}

std::string render_advice(const std::vector<Advice>& advice, const AccuracyReport& report) {
  return render_under("accuracy" + text_or_nothing(report.date), advice);
}

std::string advice_to_json(const std::vector<Advice>& advice, const AccuracyReport& report) {
  return dump_json(Json{{"schema", advice_schema},
                        {"report", "advice on accuracy"},
                        {"weights", report.weights},
                        {"activations", report.activations},
                        {"date", report.date},
                        {"advice", list_of(advice)}},
                   1) +
         "\n";
}

}  // namespace qgemm
