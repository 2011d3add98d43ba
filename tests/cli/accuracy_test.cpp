// `qgemm accuracy` from outside, and `qgemm advise` on what it saved.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "program.hpp"
#include "qgemm/dtype.hpp"
#include "saved_files.hpp"
#include "weights_files.hpp"

namespace qgemm {
namespace {

/// Numbers that look random, one of a hundred of them large.
std::string bf16_values(std::int64_t count, std::int64_t stream) {
  return elements<BFloat16>(count, [stream](std::int64_t i) {
    const std::int64_t mixed = (i * 7919 + stream * 104729) % 2003;
    return to_bfloat16(static_cast<float>(mixed - 1001) / 1000 * (mixed % 100 == 0 ? 20.0F : 1.0F));
  });
}

/// A Llama of two decoder layers, hidden size 32.
void write_checkpoint(const ScratchFolder& scratch) {
  put_text(scratch / "config.json",
           R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 32, "intermediate_size": 48,
      "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "head_dim": 8})");
  std::vector<TensorToWrite> tensors;
  for (const char* index : {"0", "1"}) {
    const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t cols) {
      tensors.push_back({std::string("model.layers.") + index + "." + name + ".weight",
                         "BF16",
                         {rows, cols},
                         bf16_values(rows * cols, static_cast<std::int64_t>(tensors.size()))});
    };
    add("self_attn.q_proj", 32, 32);
    add("self_attn.k_proj", 16, 32);
    add("self_attn.v_proj", 16, 32);
    add("self_attn.o_proj", 32, 32);
    add("mlp.gate_proj", 48, 32);
    add("mlp.up_proj", 48, 32);
    add("mlp.down_proj", 32, 48);
  }
  put_text(scratch / "model.safetensors", safetensors(tensors));
}

class Accuracy : public ::testing::Test {
 protected:
  Accuracy() { write_checkpoint(scratch_); }
  Finished run(const Arguments& arguments) const { return run_program(arguments, {.folder = scratch_.path()}); }
  Finished accuracy(const Arguments& more) const {
    Arguments arguments{"accuracy", "--weights", ".", "--tokens", "12"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  ScratchFolder scratch_;
};

TEST_F(Accuracy, IsJsonOfEveryLayer) {
  const Finished json = accuracy({"--format", "json", "--quiet"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_EQ(json.err, "");
  const Json report = parse_or_fail(json.out);
  EXPECT_EQ(report["report"], "accuracy");
  EXPECT_EQ(report["schema"], 1);
  EXPECT_EQ(report["planned"], 8);
  EXPECT_EQ(report["alphas"].size(), 9U);
  ASSERT_EQ(report["layers"].size(), 8U);
  EXPECT_NE(report["date"], "");
  EXPECT_NE(report["command"].get<std::string>().find("accuracy --weights ."), std::string::npos);
  for (const auto& layer : report["layers"]) {
    EXPECT_EQ(layer["stored"], "bf16");
    EXPECT_EQ(layer["tokens"], 12);
    EXPECT_EQ(layer["foldable"], layer["layer"] != "o") << layer;  // heads share their values
    ASSERT_EQ(layer["schemes"].size(), 12U);
    for (const auto& scheme : layer["schemes"]) {
      EXPECT_GT(scheme["sqnr_db"], 3) << scheme;
      EXPECT_EQ(scheme["by_alpha"].size(), 9U);
      EXPECT_GE(scheme["alpha"], 0.1);
    }
  }
  // The same operands give the same figures.
  EXPECT_EQ(parse_or_fail(accuracy({"--format", "json", "--quiet"}).out)["layers"], report["layers"]);
}

TEST_F(Accuracy, NarrowsToWhatIsAskedFor) {
  const Finished json = accuracy({"--format", "json", "--quiet", "--layers", "down", "--decoder-layers", "1", "--tp",
                                  "2", "--rank", "1", "--providers", "int8-*-w-token-a", "--smooth", "0.5"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  const Json report = parse_or_fail(json.out);
  ASSERT_EQ(report["layers"].size(), 1U);
  EXPECT_EQ(report["layers"][0]["k"], 24);
  EXPECT_EQ(report["layers"][0]["decoder_layer"], 1);
  EXPECT_EQ(report["layers"][0]["schemes"].size(), 2U);
  EXPECT_EQ(report["alphas"], Json::array({0.5}));
}

TEST_F(Accuracy, IsATableWithWhatItRecommends) {
  const Finished table = accuracy({"--smooth", "off"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  for (const char* part : {"ranges", "SQNR", "Summary", "Advice: accuracy", "In INT8 take"}) {
    EXPECT_NE(table.out.find(part), std::string::npos) << part << table.out;
  }
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(accuracy({"--smooth", "off", "--quiet"}).err, "");
  const Finished markdown = accuracy({"--format", "markdown", "--quiet"});
  EXPECT_NE(markdown.out.find("| int8-channel-w-token-a |"), std::string::npos) << markdown.out;
}

TEST_F(Accuracy, IsCsv) {
  const Finished csv = accuracy({"--format", "csv", "--smooth", "0.5", "--quiet", "--out", "table.csv"});
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(csv.out, "");
  const auto lines = lines_of(text_of(scratch_ / "table.csv"));
  ASSERT_EQ(lines.size(), 1U + 8 * 12);
  EXPECT_TRUE(lines[0].starts_with("model,decoder_layer,layer,")) << lines[0];
  const auto commas = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  for (const auto& line : lines) EXPECT_EQ(commas(line), commas(lines[0])) << line;
}

TEST_F(Accuracy, TakesRecordedActivations) {
  put_text(scratch_ / "inputs",
           safetensors(
               {{"layers.0.down", "BF16", {1, 5, 48}, bf16_values(5 * 48, 1)},
                {"down", "F32", {2, 48}, elements<float>(96, [](std::int64_t i) { return i == 0 ? 9.0F : 1.0F; })}}));
  const Finished run = accuracy({"--activations", "inputs", "--layers", "down", "--format", "json", "--quiet"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const Json report = parse_or_fail(run.out);
  EXPECT_EQ(report["activations"], "inputs");
  EXPECT_EQ(report["layers"][0]["tokens"], 5);
  EXPECT_EQ(report["layers"][1]["tokens"], 2);
  EXPECT_EQ(report["layers"][1]["activations"]["ratio"], 9.0);
  const Finished missing = accuracy({"--activations", "inputs", "--quiet"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("layers.0.qkv"), std::string::npos) << missing.err;
}

TEST_F(Accuracy, IsAdvisedOnWhenSaved) {
  ASSERT_EQ(accuracy({"--format", "json", "--quiet", "--out", "report.json"}).exit_code, 0);
  const Finished advice = run({"advise", "report.json"});
  EXPECT_EQ(advice.exit_code, 0) << advice.err;
  const std::string table = accuracy({"--quiet"}).out;
  const auto body = [](const std::string& text) {  // without the date
    const std::size_t at = text.find("Advice: accuracy");
    return at == std::string::npos ? "none" : text.substr(text.find('\n', at));
  };
  EXPECT_EQ(body(advice.out), body(table));
  for (const Arguments& words :
       {Arguments{"advise", "report.json", "--json"}, {"advise", "report.json", "--format", "json"}}) {
    const Json json = parse_or_fail(run(words).out);
    EXPECT_EQ(json["schema"], 1);
    ASSERT_FALSE(json["advice"].empty());
    EXPECT_EQ(json["advice"][0]["kind"], "scheme");
    EXPECT_NE(advice.out.find(json["advice"][0]["text"].get<std::string>()), std::string::npos);
  }
  put_text(scratch_ / "cut.json", text_of(scratch_ / "report.json").substr(0, 500));
  const Finished cut = run({"advise", "cut.json"});
  EXPECT_EQ(cut.exit_code, 2);
  EXPECT_EQ(cut.out, "");
  EXPECT_EQ(cut.complaints().size(), 1U) << cut.err;
  EXPECT_EQ(run({"advise", "report.json", "--format", "xml"}).exit_code, 2);
}

TEST_F(Accuracy, TellsBadInputInOneLine) {
  const std::vector<std::pair<Arguments, std::string>> bad{{{"--weights", "nowhere"}, "nowhere"},
                                                           {{"--format", "xml"}, "table, json, csv or markdown"},
                                                           {{"--smooth", "2"}, "--smooth"},
                                                           {{"--tokens", "0"}, "--tokens"},
                                                           {{"--tokens", "1e3"}, "--tokens"},
                                                           {{"--tp", "3"}, "3"},
                                                           {{"--rank", "1"}, "--rank"},
                                                           {{"--decoder-layers", "7"}, "no decoder layer 7"},
                                                           {{"--decoder-layers", "x"}, "--decoder-layers"},
                                                           {{"--layers", "dwon"}, "dwon"},
                                                           {{"--providers", "bf16"}, "--providers"},
                                                           {{"--data", "foo"}, "--data"},
                                                           {{"--seed", "-1"}, "--seed"},
                                                           {{"--out", "nowhere/report.json"}, "nowhere"},
                                                           {{"--out", "."}, "--out"},
                                                           {{"--models", "Llama-3.1-8B"}, "--models"},
                                                           {{"--activations", "config.json"}, "config.json"},
                                                           {{"--unknown"}, "--unknown"}};
  for (const auto& [words, told] : bad) {
    Arguments arguments{"accuracy"};
    if (words[0] != "--weights") arguments.insert(arguments.end(), {"--weights", "."});
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Finished run = this->run(arguments);
    EXPECT_EQ(run.exit_code, 2) << told;
    EXPECT_EQ(run.out, "") << told;
    ASSERT_EQ(run.complaints().size(), 1U) << run.err;
    EXPECT_NE(run.err.find(told), std::string::npos) << run.err;
  }
  put_text(scratch_ / "model.safetensors", text_of(scratch_ / "model.safetensors").substr(0, 5000));
  const Finished cut = accuracy({"--quiet"});
  EXPECT_EQ(cut.exit_code, 2);
  EXPECT_NE(cut.err.find("cut short"), std::string::npos) << cut.err;
}

TEST(AccuracyInterrupted, SaysWhatItHas) {
  const ScratchFolder scratch;
  // Random weights of a whole 8B model take a minute.
  Program program({"accuracy", "--decoder-layers", "all", "--tokens", "1", "--channels", "1", "--smooth", "off",
                   "--format", "json", "--quiet"},
                  {.folder = scratch.path()});
  const auto started = std::chrono::steady_clock::now();
  program.wait_until([&] { return std::chrono::steady_clock::now() - started > std::chrono::seconds(3); });
  program.send(SIGINT);
  const Finished run = program.finish();
  EXPECT_EQ(run.exit_code, 130) << run.err;
  const Json report = parse_or_fail(run.out);
  EXPECT_EQ(report["planned"], 128);
  EXPECT_LT(report["layers"].size(), 128U);
  EXPECT_EQ(run.err, "");
}

}  // namespace
}  // namespace qgemm
