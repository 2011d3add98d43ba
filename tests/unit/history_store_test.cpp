// What is added, listed, loaded and pruned.
#include "history_store.hpp"

#include <nlohmann/json.hpp>

#include "history/sqlite.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

constexpr std::int64_t day = 86400;
constexpr std::int64_t noon = 1767268800;  // 2026-01-01T12:00:00Z

TEST(History, GivesBackWhatWasAdded) {
  const Scratch scratch;
  History history = new_history(scratch / "below/deeper/h.sqlite");
  ResultSet run = sample_run();
  run.rows.push_back(full_row());
  EXPECT_EQ(history.add(run, scratch.path() / "out"), 1);
  EXPECT_EQ(history.add(run_on("2026-01-01T12:00:00Z")), 2);
  EXPECT_EQ(to_json(history.load(1)), to_json(run));
  EXPECT_EQ(to_json(old_history(history.file()).load(1)), to_json(run));
  EXPECT_GT(history.bytes(), 0);
}

TEST(History, ListsTheOldestFirst) {
  const Scratch scratch;
  History history = new_history(scratch / "h.sqlite");
  history.add(run_on("2026-01-03T12:00:00+0000"));
  history.add(run_on("2026-01-01T13:00:00+0100"), "/some/folder");
  history.add(run_on("2026-01-01T11:00:00-0100"));  // the same moment
  const auto runs = history.runs();
  EXPECT_EQ(numbers(runs), (Numbers{2, 3, 1}));
  EXPECT_EQ(runs[0].time, noon);
  EXPECT_EQ(runs[1].time, noon);
  EXPECT_EQ(runs[0].date, "2026-01-01T13:00:00+0100");
  EXPECT_EQ(runs[0].folder, "/some/folder");
  EXPECT_EQ(runs[0].host, "bench-1");
  EXPECT_EQ(runs[0].device, "Example CPU @ 2.90GHz");
  EXPECT_EQ(runs[0].models, std::vector<std::string>{"meta-llama/Llama-3.1-8B-Instruct"});
  EXPECT_EQ(runs[0].rows, static_cast<std::int64_t>(run_on("").rows.size()));
  EXPECT_EQ(runs[0].measured, runs[0].rows);
  EXPECT_EQ(runs[0].bad, 0);
  const std::string table = render_history(runs);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4);
  const auto json = nlohmann::json::parse(history_to_json(runs));
  EXPECT_EQ(json["schema"], history_schema);
  EXPECT_EQ(json["runs"][0]["id"], 2);
}

TEST(History, CountsWhatWentWrong) {
  const Scratch scratch;
  History history = new_history(scratch / "h.sqlite");
  ResultSet run = run_on("");
  run.rows[0].outcome = Outcome::incorrect;
  run.rows[1].outcome = Outcome::failed;
  run.rows[2].outcome = Outcome::noisy;
  run.rows[3].outcome = Outcome::unsupported;
  history.add(run);
  const auto runs = history.runs();
  EXPECT_EQ(runs.at(0).bad, 2);
  EXPECT_EQ(runs.at(0).measured, runs.at(0).rows - 3);
  EXPECT_GT(runs.at(0).time, 0);  // without a date: when it was added
}

