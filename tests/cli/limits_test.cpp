// Limits that one run measures and the next ones use.
#include <gtest/gtest.h>

#include <fstream>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

Json context_of_run(const ScratchFolder& scratch, const std::string& out, const Arguments& more = {}) {
  Arguments words{"bench",   "--device",    "cpu",          "--threads",  "1",     "--shapes",
                  "2x32x32", "--providers", "bf16",         "--max-time", "0.001", "--min-samples",
                  "3",       "--no-plots",  "--no-history", "--out",      out};
  words.insert(words.end(), more.begin(), more.end());
  const std::string cache = (scratch / "cache").string();
  const Finished run = run_program(words, {.folder = scratch.path(), .environment = {{"QGEMM_CACHE_DIR", cache}}});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  Json context = json_of(scratch / out / "results.json")["context"];
  context["stderr"] = run.err;
  return context;
}

TEST(KeptLimits, AreUsedByTheNextRunUnlessItAsksForFreshOnes) {
  const ScratchFolder scratch;
  const Json first = context_of_run(scratch, "first");
  EXPECT_EQ(first["limits_date"], first["date"]);
  EXPECT_FALSE(first["limits"].empty());

  const fs::path file = fs::directory_iterator(scratch / "cache/limits")->path();
  Json kept = json_of(file);
  EXPECT_EQ(kept["context"]["limits"], first["limits"]);
  kept["context"]["limits"]["bf16"] = {{"value", 12345.0}, {"unit", "TFLOP/s"}, {"method", "made up"}};
  kept["context"]["limits_date"] = "2026-01-31T12:00:00+0000";
  std::ofstream(file) << kept.dump();

  const Json second = context_of_run(scratch, "second");
  EXPECT_EQ(second["limits"], kept["context"]["limits"]);
  EXPECT_EQ(second["limits_date"], "2026-01-31T12:00:00+0000");
  EXPECT_NE(second["stderr"].get<std::string>().find("--fresh-limits"), std::string::npos);

  const Json third = context_of_run(scratch, "third", {"--fresh-limits"});
  EXPECT_NE(third["limits"].value("bf16", Json::object()).value("value", 0.0), 12345.0);
  EXPECT_EQ(third["limits_date"], third["date"]);
  EXPECT_EQ(json_of(file)["context"]["limits"], third["limits"]);  // and kept
}

TEST(KeptLimits, ThatARowIsFasterThanAreForgotten) {
  const ScratchFolder scratch;
  context_of_run(scratch, "first");
  const fs::path file = fs::directory_iterator(scratch / "cache/limits")->path();
  Json kept = json_of(file);
  for (auto& [name, limit] : kept["context"]["limits"].items()) limit["value"] = 1e-9;  // a very slow machine
  kept["context"]["limits"]["bf16"] = {{"value", 1e-9}, {"unit", "TFLOP/s"}, {"method", "made up"}};
  std::ofstream(file) << kept.dump();
  context_of_run(scratch, "second");
  EXPECT_FALSE(fs::exists(file));
}

TEST(KeptLimits, WhereNoneCanBeKeptTheRunIsAsGood) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "cache") << "a file where the folder should be";
  const Json context = context_of_run(scratch, "first");
  EXPECT_FALSE(context["limits"].empty());
}

}  // namespace
}  // namespace qgemm
