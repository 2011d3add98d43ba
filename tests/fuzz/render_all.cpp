#include "render_all.hpp"

#include <algorithm>
#include <string>

#include "fuzz_target.hpp"
#include "qgemm/report.hpp"
#include "report/layer_table.hpp"
#include "report/plot_paths.hpp"
#include "report/plot_script.hpp"
#include "report/printable.hpp"

namespace qgemm::fuzz {

void expect_safe(std::string_view text) {
  while (true) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    expect(printable(line) == line, "what is shown holds no character that acts");
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void render_all(const ResultSet& results) {
  expect_safe(render_table(results));
  expect_safe(render_summary(results));
  expect_safe(render_markdown(results));
  PlotPaths paths;
  for (const auto& table : layer_tables(results)) {
    const auto path = paths.next(table, Family::int8, "", "png");
    expect(path.is_relative() && std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; }),
           "a plot is inside its folder");
    expect_safe(
        plot_script({.table = &table, .columns = table.columns, .device = results.context.device.name, .file = path}));
  }
}

}  // namespace qgemm::fuzz
