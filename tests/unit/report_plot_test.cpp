#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "qgemm/error.hpp"
#include "qgemm/report.hpp"
#include "results_sample.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

bool have_gnuplot() { return std::system("command -v gnuplot > /dev/null 2>&1") == 0; }

#define NEED_GNUPLOT \
  if (!have_gnuplot()) GTEST_SKIP() << "gnuplot is not installed: apt-get install gnuplot-nox"

void expect_png(const fs::path& file, std::uint32_t width, std::uint32_t height) {
  const std::string text = text_of(file);
  ASSERT_GT(text.size(), 10'000U) << file;
  EXPECT_EQ(text.substr(0, 8), "\x89PNG\r\n\x1a\n") << file;
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = (value << 8U) | static_cast<unsigned char>(text[i]);
    return value;
  };
  EXPECT_EQ(number(16), width);
  EXPECT_EQ(number(20), height);
}

std::vector<std::string> names(const std::vector<fs::path>& files, const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& file : files) out.push_back(file.lexically_relative(folder).string());
  return out;
}

/// PATH for one test.
class PathVariable {
 public:
  explicit PathVariable(const std::string& value) : before_(std::getenv("PATH")) { setenv("PATH", value.c_str(), 1); }
  PathVariable(const PathVariable&) = delete;
  PathVariable& operator=(const PathVariable&) = delete;
  ~PathVariable() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(ReportPlot, APngForEachLayer) {
  NEED_GNUPLOT;
  const Scratch scratch;
  const auto files = write_plots(sample_run(2, 6), scratch.path());
  const std::string folder = "meta-llama--Llama-3.1-8B-Instruct/tp1/";
  EXPECT_EQ(names(files, scratch.path()), (std::vector<std::string>{folder + "bench_int8_res_n6144_k4096.png",
                                                                    folder + "bench_int8_res_n4096_k4096.png"}));
  for (const auto& file : files) expect_png(file, 1400, 840);
}

TEST(ReportPlot, Fp8CacheStatesAndEqualShapesHaveFilesOfTheirOwn) {
  NEED_GNUPLOT;
  const Scratch scratch;
  ResultSet run = sample_run(1, 2);
  for (std::size_t i = 0, rows = run.rows.size(); i < rows; ++i) {
    Result row = run.rows[i];
    row.cache = CacheState::hot;
    run.rows.push_back(row);
    if (row.provider == "int8-channel-w-token-a") {
      row.provider = "fp8-channel-w-token-a";
      row.layer = "o";
      run.rows.push_back(row);
      row.provider = "int8-channel-w-token-a";
      run.rows.push_back(row);
    }
  }
  const auto files = write_plots(run, scratch.path(), PlotFormat::svg);
  const std::string stem = "meta-llama--Llama-3.1-8B-Instruct/tp1/bench_";
  EXPECT_EQ(names(files, scratch.path()),
            (std::vector<std::string>{stem + "int8_res_n6144_k4096_hot.svg", stem + "int8_res_n6144_k4096_cold.svg",
                                      stem + "int8_res_n6144_k4096_hot_o.svg", stem + "fp8_res_n6144_k4096_hot.svg"}));
  for (const auto& file : files) EXPECT_NE(text_of(file).find("<svg"), std::string::npos);
}

TEST(ReportPlot, HostileNamesStayTextAndInside) {
  NEED_GNUPLOT;
  const Scratch scratch;
  ResultSet run = sample_run(1, 1);
  run.context.device.name = "'.system('touch pwned').' \"x\" `touch pwned` {/Bold b}\nset output 'elsewhere'";
  for (auto& row : run.rows) {
    row.model = "../../up'.system('touch pwned').'";
    row.layer = "`touch pwned`";
    row.engine = "|touch pwned";
  }
  const fs::path folder = scratch / "|touch pwned '\" é";
  const auto files = write_plots(run, folder);
  ASSERT_EQ(files.size(), 1U);
  expect_png(files[0], 1400, 840);
  EXPECT_EQ(files[0].lexically_relative(folder).begin()->string().substr(0, 2), "_.");
  std::size_t regular = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) regular += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(regular, 1U);
  EXPECT_FALSE(fs::exists("pwned"));
}

TEST(ReportPlot, FiguresThatCannotBeDrawnAreLeftOut) {
  NEED_GNUPLOT;
  const Scratch scratch;
  ResultSet run = sample_run(1, 2);
  run.rows[0].tflops = 0;
  run.rows[1].tflops = std::numeric_limits<double>::infinity();
  run.rows[2].tflops = std::numeric_limits<double>::quiet_NaN();
  run.rows[3].tflops_low = -1;
  run.rows[4].speedup = std::numeric_limits<double>::infinity();
  run.rows[5].tflops = 5e-324;
  EXPECT_EQ(write_plots(run, scratch.path()).size(), 1U);
}

TEST(ReportPlot, NothingMeasuredNeedsNoGnuplot) {
  const PathVariable path("/nonexistent");
  const Scratch scratch;
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) row.outcome = Outcome::failed;
  EXPECT_TRUE(write_plots(run, scratch.path()).empty());
  EXPECT_TRUE(write_plots({}, scratch.path()).empty());
}

TEST(ReportPlot, WithoutGnuplotTheRemedyIsNamed) {
  const PathVariable path("/nonexistent");
  const Scratch scratch;
  const auto message = message_of<Unavailable>([&] { write_plots(sample_run(1, 1), scratch.path()); });
  EXPECT_NE(message.find("apt-get install gnuplot-nox"), std::string::npos) << message;
}

TEST(ReportPlot, WhenGnuplotFailsItsFirstComplaintIsNamed) {
  const Scratch scratch;
  const auto fake = [&](const std::string& script) {
    put_text(scratch / "gnuplot", "#!/bin/sh\n" + script + "\n");
    chmod((scratch / "gnuplot").c_str(), 0755);
  };
  const PathVariable path(scratch.path().string() + ":" + std::getenv("PATH"));
  const auto message = [&] { return message_of<Unavailable>([&] { write_plots(sample_run(1, 1), scratch / "out"); }); };
  fake("echo 'line 3: no pngcairo here' >&2; echo more >&2; exit 1");
  EXPECT_EQ(message(), "gnuplot failed (exit code 1): line 3: no pngcairo here");
  fake("kill -9 $$");
  EXPECT_NE(message().find("signal 9"), std::string::npos);
  fake("exit 0");
  EXPECT_NE(message().find("incomplete"), std::string::npos) << "it says it worked, and no file is there";
}

TEST(ReportPlot, AFolderThatCannotBeMadeIsNamed) {
  const Scratch scratch;
  put_text(scratch / "file", "text");
  const auto message = message_of<Unavailable>([&] { write_plots(sample_run(1, 1), scratch / "file"); });
  EXPECT_NE(message.find("file"), std::string::npos) << message;
}

}  // namespace
}  // namespace qgemm
