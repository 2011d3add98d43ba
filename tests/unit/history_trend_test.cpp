// Rows followed over runs.
#include <algorithm>
#include <cstdlib>

#include "history_store.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// A run of one row, which takes `us`.
ResultSet run_of(const std::string& date, double us, const std::string& provider = "bf16") {
  ResultSet run;
  run.context = sample_run(1, 1).context;
  run.context.date = date;
  run.context.git_revision = "r" + date.substr(8, 2);
  Result row = sample_row(provider, 16, 1);
  row.tflops = row.shape.flops() / us * 1e-6;
  row.tflops_low = *row.tflops * 0.99;
  row.tflops_high = *row.tflops * 1.01;
  row.median_us = us;
  row.noise_pct = 1;
  run.rows.push_back(row);
  return run;
}

class HistoryTrend : public testing::Test {
 protected:
  Scratch scratch_;
  History history_ = new_history(scratch_ / "h.sqlite");
};

TEST_F(HistoryTrend, IsInOrderOfTimeWithTheChange) {
  history_.add(run_of("2026-01-03T12:00:00Z", 110));
  history_.add(run_of("2026-01-01T12:00:00Z", 100));
  ResultSet failed = run_of("2026-01-02T12:00:00Z", 1);
  failed.rows[0].outcome = Outcome::incorrect;
  history_.add(failed);
  history_.add(run_of("2026-01-04T12:00:00Z", 111));
  const auto trends = history_.trends({});
  ASSERT_EQ(trends.size(), 1U);
  std::vector<std::int64_t> order;
  for (const auto& point : trends[0].points) order.push_back(point.run);
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 3, 1, 4}));
  EXPECT_EQ(trends[0].points[0].git_revision, "r01");
  const std::string table = render_trends(trends);
  EXPECT_NE(table.find("+10.0 %"), std::string::npos) << table;  // past the wrong one
  EXPECT_NE(table.find("~+0.9 %"), std::string::npos) << table;  // within the noise
  EXPECT_NE(table.find("INCORRECT"), std::string::npos) << table;
  const std::string csv = trends_to_csv(trends);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
  EXPECT_TRUE(csv.starts_with("run,device,settings,date,qgemm_version,git_revision,model,layer,")) << csv;
}

TEST_F(HistoryTrend, KeepsWhatIsNotComparableApart) {
  history_.add(run_of("2026-01-01T12:00:00Z", 100));
  ResultSet other = run_of("2026-01-02T12:00:00Z", 50);
  other.context.device.name = "Another CPU";
  history_.add(other);
  ResultSet wide = run_of("2026-01-03T12:00:00Z", 120);
  wide.context.options = {{"output", std::string("f16")}, {"bias", true}, {"seed", std::int64_t{3}}};
  history_.add(wide);
  ResultSet usual = run_of("2026-01-04T12:00:00Z", 101);
  usual.context.options = {{"output", std::string("bf16")}, {"bias", false}, {"data", std::string("normal")}};
  history_.add(usual);
  const auto trends = history_.trends({});
  ASSERT_EQ(trends.size(), 3U);
  EXPECT_EQ(trends[0].device, "Another CPU");
  EXPECT_EQ(trends[1].settings, "");
  EXPECT_EQ(trends[1].points.size(), 2U);  // an option at its default is as good as one that is not told
  EXPECT_EQ(trends[2].settings, "output=f16 bias=true");
  EXPECT_EQ(history_.trends({.devices = {"another"}}).size(), 1U);
}

TEST_F(HistoryTrend, TakesWhatTheFilterSays) {
  history_.add(sample_run());
  const auto count = [&](const TrendFilter& filter) { return history_.trends(filter).size(); };
  const std::size_t all = count({});
  EXPECT_EQ(all, sample_run().rows.size());
  EXPECT_EQ(count({.models = {"llama-3.1"}}), all);
  EXPECT_EQ(count({.models = {"*Instruct"}}), all);
  EXPECT_EQ(count({.models = {"qwen"}}), 0U);
  EXPECT_EQ(count({.layers = {"qkv"}}), all / 2);
  EXPECT_EQ(count({.layers = {"q"}}), 0U);
  EXPECT_EQ(count({.layers = {"q*"}}), all / 2);
  EXPECT_EQ(count({.providers = {"bf16", "f32"}}), all / 3);
  EXPECT_EQ(count({.providers = {"int8-*-noquant"}}), all / 3);
  EXPECT_EQ(count({.engines = {"avx512"}}), all * 2 / 3);
  EXPECT_EQ(count({.cache = {CacheState::hot}}), 0U);
  EXPECT_EQ(count({.tp_sizes = {1}}), all);
  EXPECT_EQ(count({.tp_sizes = {2}}), 0U);
  EXPECT_EQ(count({.batch_sizes = {1, 16}}), all / 3);
  EXPECT_EQ(count({.shapes = {{16, 6144, 4096}}}), 6U);
}

TEST_F(HistoryTrend, LooksAtTheLastRuns) {
  for (const char* date : {"2026-01-03", "2026-01-01", "2026-01-02"}) {
    history_.add(run_of(std::string(date) + "T12:00:00Z", 100));
  }
  const auto trends = history_.trends({.last_runs = 2});
  ASSERT_EQ(trends.size(), 1U);
  ASSERT_EQ(trends[0].points.size(), 2U);
  EXPECT_EQ(trends[0].points[0].run, 3);
  EXPECT_EQ(trends[0].points[1].run, 1);
  EXPECT_EQ(history_.trends({.last_runs = 9})[0].points.size(), 3U);
}

TEST_F(HistoryTrend, IsDrawn) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
  history_.add(run_of("2026-01-01T12:00:00Z", 100));
  write_trend_plot(history_.trends({}), scratch_ / "one.png");  // of a single run
  ResultSet failed = run_of("2026-01-02T12:00:00Z", 1);
  failed.rows[0].outcome = Outcome::failed;
  history_.add(failed);
  history_.add(run_of("2026-01-03T12:00:00Z", 110));
  history_.add(run_of("2026-01-03T12:00:00Z", 90, "it's `date`; \"$(x)\" @x %s"));
  const auto trends = history_.trends({});
  const auto file = scratch_ / "below/it's \"a\" plot.svg";
  write_trend_plot(trends, file, PlotFormat::svg);
  const std::string svg = text_of(file);
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_NE(svg.find("qkv"), std::string::npos);
  EXPECT_NE(svg.find("bf16"), std::string::npos);
  EXPECT_NE(svg.find("`date`"), std::string::npos);  // drawn, not run
  EXPECT_TRUE(text_of(scratch_ / "one.png").find("IEND") != std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "below"), fs::directory_iterator()), 1);
}

TEST_F(HistoryTrend, IsNotDrawnWhereThereIsNothingToSee) {
  ResultSet failed = run_of("2026-01-02T12:00:00Z", 1);
  failed.rows[0].outcome = Outcome::failed;
  history_.add(failed);
  EXPECT_THROW(write_trend_plot(history_.trends({}), scratch_ / "p.png"), InvalidInput);
  EXPECT_THROW(write_trend_plot({}, scratch_ / "p.png"), InvalidInput);
  history_.add(sample_run());
  const std::string told = message_of<InvalidInput>([&] { write_trend_plot(history_.trends({}), scratch_ / "p.png"); });
  EXPECT_NE(told.find("--providers"), std::string::npos) << told;
  EXPECT_FALSE(fs::exists(scratch_ / "p.png"));
}

}  // namespace
}  // namespace qgemm
