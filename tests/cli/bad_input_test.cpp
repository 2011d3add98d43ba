// What cannot be used is told in one line that names it and the remedy, with exit code 2, before anything is measured.
#include <gtest/gtest.h>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

/// Measuring the limits alone takes two seconds; a loaded machine may take long to start a program.
constexpr double before_measuring = 1.8;

#ifdef QGEMM_HAVE_CUDA
constexpr bool program_has_cuda = true;
#else
constexpr bool program_has_cuda = false;
#endif

/// A GPU, where there is one, is out of sight: what is told is the same on every machine.
const std::vector<std::pair<std::string, std::string>> no_gpu{{"CUDA_VISIBLE_DEVICES", ""}};

struct BadInput {
  Arguments arguments;
  std::vector<std::string> told;  ///< Parts of the line on stderr.
  int exit_code = 2;
};

void PrintTo(const BadInput& bad, std::ostream* out) {
  for (const auto& word : bad.arguments) *out << word << ' ';
}

class BadInputs : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputs, AreTold) {
  const ScratchFolder scratch;
  const Finished run = run_program(GetParam().arguments, {.folder = scratch.path(), .environment = no_gpu});
  EXPECT_EQ(run.exit_code, GetParam().exit_code);
  EXPECT_EQ(run.out, "");
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_TRUE(run.err.starts_with("qgemm: ")) << run.err;
  for (const auto& part : GetParam().told)
    EXPECT_NE(run.err.find(part), std::string::npos) << part << " in " << run.err;
  EXPECT_TRUE(scratch.entries().empty()) << "left " << scratch.entries()[0];
}

