#pragma once
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "results_scratch.hpp"

namespace qgemm {

/// A scratch folder, and variables of the environment as the test wants them until it ends: those that say where
/// tables are name places in the folder, `data` for what is shipped and `cache` for the user's.
class TuningSurroundings {
 public:
  TuningSurroundings() {
    set("QGEMM_DATA_DIR", (scratch_ / "data").string());
    set("QGEMM_CACHE_DIR", (scratch_ / "cache").string());
    std::filesystem::create_directories(scratch_ / "data/tuning");
    std::filesystem::create_directories(scratch_ / "cache/tuning");
  }
  TuningSurroundings(const TuningSurroundings&) = delete;
  TuningSurroundings& operator=(const TuningSurroundings&) = delete;
  ~TuningSurroundings() {
    for (const auto& [name, value] : before_) put(name, value);
  }

  void set(const std::string& name, const std::optional<std::string>& value) {
    const char* now = std::getenv(name.c_str());
    before_.emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    put(name, value);
  }
  std::filesystem::path operator/(const std::string& name) const { return scratch_ / name; }

 private:
  static void put(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }
  Scratch scratch_;
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace qgemm
