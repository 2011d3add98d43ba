#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "qgemm/report.hpp"
#include "report_golden.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

TEST(ReportMarkdown, Default) {
  ResultSet run = sample_run(1, 3);
  run.rows[8].outcome = Outcome::incorrect;
  run.rows[8].message = "3 sums differ";
  run.rows[9].outcome = Outcome::noisy;
  expect_golden("report.md", render_markdown(run));
}

TEST(ReportMarkdown, MarkupInNamesIsText) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) {
    row.model = "a|b<script>alert(1)</script>&`x`*y*[z](u)";
    row.outcome = Outcome::failed;
    row.message = "pipe | <img src=x> ![i](u)";
  }
  const std::string text = render_markdown(run);
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_EQ(text.find("<img"), std::string::npos);
  EXPECT_NE(text.find("a\\|b&lt;script&gt;"), std::string::npos);
  EXPECT_NE(text.find("\\`x\\`\\*y\\*\\[z\\](u)"), std::string::npos);
}

TEST(ReportMarkdown, AllLinesOfATableHaveItsCells) {
  std::istringstream in(render_markdown(sample_run(2, 3)));
  std::ptrdiff_t cells = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] != '|') {
      cells = 0;
      continue;
    }
    const auto bars = std::count(line.begin(), line.end(), '|');
    if (cells != 0) {
      EXPECT_EQ(bars, cells) << line;
    }
    cells = bars;
  }
}

}  // namespace
}  // namespace qgemm
