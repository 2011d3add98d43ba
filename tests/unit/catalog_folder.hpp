#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "qgemm/error.hpp"

/// A folder for one test's files, removed with it.
class CatalogFolder {
 public:
  CatalogFolder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() / ("qgemm-catalog-" + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  CatalogFolder(const CatalogFolder&) = delete;
  CatalogFolder& operator=(const CatalogFolder&) = delete;
  ~CatalogFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Expects `act` to throw `Error` with all these words in its message.
template <class Error, class Act>
void expect_error(const Act& act, const std::vector<std::string>& words) {
  try {
    act();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    for (const auto& word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << "no '" << word << "' in: " << error.what();
    }
  }
}
