// The pieces tables are made of: alignment, figures, text that is safe to show.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "report/figures.hpp"
#include "report/grid.hpp"
#include "report/plot_axes.hpp"
#include "report/plot_paths.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

TEST(ReportText, WidthCountsCodePoints) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("M ≥ 16"), 6U);
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(shorten("2·M·N·K", 5), "2·M·…");
  EXPECT_EQ(shorten("2·M·N", 5), "2·M·N");
}

TEST(ReportText, PrintableKeepsTextAndDropsWhatActs) {
  EXPECT_EQ(printable("N=4096 ü 日本 😀"), "N=4096 ü 日本 😀");
  EXPECT_EQ(printable("a\x1b[31mb\tc\nd\x7f"), "a[31mb c d");
  EXPECT_EQ(printable("\xc0\xaf|\xed\xa0\x80|\xf5|\xe2\x82"), "��|���|�|��");
}

TEST(ReportText, GridAlignsByCodePoints) {
  Grid grid({0, 2, 1});
  grid.add({{.text = "über", .left = true}, {.text = "spans both", .span = 2}});
  grid.add({{.text = "x", .left = true}, {.text = "1"}, {.text = "22"}});
  EXPECT_EQ(grid.render(false), "über  spans both\nx           1 22\n");
  EXPECT_EQ(grid.width(), 16U);
}

TEST(ReportText, ColoursDoNotMoveColumns) {
  Grid grid({0, 1});
  grid.add({{.text = "a", .emphasis = Emphasis::bold}, {.text = "1", .emphasis = Emphasis::red}});
  grid.add({{.text = "bbb"}, {.text = "22"}});
  EXPECT_EQ(grid.render(true), "  \x1b[1ma\x1b[0m  \x1b[31m1\x1b[0m\nbbb 22\n");
}

TEST(ReportText, Figures) {
  EXPECT_EQ(format_tflops(0.0148), "0.0148");
  EXPECT_EQ(format_tflops(1.2129), "1.213");
  EXPECT_EQ(format_tflops(1385.2), "1385");
  EXPECT_EQ(format_tflops(0.00001234), "1.2e-05");
  EXPECT_EQ(format_tflops(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(format_ratio(0.637), "0.64x");
  EXPECT_EQ(format_ratio(7.314), "7.31x");
  EXPECT_EQ(format_ratio(9.996), "10.0x");
  EXPECT_EQ(format_ratio(126.2), "126x");
  EXPECT_EQ(format_share(0.714), "71 %");
  EXPECT_EQ(format_decibel(std::numeric_limits<double>::infinity()), "exact");
}

TEST(ReportText, Means) {
  EXPECT_DOUBLE_EQ(geometric_mean({1, 4}).value(), 2);
  EXPECT_FALSE(geometric_mean({}));
  EXPECT_FALSE(geometric_mean({0, -1, std::nan("")}));
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({1, 2, 4, 8}), 3);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(median({inf, inf, std::nan("")}), inf);
  EXPECT_FALSE(median({}));
}

TEST(ReportText, Axes) {
  EXPECT_EQ(batch_axis({1, 16, 1024}).ticks, "'1' 1, '16' 16, '1024' 1024");
  EXPECT_EQ(batch_axis({1, 2, 1000, 1023, 1024}).ticks, "'1' 1, '2' 2, '' 1000, '' 1023, '1024' 1024");
  std::vector<std::int64_t> scan;
  for (std::int64_t m = 3; m <= 100; ++m) scan.push_back(m);
  EXPECT_EQ(batch_axis(scan).ticks, "'3' 3, '4' 4, '8' 8, '16' 16, '32' 32, '64' 64, '100' 100");
  EXPECT_EQ(batch_axis(scan).bare_ticks, "'' 3, '' 4, '' 8, '' 16, '' 32, '' 64, '' 100");
  const PlotAxis one = batch_axis({64});
  EXPECT_LT(one.low, 64);
  EXPECT_GT(one.high, 64);
  const PlotAxis wide = value_axis({0.014, 1.3});
  EXPECT_LT(wide.low, 0.014);
  EXPECT_GT(wide.high, 1.3);
  EXPECT_EQ(wide.ticks, "'0.02' 0.02, '0.05' 0.05, '0.1' 0.1, '0.2' 0.2, '0.5' 0.5, '1' 1");
  EXPECT_NE(value_axis({500}).ticks.find("'500' 500"), std::string::npos);
}

TEST(ReportText, PathsStayInside) {
  EXPECT_EQ(path_component("meta-llama/Llama-3.1-8B-Instruct"), "meta-llama--Llama-3.1-8B-Instruct");
  EXPECT_EQ(path_component(".."), "_.");
  EXPECT_EQ(path_component("../../etc"), "_.--..--etc");
  EXPECT_EQ(path_component(""), "shapes");
  EXPECT_EQ(path_component("|rm 'x'\n\xff$`"), "_rm__x_____");
  EXPECT_LE(path_component(std::string(5000, '/')).size(), 255U);
}

}  // namespace
}  // namespace qgemm