TEST(History, ReplacesTheRunThatWasGoneOnWith) {
  const Scratch scratch;
  History history = new_history(scratch / "h.sqlite");
  ResultSet part = run_on("2026-01-01T12:00:00Z");
  const ResultSet whole = part;
  part.rows.resize(2);
  EXPECT_EQ(history.add(part, "/out/a"), 1);
  EXPECT_EQ(history.add(part, "/out/b"), 2);  // another sweep begun in the same second
  EXPECT_EQ(history.add(part), 3);            // of which nobody knows where it was
  EXPECT_EQ(history.add(part), 4);
  EXPECT_EQ(history.add(whole, "/out/a"), 1);
  EXPECT_EQ(numbers(history.runs()), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(to_json(history.load(1)), to_json(whole));
  EXPECT_EQ(to_json(history.load(2)), to_json(part));
  EXPECT_EQ(history.runs()[0].rows, static_cast<std::int64_t>(whole.rows.size()));
}

TEST(History, TakesHostileTexts) {
  const Scratch scratch;
  // A folder that is a URI and a pattern, too.
  History history = new_history(scratch / "a?mode=memory#%41 'b\"/h.sqlite");
  const std::string hostile = std::string("'); DROP TABLE run; --\"\\\0 after", 29) + "\x1b[2J\n\xE2\x80\xAE%s{}*";
  ResultSet run = run_on(hostile);
  run.context.host = run.context.command = run.context.device.name = hostile;
  for (auto& row : run.rows) row.model = row.layer = row.engine = row.kernel = row.message = hostile;
  const std::int64_t id = history.add(run, hostile.substr(0, 20));
  EXPECT_EQ(to_json(history.load(id)), to_json(run));
  EXPECT_EQ(history.runs().at(0).host, hostile);
  EXPECT_EQ(history.runs().at(0).models.at(0), hostile);
  EXPECT_EQ(render_history(history.runs()).find('\x1b'), std::string::npos);
  const auto trends = history.trends({.batch_sizes = {1}});
  ASSERT_FALSE(trends.empty());
  EXPECT_EQ(trends[0].points[0].row.model, hostile);
  EXPECT_EQ(render_trends(trends).find('\x1b'), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(scratch / "a?mode=memory#%41 'b\"/h.sqlite"));
}

TEST(History, TakesBytesThatAreNoUtf8) {
  const Scratch scratch;
  History history = new_history(scratch / "h.sqlite");
  ResultSet run = run_on("");
  run.rows[0].model = "\xff\xfe";
  const auto id = history.add(run);
  EXPECT_EQ(to_json(history.load(id)), to_json(run));  // which says U+FFFD of it, too
  EXPECT_FALSE(history.trends({.models = {"llama"}}).empty());
  EXPECT_EQ(history.runs().at(0).models.at(0), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(History, SaysThatThereIsNoSuchRun) {
  const Scratch scratch;
  History history = new_history(scratch / "h.sqlite");
  const std::string told = message_of<InvalidInput>([&] { (void)history.load(7); });
  EXPECT_NE(told.find("no run 7"), std::string::npos) << told;
  EXPECT_NE(told.find("qgemm history list"), std::string::npos) << told;
}

TEST(History, ThatIsMissingHasNoRuns) {
  const Scratch scratch;
  History history = old_history(scratch / "none/h.sqlite");
  EXPECT_TRUE(history.runs().empty());
  EXPECT_TRUE(history.trends({}).empty());
  EXPECT_TRUE(history.prune({.keep_last = 0}).empty());
  EXPECT_EQ(history.bytes(), 0);
  EXPECT_THROW((void)history.load(1), InvalidInput);
  EXPECT_THROW(history.add(run_on("")), InvalidInput);
  EXPECT_FALSE(std::filesystem::exists(scratch / "none"));
}

class Prune : public testing::Test {
 protected:
  Prune() {
    for (const char* date : {"2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"}) {
      history_.add(run_on(std::string(date) + "T12:00:00Z"));
    }
  }
  Numbers left() { return numbers(history_.runs()); }

  Scratch scratch_;
  History history_ = new_history(scratch_ / "h.sqlite");
};

TEST_F(Prune, KeepsTheLast) {
  EXPECT_EQ(numbers(history_.prune({.keep_last = 3})), (Numbers{1}));
  EXPECT_EQ(left(), (Numbers{2, 3, 4}));
  EXPECT_TRUE(history_.prune({.keep_last = 3}).empty());
  EXPECT_EQ(numbers(history_.prune({.keep_last = 0})), (Numbers{2, 3, 4}));
  EXPECT_EQ(history_.add(run_on("")), 5);  // numbers are not used again
}

TEST_F(Prune, ByAge) {
  const std::int64_t now = noon + 3 * day;
  EXPECT_EQ(numbers(history_.prune({.older_than_days = 1.5, .now = now})), (Numbers{1, 2}));
  EXPECT_EQ(left(), (Numbers{3, 4}));
  EXPECT_TRUE(history_.prune({.older_than_days = 1, .now = now}).empty());  // exactly a day is no more than one
}

TEST_F(Prune, ByBothWhereBothSaySo) {
  const std::int64_t now = noon + 100 * day;
  EXPECT_EQ(numbers(history_.prune({.keep_last = 1, .older_than_days = 97.5, .now = now})), (Numbers{1, 2, 3}));
  EXPECT_TRUE(history_.prune({.keep_last = 1, .older_than_days = 1, .now = now}).empty());
}

TEST_F(Prune, RemovesNothingInADryRunOrWithoutACondition) {
  EXPECT_EQ(numbers(history_.prune({.keep_last = 1, .dry_run = true})), (Numbers{1, 2, 3}));
  EXPECT_TRUE(history_.prune({}).empty());
  EXPECT_EQ(left(), (Numbers{1, 2, 3, 4}));
}

TEST_F(Prune, GivesTheSpaceBack) {
  const std::string file = history_.file().string();
  for (int i = 0; i < 20; ++i) history_.add(sample_run());
  const auto before = history_.bytes();
  history_.prune({.keep_last = 1});
  EXPECT_LT(history_.bytes(), before / 2);
  const Database database(file, Database::Mode::existing);
  EXPECT_EQ(database.number("SELECT count(*) FROM result WHERE run NOT IN (SELECT id FROM run)"), 0);
}

TEST_F(Prune, RefusesWhatIsBelowNothing) {
  EXPECT_THROW(history_.prune({.keep_last = -1}), InvalidInput);
  EXPECT_THROW(history_.prune({.older_than_days = -0.5}), InvalidInput);
  EXPECT_THROW(history_.prune({.older_than_days = std::nan("")}), InvalidInput);
  EXPECT_EQ(left().size(), 4U);
}

}  // namespace
}  // namespace qgemm
