// What a sweep prints and saves: one run of tiny shapes, looked at from every side.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "measured_run.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> row_fields{"model",       "layer",
                                          "tp",          "m",
                                          "n",           "k",
                                          "provider",    "engine",
                                          "kernel",      "cache",
                                          "outcome",     "message",
                                          "median_us",   "p20_us",
                                          "p80_us",      "samples",
                                          "noise_pct",   "drift_pct",
                                          "samples_us",  "tflops",
                                          "tflops_low",  "tflops_high",
                                          "speedup",     "speedup_noise_pct",
                                          "speedup_f32", "limit_us",
                                          "limit_share", "bound",
                                          "quantize_us", "gemm_us",
                                          "launch_us",   "sqnr_db",
                                          "rel_error",   "max_abs_error",
                                          "exact",       "clock_mhz",
                                          "power_w",     "temperature_c",
                                          "throttle",    "typical_clock_us",
                                          "repro"};

bool is_png(const fs::path& file) { return text_of(file).starts_with("\x89PNG\r\n"); }

TEST(Bench, SucceedsAndSaysWhereItsFilesAre) {
  const Finished& run = measured_run().finished;
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const char* file : {"run/results.json", "run/results.csv", "run/journal.jsonl"}) {
    EXPECT_NE(run.out.find(file), std::string::npos) << file;
    EXPECT_TRUE(fs::is_regular_file(measured_run().folder.parent_path() / file)) << file;
  }
  EXPECT_NE(run.out.find("\nreport   "), std::string::npos);
  ASSERT_FALSE(run.out.empty());
  EXPECT_EQ(lines_of(run.out).back(), "Benchmark finished!");
}

TEST(Bench, PrintsTheReferencesTitlesTablesAndASummary) {
  const std::string& out = measured_run().finished.out;
  EXPECT_NE(out.find("shapes, N=64 K=96, BF16 vs INT8 GEMMs TFLOP/s:"), std::string::npos);
  EXPECT_NE(out.find("shapes, N=128 K=64, BF16 vs INT8 GEMMs TFLOP/s:"), std::string::npos);
  EXPECT_NE(out.find("\nSummary"), std::string::npos);
  for (const char* provider : {"bf16", "f32", "int8-channel-w-token-a-noquant"}) {
    EXPECT_NE(out.find(provider, out.find("\nSummary")), std::string::npos) << provider;
  }
}

TEST(Bench, DrawsAPlotForEachLayer) {
  for (const char* name : {"bench_int8_res_n64_k96.png", "bench_int8_res_n128_k64.png"}) {
    EXPECT_TRUE(is_png(measured_run().folder / "shapes/tp1" / name)) << name;
  }
}

