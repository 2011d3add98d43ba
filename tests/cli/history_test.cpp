// The history of runs, through the program.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "measured_run.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

const Arguments tiny{"bench",      "--device", "cpu",           "--shapes", "4x64x96",     "--providers", "f32",
                     "--max-time", "0.01",     "--min-samples", "3",        "--no-limits", "--no-plots",  "--quiet"};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Arguments tiny_and(const Arguments& more) {
  Arguments words = tiny;
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

#ifdef QGEMM_HAVE_SQLITE

/// A folder whose history is `h.sqlite` in it.
struct Place {
  ScratchFolder scratch;
  std::string store = (scratch / "h.sqlite").string();

  Finished run(const Arguments& words) const {
    return run_program(words, {.folder = scratch.path(), .environment = {{"QGEMM_HISTORY", store}}});
  }
  Finished history(Arguments words) const {
    words.insert(words.begin(), "history");
    return run(words);
  }
  std::size_t runs() const { return parse_or_fail(history({"list", "--json"}).out)["runs"].size(); }
};

/// One complaint, that exit code and nothing on stdout.
void expect_refused(const Finished& run, int exit_code, const std::string& told) {
  EXPECT_EQ(run.exit_code, exit_code) << run.err;
  EXPECT_EQ(run.out, "");
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_TRUE(says(run.err, told)) << run.err;
}

TEST(History, GetsEveryRunOfBench) {
  const Place place;
  EXPECT_TRUE(says(place.history({"list"}).out, "No run is in"));
  const Finished first = place.run(tiny_and({"--out", "a"}));
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(says(first.out, "history  run 1 in " + place.store)) << first.out;
  EXPECT_TRUE(says(place.run(tiny_and({"--out", "b"})).out, "history  run 2 in "));
  const Json runs = parse_or_fail(place.history({"list", "--json"}).out)["runs"];
  ASSERT_EQ(runs.size(), 2U);
  const Json saved = json_of(place.scratch / "a/results.json");
  EXPECT_EQ(runs[0]["date"], saved["context"]["date"]);
  EXPECT_EQ(runs[0]["folder"], fs::canonical(place.scratch / "a").string());
  EXPECT_EQ(runs[0]["rows"], saved["rows"].size());
  EXPECT_EQ(parse_or_fail(place.history({"list", "--json", "--last", "1"}).out)["runs"][0]["id"], 2);
  EXPECT_TRUE(says(place.history({"list"}).out, "2 runs in "));
}

TEST(History, LeavesOutWhatItIsToldTo) {
  const Place place;
  const Finished run = place.run(tiny_and({"--out", "a", "--no-history"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_FALSE(says(run.out, "history")) << run.out;
  put_text(place.scratch / "sweep.toml", "no-history = true\n");
  EXPECT_EQ(place.run(tiny_and({"--out", "b", "--config", "sweep.toml"})).exit_code, 0);
  EXPECT_EQ(place.run(tiny_and({"--plan"})).exit_code, 0);
  EXPECT_FALSE(fs::exists(place.store));
  const Finished added = place.history({"add", "a", "b/results.json"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(place.runs(), 2U);
}

TEST(History, FollowsTheXdgFolders) {
  const ScratchFolder scratch;
  const std::string home = (scratch / "home").string();
  const Finished run = run_program(
      tiny_and({"--out", "a"}),
      {.folder = scratch.path(), .environment = {{"QGEMM_HISTORY", ""}, {"XDG_DATA_HOME", ""}, {"HOME", home}}});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(fs::exists(home + "/.local/share/qgemm/history.sqlite")) << run.out;
  const Finished homeless = run_program(
      tiny_and({"--out", "b"}),
      {.folder = scratch.path(), .environment = {{"QGEMM_HISTORY", ""}, {"XDG_DATA_HOME", ""}, {"HOME", ""}}});
  EXPECT_EQ(homeless.exit_code, 0) << homeless.err;
  EXPECT_TRUE(says(homeless.out, "history  none: ")) << homeless.out;
}

TEST(History, KeepsOneRunOfASweepThatWasGoneOnWith) {
  const Place place;
  ASSERT_EQ(place.run(tiny_and({"--out", "a"})).exit_code, 0);
  fs::remove(place.scratch / "a/results.json");  // as if it had been killed
  EXPECT_TRUE(says(place.run(tiny_and({"--out", "a", "--resume"})).out, "history  run 1 in "));
  EXPECT_EQ(place.runs(), 1U);
}

TEST(History, ExportsWhatBenchSaved) {
  const Place place;
  const fs::path saved = measured_run().folder / "results.json";
  ASSERT_EQ(place.history({"add", saved.string()}).exit_code, 0);
  const Finished text = place.history({"export", "1"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.out, text_of(saved));
  EXPECT_EQ(place.history({"export", "last", "--out", "again.json"}).exit_code, 0);
  EXPECT_EQ(text_of(place.scratch / "again.json"), text_of(saved));
  const Finished compared = place.run({"compare", saved.string(), "again.json"});
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_EQ(place.run({"report", "again.json"}).exit_code, 0);
}

TEST(History, ShowsARun) {
  const Place place;
  ASSERT_EQ(place.history({"add", measured_run().folder.string()}).exit_code, 0);
  const Finished shown = place.history({"show", "1"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  const std::string tables = run_program({"report", "run"}, {.folder = measured_run().folder.parent_path()}).out;
  EXPECT_TRUE(shown.out.ends_with(tables)) << shown.out;
  EXPECT_TRUE(says(shown.out, "qgemm bench")) << shown.out;
  EXPECT_EQ(place.history({"show", "last"}).out, shown.out);
}

TEST(History, ShowsTrends) {
  const Place place;
  for (const char* out : {"a", "b"}) ASSERT_EQ(place.run(tiny_and({"--out", out})).exit_code, 0);
  const Finished table = place.history({"trend", "--providers", "f32"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_TRUE(says(table.out, "change")) << table.out;
  const Finished csv = place.history({"trend", "--format", "csv", "--shapes", "4x64x96"});
  EXPECT_EQ(lines_of(csv.out).size(), 3U) << csv.out;
  const Finished plot = place.history({"trend", "--plot", "t.png", "--out", "t.txt"});
  if (plot.exit_code != 3) {  // no gnuplot
    EXPECT_EQ(plot.exit_code, 0) << plot.err;
    EXPECT_EQ(plot.out, "t.png\n");
    EXPECT_TRUE(fs::exists(place.scratch / "t.png"));
    EXPECT_EQ(text_of(place.scratch / "t.txt").substr(0, 6), table.out.substr(0, 6));
  }
  expect_refused(place.history({"trend", "--providers", "bf16"}), 2, "such a row");
  expect_refused(place.history({"trend", "--plot", "t.gif"}), 2, ".svg");
  expect_refused(place.history({"trend", "--format", "xml"}), 2, "table or csv");
  expect_refused(place.history({"trend", "--cache", "warm"}), 2, "warm");
  expect_refused(place.history({"trend", "--shapes", "4x4"}), 2, "MxNxK");
}

TEST(History, IsPruned) {
  const Place place;
  copy_measured_run(place.scratch / "a");
  copy_measured_run(place.scratch / "b");
  ASSERT_EQ(place.history({"add", "a", "b"}).exit_code, 0);
  const Finished dry = place.history({"prune", "--keep-last", "1", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_TRUE(says(dry.out, "would remove 1 of 2 runs")) << dry.out;
  EXPECT_EQ(place.runs(), 2U);
  EXPECT_TRUE(says(place.history({"prune", "--older-than", "1000"}).out, "removed 0 of 2"));
  EXPECT_TRUE(says(place.history({"prune", "--keep-last", "1"}).out, "removed 1 of 2 runs"));
  EXPECT_EQ(place.runs(), 1U);
  EXPECT_TRUE(fs::exists(place.scratch / "a/results.json"));
  expect_refused(place.history({"prune"}), 2, "--keep-last");
  expect_refused(place.history({"prune", "--keep-last", "-1"}), 2, "-1");
  expect_refused(place.history({"prune", "--older-than", "-1"}), 2, "-1");
  EXPECT_EQ(place.runs(), 1U);
}

TEST(History, RefusesWhatItDoesNotHave) {
  const Place place;
  expect_refused(place.history({"show", "1"}), 2, "no run is in the history");
  EXPECT_FALSE(fs::exists(place.store));
  ASSERT_EQ(place.history({"add", measured_run().folder.string()}).exit_code, 0);
  for (const char* command : {"show", "export"}) {
    expect_refused(place.history({command, "7"}), 2, "no run 7");
    for (const char* run : {"first", "1x", "", "99999999999999999999"}) {
      expect_refused(place.history({command, run}), 2, "is no run");
    }
  }
  expect_refused(place.history({}), 2, "subcommand");
  expect_refused(place.history({"add", "absent"}), 2, "absent");
  expect_refused(place.history({"list", "--last", "-2"}), 2, "--last");
}

/// The run is saved and its exit code its own, whatever is wrong with the store; `history` says it with `exit_code`.
void expect_harmless(const Place& place, int exit_code, const std::string& told) {
  const Finished bench = place.run(tiny_and({"--out", "run"}));
  EXPECT_EQ(bench.exit_code, 0) << bench.err;
  EXPECT_EQ(bench.err, "");
  const auto lines = lines_of(bench.out);
  const auto about =
      std::find_if(lines.begin(), lines.end(), [](const auto& l) { return l.starts_with("history  none: "); });
  ASSERT_NE(about, lines.end()) << bench.out;
  EXPECT_TRUE(says(*about, told)) << *about;
  EXPECT_TRUE(says(bench.out, "Benchmark finished!"));
  EXPECT_TRUE(fs::exists(place.scratch / "run/results.json"));
  const Finished add = place.history({"add", "run"});
  expect_refused(add, exit_code, told);
}

TEST(HistoryTrouble, AForeignFileCostsALine) {
  const Place place;
  put_text(place.store, std::string(4096, 'x'));
  expect_harmless(place, 2, "no store of qgemm's runs");
  expect_refused(place.history({"list"}), 2, "QGEMM_HISTORY");
}

TEST(HistoryTrouble, ALaterSchemaCostsALine) {
  const Place place;
  ASSERT_EQ(place.history({"add", measured_run().folder.string()}).exit_code, 0);
  std::string bytes = text_of(place.store);
  bytes.at(63) = 9;  // the last byte of SQLite's user_version, which is the schema
  put_text(place.store, bytes);
  expect_harmless(place, 2, "schema 9");
  EXPECT_EQ(text_of(place.store), bytes);
}

TEST(HistoryTrouble, AFolderThatCannotBeMadeCostsALine) {
  Place place;
  place.store = "/proc/qgemm/h.sqlite";
  expect_harmless(place, 3, "/proc/qgemm/h.sqlite");
  place.store = place.scratch.path().string();
  EXPECT_TRUE(says(place.run(tiny_and({"--out", "other"})).out, "is a folder"));
}

TEST(HistoryTrouble, AFullDiskCostsALine) {
  const Place place;
  for (int i = 0; i < 8; ++i) {
    copy_measured_run(place.scratch / std::to_string(i));
    ASSERT_EQ(place.history({"add", std::to_string(i)}).exit_code, 0);
  }
  // Room for the small files of a run, and none for the store.
  ASSERT_GT(fs::file_size(place.store), 60'000U);
  const Finished bench = run_program(
      tiny_and({"--out", "run"}),
      {.folder = place.scratch.path(), .environment = {{"QGEMM_HISTORY", place.store}}, .largest_file = 20'000});
  EXPECT_EQ(bench.exit_code, 0) << bench.err;
  EXPECT_TRUE(says(bench.out, "history  none: ")) << bench.out;
  EXPECT_TRUE(says(bench.out, "Benchmark finished!"));
  EXPECT_EQ(place.runs(), 8U);
  EXPECT_EQ(place.history({"add", "run"}).exit_code, 0);
  EXPECT_EQ(place.runs(), 9U);
}

TEST(HistoryAtOnce, TwoProgramsAddTheirRuns) {
  const Place place;
  std::vector<std::unique_ptr<Program>> programs;
  for (int i = 0; i < 4; ++i) {
    copy_measured_run(place.scratch / std::to_string(i));
    programs.push_back(std::make_unique<Program>(
        Arguments{"history", "add", std::to_string(i)},
        Surroundings{.folder = place.scratch.path(), .environment = {{"QGEMM_HISTORY", place.store}}}));
  }
  for (auto& program : programs) {
    const Finished run = program->finish();
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }
  EXPECT_EQ(place.runs(), 4U);
}

#else

TEST(History, IsMissingAndCostsALine) {
  const ScratchFolder scratch;
  const Finished run = run_program(tiny_and({"--out", "a"}), {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(says(run.out, "history  none: this build has no SQLite")) << run.out;
  const Finished list = run_program({"history", "list"}, {.folder = scratch.path()});
  EXPECT_EQ(list.exit_code, 3);
  EXPECT_TRUE(says(list.err, "libsqlite3-dev")) << list.err;
}

#endif

}  // namespace
}  // namespace qgemm
