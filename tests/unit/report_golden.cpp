#include "report_golden.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "results_scratch.hpp"

namespace qgemm {

void expect_golden(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(QGEMM_GOLDEN_DIR) / name;
  const char* update = std::getenv("QGEMM_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") put_text(file, text);
  EXPECT_EQ(text, text_of(file)) << "QGEMM_UPDATE_GOLDEN=1 rewrites " << file << "; look at the difference first";
}

}  // namespace qgemm
