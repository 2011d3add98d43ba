#include "report/html_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "core/case.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"
#include "report/conditions.hpp"
#include "report/notes.hpp"
#include "report/summary_lines.hpp"
#include "results/context_json.hpp"
#include "results/fields.hpp"
#include "results/json_text.hpp"

namespace qgemm {
namespace {

/// How the run's options change what a provider's name says.
struct Products {
  DType output = DType::bf16;
  bool bias = false;
};

Products products_of(const Context& context) {
  Products products;
  for (const auto& [name, value] : context.options) {
    const auto* text = std::get_if<std::string>(&value);
    const auto* flag = std::get_if<bool>(&value);
    if (name == "bias" && flag != nullptr) products.bias = *flag;
    if (name != "output" || text == nullptr) continue;
    for (const DType type : {DType::bf16, DType::f16, DType::f32}) {
      if (*text == qgemm::name(type)) products.output = type;
    }
  }
  return products;
}

/// The schemes that the rows name; empty for a name that this version does not know.
std::map<std::string, std::optional<Scheme>> schemes_of(const ResultSet& results) {
  std::map<std::string, std::optional<Scheme>> schemes;
  for (const auto& row : results.rows) {
    if (schemes.contains(row.provider)) continue;
    auto& scheme = schemes[row.provider];
    try {
      scheme = parse_provider(row.provider);
    } catch (const InvalidInput&) {
      continue;  // of a later version: its points are in every chart but the roofline
    }
  }
  return schemes;
}

/// FLOP a byte that has to move. A file may name any shape: none past what 64 bits hold is multiplied out.
Json intensity(const Result& row, const std::optional<Scheme>& known, const Products& products) {
  const auto [m, n, k] = row.shape;
  constexpr double largest = 1e17;
  const auto product = [](std::int64_t a, std::int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  if (!known || std::max({product(m, n), product(m, k), product(n, k)}) > largest) return nullptr;
  GemmSpec spec{.shape = row.shape, .scheme = *known, .bias = products.bias};
  if (row.provider != "f32") spec.scheme.output = products.output;
  return operations_per_byte(spec);
}

Json column_json(const SummaryLine& line) {
  return {{"provider", line.column.provider}, {"engine", line.column.engine},    {"cache", line.column.cache},
          {"label", line.column.label()},     {"measured", line.measured},       {"speedup", line.speedup},
          {"speedup_f32", line.speedup_f32},  {"limit_share", line.limit_share}, {"sqnr_db", line.sqnr_db},
          {"beats_bf16", line.beats_bf16},    {"beats_f32", line.beats_f32}};
}

}  // namespace

std::string html_data(const ResultSet& results) {
  Json fields = Json::array(), rows = Json::array(), derived = Json::array(), columns = Json::array(),
       notes = Json::array();
  for (const auto& field : row_fields()) {
    if (!field.raw) fields.push_back(field.name);
  }
  const auto lines = summary_lines(results);
  for (const auto& line : lines) columns.push_back(column_json(line));
  const auto schemes = schemes_of(results);
  const auto products = products_of(results.context);
  for (const auto& row : results.rows) {
    Json values = Json::array();
    for (const auto& field : row_fields()) {
      if (!field.raw) values.push_back(field.get(row));
    }
    rows.push_back(std::move(values));
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.column.holds(row); });
    derived.push_back(Json::array(
        {line == lines.end() ? -1 : line - lines.begin(), intensity(row, schemes.at(row.provider), products)}));
  }
  for (const auto& note : notes_of(results.rows)) {
    notes.push_back({{"outcome", name(note.outcome)}, {"who", note.who}, {"message", note.message}});
  }
  const auto typical = typical_clock_mhz(results.rows);
  return dump_json({{"context", write_context(results.context)},
                    {"fields", std::move(fields)},
                    {"rows", std::move(rows)},
                    {"derived", std::move(derived)},
                    {"columns", std::move(columns)},
                    {"notes", std::move(notes)},
                    {"conditions", conditions_of(results)},
                    {"typical_clock_mhz", typical ? Json(*typical) : Json(nullptr)},
                    {"engines", engines_of(results.rows)},
                    {"outcomes", count_outcomes(results)}});
}

}  // namespace qgemm
