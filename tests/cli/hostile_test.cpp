// What a run meets that nobody foresaw: names that would command a terminal, and a clock that was set back.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "measured_run.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// Clears the screen, moves the cursor, names the window, rings, overwrites the line, turns the direction of writing
/// (U+202E), and a C1 control in UTF-8.
constexpr const char* commands = "a\x1b[2J\x1b[1;1H\x1b]0;x\x07\rb\xe2\x80\xae\xc2\x9b<i>|`c";

/// Whether a terminal would do anything but show it.
bool commands_a_terminal(const std::string& text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  });
  return control || text.find("\xe2\x80\xae") != std::string::npos || text.find("\xc2\x9b") != std::string::npos;
}

class HostileNames : public ::testing::Test {
 protected:
  Finished run(const Arguments& words) const {
    Finished finished = run_program(words, {.folder = scratch_.path()});
    EXPECT_FALSE(commands_a_terminal(finished.out)) << words.front() << ": " << Json(finished.out).dump();
    EXPECT_FALSE(commands_a_terminal(finished.err)) << words.front() << ": " << Json(finished.err).dump();
    return finished;
  }
  ScratchFolder scratch_;
};

TEST_F(HostileNames, OfAModelStayText) {
  // A model is called as its folder is, where its config.json does not say.
  const fs::path folder = scratch_ / commands;
  fs::create_directories(folder);
  put_text(folder / "config.json", Json{{"architectures", {"LlamaForCausalLM"}},
                                        {"_name_or_path", commands},
                                        {"hidden_size", 64},
                                        {"intermediate_size", 96},
                                        {"num_attention_heads", 2},
                                        {"num_key_value_heads", 2},
                                        {"num_hidden_layers", 2}}
                                       .dump());
  const std::string model = std::string(commands) + "/config.json";
  EXPECT_EQ(run({"list", "layers", "--models", model}).exit_code, 0);
  Arguments bench{"bench", "--device", "cpu", "--layers", "o", "--batch-sizes", "4", "--max-time", "0.01"};
  bench.insert(bench.end(), {"--models", model, "--providers", "f32", "int8-channel-w-token-a", "--min-samples", "3",
                             "--no-limits", "--no-history", "--no-plots", "--out", "run"});
  Arguments plan = bench;
  plan.emplace_back("--plan");
  EXPECT_EQ(run(plan).exit_code, 0);
  const Finished measured = run(bench);
  EXPECT_EQ(measured.exit_code, 0) << measured.err;
  for (const char* format : {"table", "markdown", "prometheus"}) {
    EXPECT_EQ(run({"report", "run", "--format", format}).exit_code, 0) << format;
  }
  EXPECT_EQ(run({"advise", "run"}).exit_code, 0);
  EXPECT_EQ(run({"compare", "run", "run"}).exit_code, 0);
}

TEST_F(HostileNames, OfTheDataFolderStayText) {
  fs::create_directories(scratch_ / "data/models");
  const Json layer{{"name", commands}, {"n", 64}, {"k", 96}, {"split", "n"}};
  const Json model{{"order", 1}, {"name", "org/model"}, {"source", "x"}, {"revision", "x"}, {"layers", {layer}}};
  put_text(scratch_ / "data/models/model.json", model.dump());
  const Finished listed = run_program(
      {"list", "layers"}, {.folder = scratch_.path(), .environment = {{"QGEMM_DATA_DIR", scratch_ / "data"}}});
  EXPECT_FALSE(commands_a_terminal(listed.out + listed.err)) << Json(listed.out + listed.err).dump();
}

TEST_F(HostileNames, OfResultsStayText) {
  copy_measured_run(scratch_ / "run");
  Json saved = json_of(scratch_ / "run/results.json");
  for (auto& row : saved["rows"]) {
    for (const char* field : {"model", "layer", "engine", "kernel", "message", "throttle", "repro"})
      row[field] = commands;
  }
  saved["rows"][0]["provider"] = commands;
  Json& context = saved["context"];
  for (const char* field : {"date", "host", "command", "qgemm_version", "git_revision"}) context[field] = commands;
  context["device"]["name"] = commands;
  put_text(scratch_ / "other.json", saved.dump());
  for (const char* format : {"table", "markdown", "prometheus"}) {
    const Finished report = run({"report", "other.json", "--format", format});
    EXPECT_EQ(report.exit_code, 0) << report.err;
  }
  run({"advise", "other.json"});
  run({"compare", "other.json", "other.json"});
  run({"compare", "run", "other.json"});
  run({"compare", "run", "other.json", "--format", "markdown"});
}

