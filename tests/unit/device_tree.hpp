#pragma once
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

/// A folder of small files that stands for /proc and /sys, removed at the end of the test.
class FakeTree {
 public:
  FakeTree() {
    std::random_device random;
    root_ = std::filesystem::temp_directory_path() / ("qgemm-tree-" + std::to_string(random()));
    std::filesystem::create_directories(root_);
  }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;
  ~FakeTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};