const std::vector<BadInput> names{
    {{"bench", "--models", "meta-llama/Llama-3.1-8b-Instuct"},
     {"Llama-3.1-8b-Instuct", "meta-llama/Llama-3.1-8B-Instruct"}},
    {{"bench", "--models", "Qwen2.5"},
     {"'Qwen2.5' is ambiguous", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-72B-Instruct"}},
    {{"bench", "--models", ""}, {"empty"}},
    {{"bench", "--models", "missing/config.json"}, {"missing/config.json"}},
    {{"bench", "--weights", "missing"}, {"there is no missing"}},
    {{"bench", "--weights", "."}, {"there is no ./config.json"}},
    {{"bench", "--weights", ".", "--models", "llama"}, {"--models and --weights", "one of them"}},
    {{"bench", "--weights", ".", "--shapes", "1x2x3"}, {"--shapes and --weights", "one of them"}},
    {{"bench", "--weights", ".", "--lm-head"}, {"--lm-head", "--weights"}},
    {{"bench", "--weights", ".", "--data", "zeros"}, {"--data zeros", "--weights"}},
    {{"bench", "--weights", ".", "--decoder-layer", "-2"}, {"--decoder-layer is -2", "from 0 on"}},
    {{"bench", "--weights", ".", "--tp-sizes", "2", "--rank", "2"}, {"--rank is 2", "TP 2 has 0 … 1"}},
    {{"bench", "--rank", "1"}, {"--rank", "--weights"}},
    {{"bench", "--decoder-layer", "1"}, {"--decoder-layer", "--weights"}},
    {{"bench", "--activations", "a.safetensors"}, {"--activations", "--weights"}},
    {{"bench", "--layers", "kv"}, {"'kv'", "qkv"}},
    {{"bench", "--providers", "int8-chanel-w-token-a"}, {"int8-chanel-w-token-a", "nearest", "int8-channel-w-token-a"}},
    {{"bench", "--providers", "int4*"}, {"int4*", "qgemm list providers"}},
    {{"bench", "--engines", "mkl"}, {"'mkl'", "reference"}},
    {{"bench", "--cache", "lukewarm"}, {"lukewarm", "hot or cold"}},
    {{"bench", "--scales", "foo"}, {"--scales", "foo", "absmax or constant"}},
    {{"bench", "--data", "foo"}, {"--data", "foo", "normal, outlier or zeros"}},
    {{"bench", "--output", "int4"}, {"int4", "bf16"}},
    {{"bench", "--output", "s8"}, {"--output", "s8", "bf16, f16 or f32"}},
    {{"bench", "--device", "gpu"}, {"--device", "'gpu'", "auto, cpu, cuda or cuda:N"}},
    {{"bench", "--device", "cuda:x"}, {"--device", "'cuda:x'", "cuda:N"}},
    {{"bench", "--device", "cuda:"}, {"--device", "'cuda:'", "cuda:N"}},
    {{"bench", "--device", "cuda:-1"}, {"--device", "'cuda:-1'", "cuda:N"}},
    {{"bench", "--device", "cuda:99999999999"}, {"--device", "'cuda:99999999999'", "cuda:N"}},
    {{"limits", "--device", "gpu"}, {"--device", "'gpu'", "cuda:N"}},
    {{"quantize", "--device", "gpu"}, {"--device", "'gpu'", "cuda:N"}},
    {{"quantize", "--device", "cpu", "--schemes", "token", "fp8-token"}, {"fp8-token", "--device cuda"}},
    {{"bench", "--timer", "stopwatch"}, {"--timer", "stopwatch", "interleaved or reference"}},
    {{"bench", "--timer", "reference", "--device", "cpu"}, {"--timer reference", "--device cuda"}},
    {{"tune", "--device", "gpu"}, {"--device", "'gpu'", "auto, cuda or cuda:N"}},
    {{"tune", "--device", "cpu"}, {"--device", "'cpu'", "auto, cuda or cuda:N"}},
    {{"tune", "--types", "int4"}, {"--types", "'int4'", "int8 or fp8"}},
    {{"tune", "--models", "gpt-5"}, {"gpt-5", "nearest"}},
    {{"tune", "--layers", "kv"}, {"'kv'", "qkv"}},
    {{"list", "nonsense"}, {"nonsense", "providers"}},
    {{"list", "layers", "--models", "gpt-5"}, {"gpt-5", "nearest"}},
};
INSTANTIATE_TEST_SUITE_P(Names, BadInputs, testing::ValuesIn(names));

const std::vector<BadInput> numbers{
    {{"bench", "--batch-sizes", "0"}, {"--batch-sizes", "0", "from 1"}},
    {{"bench", "--batch-sizes", "-1"}, {"--batch-sizes", "-1", "from 1"}},
    {{"bench", "--batch-sizes", "99999999999999999999"}, {"--batch-sizes", "99999999999999999999"}},
    {{"bench", "--batch-sizes", "99999999999"}, {"--batch-sizes", "99999999999"}},
    {{"bench", "--batch-sizes", "16", "abc"}, {"--batch-sizes", "abc"}},
    {{"bench", "--batch-sizes", "1.5"}, {"--batch-sizes", "1.5"}},
    {{"bench", "--scan-m", "1:256", "--batch-sizes", "16"}, {"--scan-m", "--batch-sizes", "one of them"}},
    {{"bench", "--scan-m", "256"}, {"--scan-m", "'256'", "1:256"}},
    {{"bench", "--tp-sizes", "3"}, {"size 3", "layer o", "4096"}},
    {{"bench", "--tp-sizes", "0"}, {"--tp-sizes", "0", "from 1"}},
    {{"bench", "--shapes", "4x5"}, {"'4x5'", "MxNxK"}},
    {{"bench", "--shapes", "0x1x1"}, {"'0x1x1'", "MxNxK"}},
    {{"bench", "--shapes", "axbxc"}, {"'axbxc'", "MxNxK"}},
    {{"bench", "--shapes", "4x64x96", "99999999999999999999x1x1"}, {"99999999999999999999x1x1"}},
    {{"bench", "--shapes", "1x99999999x1"}, {"--shapes", "99999999"}},
    {{"bench", "--shapes", "1x16x140000"}, {"1x16x140000", "140000", "int32", "--providers bf16"}},
    {{"bench", "--max-time", "-1"}, {"--max-time", "-1", "0.001"}},
    {{"bench", "--max-time", "nan"}, {"--max-time", "nan"}},
    {{"bench", "--max-noise", "0"}, {"--max-noise", "0.001"}},
    {{"bench", "--min-samples", "0"}, {"--min-samples", "from 1"}},
    {{"bench", "--max-memory", "-1"}, {"--max-memory", "-1"}},
    {{"bench", "--threads", "-1"}, {"--threads", "-1"}},
    {{"bench", "--threads", "99999"}, {"99999", "threads"}},
    {{"bench", "--seed", "-1"}, {"--seed", "-1"}},
    {{"bench", "--seed", "99999999999999999999"}, {"--seed", "99999999999999999999"}},
    {{"tune", "--batch-sizes", "0"}, {"--batch-sizes", "0", "from 1"}},
    {{"tune", "--tp-sizes", "3"}, {"size 3", "layer o", "4096"}},
    {{"tune", "--shapes", "4x5"}, {"'4x5'", "MxNxK"}},
    {{"tune", "--shapes", "1x16x140000"}, {"1x16x140000", "140000", "int32", "--types fp8"}},
    {{"quantize", "--batch-sizes", "0"}, {"batch-sizes", "0"}},
    {{"quantize", "--widths", "x"}, {"--widths", "x"}},
    {{"quantize", "--schemes", "foo"}, {"foo"}},
    {{"quantize", "--threads", "-1"}, {"--threads", "-1"}},
    {{"quantize", "--input", "s8"}, {"--input", "s8", "bf16"}},
    {{"limits", "--seconds", "0"}, {"--seconds", "0"}},
    {{"limits", "--threads", "-1"}, {"threads", "-1"}},
};
INSTANTIATE_TEST_SUITE_P(Numbers, BadInputs, testing::ValuesIn(numbers));

const std::vector<BadInput> command_lines{
    {{}, {"subcommand", "--help"}},
    {{"benhc"}, {"'benhc'", "bench"}},
    {{"--nonsense"}, {"--nonsense"}},
    {{"bench", "--nonsense"}, {"--nonsense", "qgemm bench --help"}},
    {{"bench", "extra"}, {"extra"}},
    {{"bench", "line\nbreak"}, {"line break"}},
    {{"bench", "--shapes"}, {"--shapes"}},
    {{"bench", "--resume"}, {"--resume", "--out"}},
    {{"bench", "--resume", "--out", "nothing", "--shapes", "4x64x96"}, {"--resume", "nothing"}},
    {{"bench", "--config", "missing.toml"}, {"missing.toml"}},
    {{"list"}, {"WHAT"}},
    {{"report"}, {"FILE"}},
    {{"bench", "--device", "cuda"}, {"--device cuda cannot be used: ", "--device cpu"}, 3},
    {{"bench", "--device", "cuda:1"}, {"--device cuda:1 cannot be used: ", "--device cpu"}, 3},
    {{"bench", "--device", "cuda", "--plan"}, {"--device cuda cannot be used: ", "--device cpu"}, 3},
    {{"limits", "--device", "cuda"}, {"--device cuda cannot be used: ", "--device cpu"}, 3},
    {{"quantize", "--device", "cuda"}, {"--device cuda cannot be used: ", "--device cpu"}, 3},
    {{"bench", "--timer", "reference"}, {"--timer reference", "no GPU", "qgemm doctor"}, 3},
    {{"tune", "extra"}, {"extra"}},
    {{"tune", "--nonsense"}, {"--nonsense", "qgemm tune --help"}},
    {{"tune"}, {"there is no GPU to tune: "}, 3},
    {{"tune", "--device", "cuda:1", "--out", "table.json"}, {"there is no GPU to tune: "}, 3},
};
INSTANTIATE_TEST_SUITE_P(CommandLines, BadInputs, testing::ValuesIn(command_lines));

TEST(BadInput, AnUnknownIsaIsTold) {
  const ScratchFolder scratch;
  const Finished run =
      run_program({"bench", "--shapes", "4x64x96"}, {.folder = scratch.path(), .environment = {{"QGEMM_ISA", "mmx"}}});
  EXPECT_EQ(run.exit_code, 2);
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_NE(run.err.find("mmx"), std::string::npos);
}

/// What is told of the fall-back, where the build could have used a GPU; nothing where it could not.
void expect_fallback_told(const std::string& err) {
  const auto told = lines_of(err);
  ASSERT_EQ(told.size(), program_has_cuda ? 1U : 0U) << err;
  if (told.empty()) return;
  EXPECT_TRUE(told[0].starts_with("no GPU is used: ")) << err;
  EXPECT_NE(told[0].find("measuring on the CPU"), std::string::npos) << err;
}

TEST(WithoutAGpu, AutoIsTheCpuAndSaysSo) {
  const ScratchFolder scratch;
  const Surroundings here{.folder = scratch.path(), .environment = no_gpu};
  const Finished plan = run_program({"bench", "--shapes", "4x64x96", "--plan"}, here);
  EXPECT_EQ(plan.exit_code, 0);
  EXPECT_NE(plan.out.find("6 rows at 1 points"), std::string::npos) << plan.out;  // the CPU's default providers
  expect_fallback_told(plan.err);
  const Finished limits = run_program({"limits", "--seconds", "0.1", "--json"}, here);
  EXPECT_EQ(limits.exit_code, 0);
  EXPECT_TRUE(parse_or_fail(limits.out).contains("f32"));
  expect_fallback_told(limits.err);
  EXPECT_EQ(run_program({"doctor"}, here).exit_code, 0);
  EXPECT_EQ(run_program({"bench", "--shapes", "4x64x96", "--plan", "--device", "cpu"}, here).err, "");
}

TEST(WithoutAGpu, ASweepWithAutoIsMeasuredOnTheCpu) {
  const ScratchFolder scratch;
  const Finished run = run_program({"bench", "--shapes", "4x64x96", "--providers", "f32", "--max-time", "0.01",
                                    "--min-samples", "3", "--no-plots", "--out", "run"},
                                   {.folder = scratch.path(), .environment = no_gpu});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const Json saved = json_of(scratch / "run/results.json");
  EXPECT_EQ(saved["context"]["device"]["kind"], "cpu");
  EXPECT_EQ(saved["context"]["options"]["timer"], "interleaved");
  EXPECT_EQ(saved["rows"][0]["cache"], "cold");
  EXPECT_EQ(lines_of(run.err)[0].starts_with("no GPU is used: "), program_has_cuda) << run.err;
}

TEST(BadInput, IsFoundBeforeAnythingIsMeasured) {
  const ScratchFolder scratch;
  EXPECT_LT(run_program({"bench", "--shapes", "4x5"}, {.folder = scratch.path()}).seconds, before_measuring);
}

}  // namespace
}  // namespace qgemm