TEST_F(HostileNames, OfWhatIsAskedForStayText) {
  const Arguments questions[] = {{"bench", "--models", commands},
                                 {"bench", "--providers", commands},
                                 {"bench", "--engines", commands},
                                 {"bench", "--layers", commands},
                                 {"bench", "--shapes", commands},
                                 {"bench", "--config", commands},
                                 {"bench", "--device", commands},
                                 {"bench", "--data", commands},
                                 {"bench", "--kernel", commands},
                                 {"bench", "--out", commands, "--resume"},
                                 {"report", commands},
                                 {"compare", commands, commands},
                                 {"advise", commands},
                                 {commands},
                                 {"list", commands},
                                 {"history", "show", commands}};
  for (const auto& words : questions) {
    const Finished refused = run(words);
    EXPECT_NE(refused.exit_code, 0) << words.front();
    EXPECT_FALSE(refused.err.empty()) << words.front();
  }
}

/// The measured run as one of a day to come: what a machine left whose clock was ahead.
void copy_run_of_the_future(const fs::path& folder) {
  copy_measured_run(folder);
  const std::string date = json_of(folder / "results.json")["context"]["date"];
  for (const char* name : {"results.json", "journal.jsonl"}) {
    std::string text = text_of(folder / name);
    for (std::size_t at = 0; (at = text.find(date, at)) != std::string::npos;) text.replace(at, 4, "2099");
    put_text(folder / name, text);
  }
}

TEST(ClockSetBack, ARunOfTheFutureIsGoneOnWithAndCompared) {
  const ScratchFolder scratch;
  copy_run_of_the_future(scratch / "run");
  const Json before = json_of(scratch / "run/results.json");
  ASSERT_TRUE(before["context"]["date"].get<std::string>().starts_with("2099-")) << before["context"];

  Arguments words;  // what measured it, but for the program's name
  const std::string command = before["context"]["command"];
  for (std::size_t at = command.find(' '); at != std::string::npos;) {
    const std::size_t end = command.find(' ', at + 1);
    words.push_back(command.substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--out") words[i + 1] = "run";
  }
  words.emplace_back("--resume");
  const Finished resumed = run_program(words, {.folder = scratch.path()});
  EXPECT_EQ(resumed.exit_code, 0) << command << "\n" << resumed.err;
  const Json after = json_of(scratch / "run/results.json");
  ASSERT_EQ(after["rows"].size(), before["rows"].size());
  for (std::size_t i = 0; i < before["rows"].size(); ++i) {
    EXPECT_EQ(after["rows"][i]["samples_us"], before["rows"][i]["samples_us"]) << "measured again";
  }

  copy_measured_run(scratch / "now");
  EXPECT_EQ(run_program({"compare", "run", "now"}, {.folder = scratch.path()}).exit_code, 0);
}

#ifdef QGEMM_HAVE_SQLITE
TEST(ClockSetBack, TheHistoryKeepsTheOrderOfTimeAndPrunesWhatIsOld) {
  const ScratchFolder scratch;
  const Surroundings place{.folder = scratch.path(), .environment = {{"QGEMM_HISTORY", (scratch / "h").string()}}};
  copy_run_of_the_future(scratch / "future");
  copy_measured_run(scratch / "now");
  for (const char* run : {"future", "now"}) {
    const Finished added = run_program({"history", "add", run}, place);
    EXPECT_EQ(added.exit_code, 0) << added.err;
  }
  const Json runs = parse_or_fail(run_program({"history", "list", "--json"}, place).out)["runs"];
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_LT(runs[0]["date"], runs[1]["date"]) << "the oldest first, whenever it was added";
  const Finished trend = run_program({"history", "trend", "--format", "csv"}, place);
  EXPECT_EQ(trend.exit_code, 0) << trend.err;
  EXPECT_LT(trend.out.find(runs[0]["date"].get<std::string>()), trend.out.find("2099-")) << trend.out;
  // One of the future is not old, however few days are asked for.
  const Finished pruned = run_program({"history", "prune", "--older-than", "0"}, place);
  EXPECT_EQ(pruned.exit_code, 0) << pruned.err;
  const Json left = parse_or_fail(run_program({"history", "list", "--json"}, place).out)["runs"];
  ASSERT_GE(left.size(), 1U);
  EXPECT_TRUE(left.back()["date"].get<std::string>().starts_with("2099-")) << left;
}
#endif

}  // namespace
}  // namespace qgemm
