// The runs kept in docs/measurements can still be read, and say what is printed there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "qgemm/report.hpp"
#include "qgemm/results.hpp"

namespace qgemm {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(KeptRuns, RenderAsTheyWerePrinted) {
  int kept = 0;
  for (const auto& folder : std::filesystem::directory_iterator(QGEMM_MEASUREMENTS)) {
    if (!std::filesystem::exists(folder.path() / "results.json")) continue;
    const ResultSet run = load_results(folder.path() / "results.json");
    const std::string printed = text_of(folder.path() / "bench.txt");
    EXPECT_NE(printed.find(render_table(run)), std::string::npos) << folder.path();
    EXPECT_NE(printed.find(render_summary(run)), std::string::npos) << folder.path();
    ++kept;
  }
  EXPECT_GE(kept, 2);
}

}  // namespace
}  // namespace qgemm