TEST(Bench, WithoutATerminalWritesNoEscapeCodes) {
  EXPECT_EQ(measured_run().finished.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(measured_run().finished.err.find('\x1b'), std::string::npos);
}

TEST(Bench, SavesTheContext) {
  const Json& saved = measured_run().saved;
  EXPECT_EQ(saved["schema"], 1);
  const Json& context = saved["context"];
  for (const char* field :
       {"date", "host", "command", "qgemm_version", "git_revision", "device", "limits", "seed", "options"}) {
    EXPECT_TRUE(context.contains(field)) << field;
  }
  EXPECT_EQ(context["device"]["kind"], "cpu");
  EXPECT_FALSE(context["device"]["name"].get<std::string>().empty());
  EXPECT_GT(context["limits"]["f32"]["value"].get<double>(), 0);
  EXPECT_EQ(context["seed"], 7);
  EXPECT_EQ(context["options"]["shapes"], Json({"4x64x96", "16x128x64"}));
  EXPECT_EQ(context["options"]["max-time"], 0.02);
  EXPECT_NE(
      context["command"].get<std::string>().find(" bench --device cpu --shapes 4x64x96 16x128x64 --max-time 0.02"),
      std::string::npos);
}

TEST(Bench, MeasuresEveryDefaultProviderAtEveryShape) {
  std::set<std::string> cases;
  for (const auto& row : measured_run().saved["rows"]) {
    cases.insert(case_of(row));
    EXPECT_TRUE(measured(row)) << case_of(row) << ": " << row["outcome"] << " " << row["message"];
  }
  EXPECT_EQ(cases.size(), 12U);
  EXPECT_EQ(measured_run().saved["rows"].size(), 12U);
}

/// Whether this CPU has a peak of the row's arithmetic: one without instructions for bf16 has none to measure.
bool has_peak(const Json& row) {
  const std::string provider = row["provider"];
  return measured_run().saved["context"]["limits"].contains(provider.substr(0, provider.find('-')));
}

TEST(Bench, GivesEachRowEveryField) {
  for (const auto& row : measured_run().saved["rows"]) {
    for (const auto& field : row_fields) EXPECT_TRUE(row.contains(field)) << field << " of " << case_of(row);
    EXPECT_EQ(row["cache"], "cold");
    EXPECT_FALSE(row["kernel"].get<std::string>().empty()) << case_of(row);
    const bool bound = row["bound"] == "memory" || row["bound"] == "compute" || row["bound"] == "cache";
    EXPECT_TRUE(has_peak(row) ? bound : row["bound"].is_null()) << case_of(row) << ": " << row["bound"];
  }
}

TEST(Bench, GivesFiguresThatFitEachOther) {
  for (const auto& row : measured_run().saved["rows"]) {
    SCOPED_TRACE(case_of(row));
    const double median = row["median_us"], p20 = row["p20_us"], p80 = row["p80_us"];
    EXPECT_LE(p20, median);
    EXPECT_LE(median, p80);
    EXPECT_GT(p20, 0);
    EXPECT_EQ(row["samples"], row["samples_us"].size());
    EXPECT_GE(row["samples"].get<int>(), 3);
    const double flops = 2.0 * row["m"].get<double>() * row["n"].get<double>() * row["k"].get<double>();
    EXPECT_NEAR(row["tflops"], flops / median * 1e-6, 1e-9 + flops / median * 1e-12);
    EXPECT_LE(row["tflops_low"], row["tflops"]);
    EXPECT_LE(row["tflops"], row["tflops_high"]);
    if (has_peak(row)) {
      EXPECT_NEAR(row["limit_share"], row["limit_us"].get<double>() / median, 1e-9);
    } else {
      EXPECT_TRUE(row["limit_share"].is_null() && row["limit_us"].is_null());
    }
    EXPECT_EQ(row["outcome"] == "noisy", row["noise_pct"].get<double>() > 1.0);
  }
}

TEST(Bench, ComparesEachRowWithTheBaselinesOfItsPoint) {
  for (const auto& row : measured_run().saved["rows"]) {
    for (const auto& base : measured_run().saved["rows"]) {
      if (base["m"] != row["m"] || (base["provider"] != "bf16" && base["provider"] != "f32")) continue;
      const char* field = base["provider"] == "bf16" ? "speedup" : "speedup_f32";
      EXPECT_NEAR(row[field], base["median_us"].get<double>() / row["median_us"].get<double>(), 1e-9) << case_of(row);
    }
  }
}

TEST(Bench, ChecksEveryResult) {
  for (const auto& row : measured_run().saved["rows"]) {
    SCOPED_TRACE(case_of(row));
    const std::string provider = row["provider"];
    const double sqnr = row["sqnr_db"];
    if (provider.starts_with("int8")) {
      EXPECT_EQ(row["exact"], true);
      EXPECT_GT(sqnr, 30);  // about 40 dB for 8 bits of normal values
      EXPECT_LT(sqnr, 60);
    } else {
      EXPECT_TRUE(row["exact"].is_null());
      EXPECT_GT(sqnr, provider == "f32" ? 100 : 45);
    }
    EXPECT_GT(row["max_abs_error"].get<double>(), 0);
  }
}

TEST(Bench, SplitsTheCallsThatQuantize) {
  for (const auto& row : measured_run().saved["rows"]) {
    const std::string provider = row["provider"];
    const bool inside = provider.starts_with("int8") && !provider.ends_with("noquant");
    for (const char* part : {"quantize_us", "gemm_us", "launch_us"}) {
      EXPECT_EQ(row[part].is_number(), inside) << provider << " " << part;
    }
  }
}

TEST(Bench, TheJournalHoldsTheSameRows) {
  const auto rows = journal_rows(measured_run().folder);
  ASSERT_EQ(rows.size(), measured_run().saved["rows"].size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Json saved = measured_run().saved["rows"][i];
    saved["typical_clock_us"] = nullptr;  // known once all rows are
    EXPECT_EQ(rows[i], saved);
  }
}

TEST(Bench, TheCsvHoldsALineARow) {
  const auto lines = lines_of(text_of(measured_run().folder / "results.csv"));
  ASSERT_EQ(lines.size(), 13U);
  EXPECT_TRUE(lines[0].starts_with("model,layer,tp,m,n,k,provider,engine,kernel,cache,outcome,message,median_us,"));
  EXPECT_TRUE(lines[1].starts_with("shapes,n64_k96,1,4,64,96,bf16,"));
}

TEST(Bench, ARowsReproCommandMeasuresThatRow) {
  const Json row = find_row(measured_run().saved["rows"], "int8-channel-w-token-a");
  const std::string repro = row["repro"];
  ASSERT_TRUE(repro.starts_with("qgemm bench ")) << repro;
  Arguments words;
  for (std::size_t at = 6; at < repro.size();) {  // no word of this command needs quotes
    const std::size_t end = std::min(repro.find(' ', at), repro.size());
    words.push_back(repro.substr(at, end - at));
    at = end + 1;
  }
  words.insert(words.end(), {"--quiet", "--no-plots", "--out", "again"});
  const ScratchFolder scratch;
  const Finished run = run_program(words, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_FALSE(fs::exists(scratch / "again/shapes"));
  const Json again = json_of(scratch / "again/results.json")["rows"];
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(case_of(again[0]), case_of(row));
  EXPECT_EQ(again[0]["kernel"], row["kernel"]);
  EXPECT_EQ(again[0]["sqnr_db"], row["sqnr_db"]);  // the same numbers were multiplied
  EXPECT_EQ(again[0]["repro"], row["repro"]);
}

TEST(Bench, WithoutOutMakesAFolderOfItsOwn) {
  const ScratchFolder scratch;
  const Finished run = run_program({"bench", "--device", "cpu", "--shapes", "1x16x16", "--providers", "f32",
                                    "--max-time", "0.01", "--min-samples", "3", "--quiet", "--no-plots"},
                                   {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(scratch.entries(), std::vector<std::string>{"qgemm-results"});
  const auto made = fs::directory_iterator(scratch / "qgemm-results")->path();
  EXPECT_TRUE(fs::exists(made / "results.json")) << made;
}

/// The CPU as if it had less: results stay exact.
class BenchAsIf : public testing::TestWithParam<const char*> {};

TEST_P(BenchAsIf, IsExactToo) {
  const ScratchFolder scratch;
  const Finished run =
      run_program({"bench", "--device", "cpu", "--shapes", "5x48x80", "--providers", "int8-*-w-*", "--max-time", "0.01",
                   "--min-samples", "3", "--quiet", "--no-plots", "--out", "run"},
                  {.folder = scratch.path(), .environment = {{"QGEMM_ISA", GetParam()}}});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const Json rows = json_of(scratch / "run/results.json")["rows"];
  EXPECT_EQ(rows.size(), 24U);  // 2 weight scales × 3 activation scales × azp or not × inside the call or ahead of it
  for (const auto& row : rows) {
    EXPECT_TRUE(measured(row)) << case_of(row) << ": " << row["outcome"] << " " << row["message"];
    EXPECT_EQ(row["exact"], true) << case_of(row) << " by " << row["kernel"];
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, BenchAsIf, testing::Values("plain", "avx2"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace qgemm
