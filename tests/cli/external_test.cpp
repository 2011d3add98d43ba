// --external, up to the Python that it goes on in: what that one does is tested in tests/python.
#include <gtest/gtest.h>

#include <filesystem>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

Finished bench(const Arguments& more, const ScratchFolder& scratch, const std::string& python) {
  Arguments words{"bench", "--shapes", "4x64x96", "--device", "cpu"};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words, {.folder = scratch.path(), .environment = {{"QGEMM_PYTHON", python}}});
}

TEST(External, WithoutPythonIsTold) {
  const ScratchFolder scratch;
  const Finished run = bench({"--external", "torch"}, scratch, "/no/such/python");
  EXPECT_EQ(run.exit_code, 3);
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_NE(run.err.find("'/no/such/python' cannot be started"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("QGEMM_PYTHON"), std::string::npos) << run.err;
  EXPECT_TRUE(scratch.entries().empty());
}

TEST(External, GoesOnInPythonWithTheSameWords) {
  const ScratchFolder scratch;
  const fs::path python = scratch / "python";
  put_text(python, "#!/bin/sh\nshift 2\nprintf '<%s>' \"$@\"\nexit 7\n");
  fs::permissions(python, fs::perms::owner_all);
  const Finished run = bench({"--external", "torch", "vllm", "--out", "a folder"}, scratch, python.string());
  EXPECT_EQ(run.exit_code, 7) << run.err;
  EXPECT_EQ(run.out, "<bench><--shapes><4x64x96><--device><cpu><--external><torch><vllm><--out><a folder>");
  EXPECT_EQ(run.err, "");
}

TEST(External, InAConfigFileIsAsOnTheCommandLine) {
  const ScratchFolder scratch;
  put_text(scratch / "flags.toml", "external = [\"torch\"]\n");
  EXPECT_EQ(bench({"--config", "flags.toml"}, scratch, "/no/such/python").exit_code, 3);
}

TEST(External, WrongFlagsAreToldFirst) {
  const ScratchFolder scratch;
  const Finished run = bench({"--external", "torch", "--cache", "warm"}, scratch, "/no/such/python");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("warm"), std::string::npos) << run.err;
}

TEST(External, AloneAmongTheEnginesIsUnknown) {
  const ScratchFolder scratch;
  const Finished run = bench({"--engines", "torch"}, scratch, "/no/such/python");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("unknown engine 'torch'"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace qgemm
