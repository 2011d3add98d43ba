// The tables of `qgemm accuracy`.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "accuracy_sample.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

using testing::sample_report;

TEST(AccuracyTables, ShowRangesSqnrAndASummary) {
  const std::string text = render_accuracy(sample_report());
  for (const char* part :
       {"org/model: ranges", "org/model: SQNR", "Summary: org/model", "1 down", "200.0", "int8-channel-w", "token-a",
        "Weights: DIR. Activations: inputs.safetensors.", "of 256 other tokens", "up"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(render_accuracy(sample_report(), true).find('\x1b'), std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 122U) << line;
}

TEST(AccuracyTables, LeaveSmoothingOutWhereThereIsNone) {
  AccuracyReport report = sample_report();
  report.alphas.clear();
  for (auto& layer : report.layers) {
    layer.message = "Stored so.";
    for (auto& scheme : layer.schemes) scheme = {scheme.provider, scheme.sqnr_db, {}, {}, {}};
  }
  const std::string text = render_accuracy(report);
  EXPECT_EQ(text.find("smooth median"), std::string::npos) << text;
  EXPECT_NE(text.find("4 layers: Stored so."), std::string::npos) << text;
}

TEST(AccuracyTables, SayWhatIsMissing) {
  AccuracyReport report = sample_report();
  report.planned = 8;
  report.notes = {"something was left out"};
  for (const auto& text : {render_accuracy(report), render_accuracy_markdown(report)}) {
    EXPECT_NE(text.find("Only 4 of 8 layers"), std::string::npos) << text;
    EXPECT_NE(text.find("something was left out"), std::string::npos) << text;
  }
  EXPECT_EQ(render_accuracy(AccuracyReport{}), "No layer was finished.\n");
  EXPECT_EQ(render_accuracy_markdown(AccuracyReport{}), "No layer was finished.\n");
}

TEST(AccuracyTables, AreMarkdownWithOneWidth) {
  const std::string text = render_accuracy_markdown(sample_report());
  std::istringstream lines(text);
  std::size_t cells = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) {
      cells = 0;
      continue;
    }
    const auto count = static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
    if (cells != 0) {
      EXPECT_EQ(count, cells) << line;
    }
    cells = count;
  }
  EXPECT_NE(text.find("## org/model"), std::string::npos);
}

TEST(AccuracyTables, ShowNamesSafely) {
  AccuracyReport report = sample_report();
  report.layers[0].model = "a\x1b[2J|<b>\n";
  report.layers[0].layer = "x\ny\x1b";
  report.layers[0].schemes[0].sqnr_db = std::numeric_limits<double>::infinity();
  EXPECT_EQ(render_accuracy(report).find('\x1b'), std::string::npos);
  const std::string markdown = render_accuracy_markdown(report);
  EXPECT_EQ(markdown.find('\x1b'), std::string::npos);
  EXPECT_EQ(markdown.find("<b>"), std::string::npos);
}

}  // namespace
}  // namespace qgemm
