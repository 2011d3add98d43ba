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
    if (name != "samples_us") expected.push_back(name);
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

}  // namespace
}  // namespace qgemm
