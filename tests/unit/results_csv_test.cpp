#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "qgemm/results.hpp"
#include "results/fields.hpp"
#include "results/row_json.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

/// A reader of RFC 4180, apart from the writer under test.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      lines.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      lines.back().emplace_back();
    } else if (!quoted && c == '\n') {
      lines.push_back({""});
    } else {
      lines.back().back() += c;
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(lines.back(), std::vector<std::string>{""}) << "the last line has to end";
  lines.pop_back();
  return lines;
}

TEST(ResultsCsv, HeaderIsTheJsonsKeysWithoutRawSamples) {
  std::vector<std::string> expected;
  const Json row = write_row(full_row());
  for (const auto& [name, value] : row.items()) {
    if (name != "samples_us" && name != "samples_mhz") expected.push_back(name);
  }
  EXPECT_EQ(read_csv(to_csv({})), std::vector<std::vector<std::string>>{expected});
}

TEST(ResultsCsv, CellsHoldWhatTheJsonHolds) {
  Result row = full_row();
  row.sqnr_db = std::numeric_limits<double>::infinity();
  row.tflops = 0.1 + 0.2;
  const auto lines = read_csv(to_csv({.context = {}, .rows = {row, Result{}}}));
  ASSERT_EQ(lines.size(), 3U);
  const Json full = write_row(row), empty = write_row(Result{});
  for (std::size_t i = 0; i < lines[0].size(); ++i) {
    const std::string& name = lines[0][i];
    ASSERT_EQ(lines[1].size(), lines[0].size());
    if (full[name].is_string()) {
      EXPECT_EQ(lines[1][i], full[name].get<std::string>()) << name;
    } else if (full[name].is_number()) {
      EXPECT_EQ(std::stod(lines[1][i]), full[name].get<double>()) << name;
    } else {
      EXPECT_EQ(lines[1][i], "true") << name;
    }
    if (empty[name].is_null()) {
      EXPECT_EQ(lines[2][i], "") << name;
    }
  }
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(lines[0].begin(), lines[0].end(), name) - lines[0].begin());
  };
  EXPECT_EQ(lines[1][column("sqnr_db")], "inf");
  EXPECT_EQ(lines[1][column("message")], row.message);
}

// What pandas.read_csv takes without options: one heading, every line as many cells, empty for what is unknown, points
// in numbers, and UTF-8, of which a single wrong byte makes it refuse the file.
TEST(ResultsCsv, IsReadWithoutOptions) {
  Result row = full_row();
  row.model = "bad \xff byte";
  row.power_w = std::nullopt;
  row.median_us = 1234567.25;
  const std::string text = to_csv({.context = {}, .rows = {row, full_row()}});
  const auto lines = read_csv(text);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(text.rfind("model,layer,", 0), 0U) << "neither a mark of the byte order nor a comment in front";
  for (const auto& line : lines) EXPECT_EQ(line.size(), lines[0].size());
  EXPECT_EQ(lines[1][0], "bad \xEF\xBF\xBD byte");
  const auto cell = [&](const char* name) {
    const auto place = std::find(lines[0].begin(), lines[0].end(), name) - lines[0].begin();
    return lines[1].at(static_cast<std::size_t>(place));
  };
  EXPECT_EQ(cell("power_w"), "");
  EXPECT_EQ(cell("median_us"), "1234567.25");
}

}  // namespace
}  // namespace qgemm
