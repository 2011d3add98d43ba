// What the results say is text on the page, whatever it holds; and results that hold next to nothing.
#include "page.hpp"
#include "qgemm/results.hpp"
#include "report/conditions.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

constexpr const char* hostile =
    "</script><script>window.injected = 1</script><img src=x onerror='window.injected = 2'><!--<script>{{data}}\"'&lt;";

TEST_F(Page, RunsNothingThatTheResultsHold) {
  ResultSet run = sample_run();
  Context& context = run.context;
  for (auto* text : {&context.date, &context.host, &context.command, &context.qgemm_version, &context.git_revision,
                     &context.device.name}) {
    *text = hostile;
  }
  context.device.properties = {{hostile, std::string(hostile)}, {"list", std::vector<std::string>{hostile}}};
  context.options = {{hostile, std::string(hostile)}};
  context.limits[0].name = context.limits[0].method = context.limits[0].unit = hostile;
  for (auto& row : run.rows) {
    row.model = row.layer = row.kernel = row.message = row.repro = hostile;
    row.throttle = hostile;
    row.engine += hostile;
  }
  run.rows[3].provider = hostile;
  run.rows[4].provider = "__proto__";
  run.rows[5].engine = "constructor";
  run.rows[7].outcome = Outcome::incorrect;
  open(run);
  click("#rows tbody tr[data-row]");
  for (const char* metric : {"time", "speedup", "share"})
    click(std::string("input[name=metric][value=") + metric + "]");
  EXPECT_EQ(js("window.injected ?? null"), nullptr);
  EXPECT_EQ(js("document.querySelectorAll('img, iframe, object, embed, form').length"), 0);
  EXPECT_EQ(js("document.scripts.length"), 3);
  EXPECT_EQ(text_of("#layers h3"), hostile);
  EXPECT_EQ(text_of("#device"), hostile);
  EXPECT_NE(js("document.title").get<std::string>().find("<!--<script>{{data}}"), std::string::npos);
}

TEST_F(Page, ShowsNoCharacterThatActs) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) row.layer = "left\u202Eright\u2028next\x1b[31m\xff";
  open(run);
  EXPECT_EQ(text_of("#layers h3"), "left right next [31m\uFFFD");
}

TEST_F(Page, SaysThatThereIsNothing) {
  open({});
  EXPECT_EQ(text_of("#rows-count"), "0 rows");
  EXPECT_NE(text_of("#layers-more"), "");
}

TEST_F(Page, DrawsWhereNothingWasMeasured) {
  ResultSet run = sample_run(2, 2);
  run.context.limits.clear();
  for (auto& row : run.rows) {
    row.outcome = Outcome::unsupported;
    row.message = "no such instruction";
    row.median_us = row.tflops = row.tflops_low = row.tflops_high = row.speedup = row.speedup_f32 = row.limit_share =
        row.sqnr_db = {};
  }
  open(run);
  EXPECT_EQ(js("Chart.getChart('layer-0').data.datasets.map((d) => d.data.length)"), Json({12}));
}

TEST_F(Page, DrawsFiguresThatNoMachineMeasures) {
  ResultSet run = sample_run(1, 3);
  const double inf = std::numeric_limits<double>::infinity();
  run.rows[0].tflops = inf;
  run.rows[1].tflops = 0;
  run.rows[2].tflops = -1;
  run.rows[3].tflops = std::numeric_limits<double>::quiet_NaN();
  run.rows[4].tflops = 1e300;
  run.rows[5].median_us = 0;
  run.rows[6].shape = {std::int64_t{1} << 62, std::int64_t{1} << 62, std::int64_t{1} << 62};
  open(run);
  for (const char* metric : {"time", "speedup", "share", "tflops"})
    click(std::string("input[name=metric][value=") + metric + "]");
  EXPECT_EQ(text_of("#rows-count"), "18 rows");
}

TEST_F(Page, ShowsTheKeptRuns) {
  for (const char* kept : {"h100-sxm-2026-11-23", "cpu-epyc-2cores-2026-11-23"}) {
    const ResultSet run = load_results(std::string(QGEMM_MEASUREMENTS) + "/" + kept);
    open(run);
    EXPECT_EQ(text_of("#device"), run.context.device.name);
    EXPECT_EQ(js("document.querySelectorAll('#layers canvas').length"), 4);
    // The conditions of the run, as the terminal has them, and a line for each form of the operands.
    const std::string notes = text_of("#notes");
    for (const auto& line : conditions_of(run)) {
      EXPECT_NE(notes.find(line.substr(line.find(": ") + 2)), std::string::npos) << line << "\nnot in\n" << notes;
    }
    EXPECT_EQ(js("document.querySelectorAll('table.operands td:first-child').length"), run.context.operands.size());
    EXPECT_EQ(js("[...document.querySelectorAll('#method-box .card')].every((c) => c.scrollWidth <= c.clientWidth)"),
              true);
  }
}

}  // namespace
}  // namespace qgemm
