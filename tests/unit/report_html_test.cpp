// The HTML page as text: what is put into it stays data. What it does in a browser is in tests/browser.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "qgemm/error.hpp"
#include "qgemm/report.hpp"
#include "qgemm/results.hpp"
#include "report/conditions.hpp"
#include "report/html_data.hpp"
#include "report/html_text.hpp"
#include "report/summary_lines.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* hostile = "</script><!--<script>alert(1)</script><b>&amp;\"'{{data}}";

Json data_of(const ResultSet& run) { return Json::parse(html_data(run)); }

TEST(Html, EscapesText) {
  EXPECT_EQ(html_escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(html_escaped("\x1b[1mü\xff\n"), "[1mü\xEF\xBF\xBD ");
  EXPECT_EQ(html_escaped_lines("a<\nb&\n"), "a&lt;\nb&amp;\n");
  EXPECT_EQ(html_escaped_lines(""), "");
}

TEST(Html, KeepsAScriptsJsonInItsScript) {
  const Json value{{hostile, hostile}, {"list", {hostile, 1, nullptr}}};
  const std::string text = script_json(value.dump());
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(Json::parse(text), value);
}

TEST(Html, FillsPlacesOnce) {
  EXPECT_EQ(fill_places("a {{x}} b {{y}}{{x}}", {{"x", "{{y}}"}, {"y", "2"}}), "a {{y}} b 2{{y}}");
  EXPECT_EQ(fill_places("", {}), "");
  EXPECT_THROW((void)fill_places("{{z}}", {{"x", "1"}}), std::logic_error);
  EXPECT_THROW((void)fill_places("{{x", {}), std::logic_error);
}

TEST(Html, HasTheFieldsOfTheCsv) {
  ResultSet run = sample_run(1, 1);
  run.rows.push_back(full_row());
  const Json data = data_of(run);
  std::string header;
  for (const auto& field : data["fields"]) header += (header.empty() ? "" : ",") + field.get<std::string>();
  EXPECT_EQ(to_csv(run).substr(0, header.size() + 1), header + "\n");
  ASSERT_EQ(data["rows"].size(), run.rows.size());
  const Json full = Json::parse(to_json(run))["rows"].back();
  for (std::size_t i = 0; i < data["fields"].size(); ++i) {
    EXPECT_EQ(data["rows"].back()[i], full[data["fields"][i].get<std::string>()]) << data["fields"][i];
  }
}

TEST(Html, PutsEachRowIntoTheColumnOfItsTables) {
  ResultSet run = sample_run(1, 2);
  Result other = run.rows[2];
  other.engine = "onednn";
  run.rows.push_back(other);
  other = run.rows[3];  // an engine that runs nothing of a provider is no column of it
  other.engine = "reference";
  other.outcome = Outcome::unsupported;
  run.rows.push_back(other);
  const Json data = data_of(run);
  const auto lines = summary_lines(run);
  ASSERT_EQ(data["columns"].size(), lines.size());
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    const auto place = data["derived"][i][0].get<int>();
    if (i + 1 == run.rows.size()) {
      EXPECT_EQ(place, -1);
    } else {
      ASSERT_GE(place, 0);
      EXPECT_TRUE(lines[static_cast<std::size_t>(place)].column.holds(run.rows[i])) << i;
    }
  }
}

TEST(Html, KnowsTheArithmeticIntensity) {
  ResultSet run;
  Result row = sample_row("int8-tensor-w-tensor-a-noquant", 1000, 1);
  row.shape = {1000, 1000, 1000};
  run.rows.push_back(row);
  row.provider = "a-later-scheme";
  run.rows.push_back(row);
  row.provider = "bf16";
  row.shape = {std::int64_t{1} << 62, std::int64_t{1} << 62, std::int64_t{1} << 62};
  run.rows.push_back(row);
  const Json derived = data_of(run)["derived"];
  EXPECT_DOUBLE_EQ(derived[0][1].get<double>(), 2e9 / (1e6 + 1e6 + 2e6 + 8));
  EXPECT_TRUE(derived[1][1].is_null());
  EXPECT_TRUE(derived[2][1].is_null());
  run.context.options = {{"output", std::string("f32")}};
  EXPECT_DOUBLE_EQ(data_of(run)["derived"][0][1].get<double>(), 2e9 / (1e6 + 1e6 + 4e6 + 8));
}

/// The page; empty where this build has none.
std::string page_of(const ResultSet& run) {
  try {
    return render_html(run);
  } catch (const Unavailable& error) {
    EXPECT_NE(std::string(error.what()).find("libjs-chart.js"), std::string::npos);
    return "";
  }
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Html, SaysWhatFlatters) {
  ResultSet run = sample_run(1, 1);
  EXPECT_EQ(Json::parse(html_data(run))["conditions"], conditions_of(run));
  run.context.operands = {{"weights", "int8", "channel", "zeros", 0, 100, 0, 65536}};
  EXPECT_NE(html_data(run).find("weights (int8, scale per channel): 100 % zeros"), std::string::npos);
  EXPECT_EQ(Json::parse(html_data(run))["context"]["operands"][0]["data"], "zeros");
}

TEST(Html, SaysTheClockThatRowsAreHeldAgainst) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) row.clock_mhz.reset();
  EXPECT_TRUE(Json::parse(html_data(run))["typical_clock_mhz"].is_null());
  for (auto& row : run.rows) row.clock_mhz = 1500;
  EXPECT_EQ(Json::parse(html_data(run))["typical_clock_mhz"], 1500);
}

TEST(Html, IsOnePageThatLoadsNothing) {
  const std::string page = page_of(sample_run());
  if (page.empty()) GTEST_SKIP() << "built without Chart.js";
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(count(page, "<script"), count(page, "</script"));
  for (const char* loads :
       {"<script src", "<link rel=\"stylesheet\"", "@import", "<img", "<iframe", "src=\"http", "innerHTML ="}) {
    EXPECT_EQ(page.find(loads), std::string::npos) << loads;
  }
  EXPECT_NE(page.find("Summary: Example CPU @ 2.90GHz"), std::string::npos);  // for those without scripts
}

TEST(Html, StaysWholeWhateverTheResultsHold) {
  const std::string plain = page_of(sample_run(1, 1));
  if (plain.empty()) GTEST_SKIP() << "built without Chart.js";
  ResultSet run = sample_run(1, 1);
  run.context.device.name = run.context.date = run.context.host = run.context.command = hostile;
  run.context.options = {{hostile, std::string(hostile)}};
  for (auto& row : run.rows) row.model = row.layer = row.provider = row.engine = row.message = row.kernel = hostile;
  const std::string page = page_of(run);
  for (const char* tag : {"<script", "</script", "<!--", "-->", "<b>", "<title>", "</title>"}) {
    EXPECT_EQ(count(page, tag), count(plain, tag)) << tag;
  }
}

TEST(Html, OfNothingIsAPage) {
  const std::string page = page_of({});
  if (page.empty()) GTEST_SKIP() << "built without Chart.js";
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

}  // namespace
}  // namespace qgemm
