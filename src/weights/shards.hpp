#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace qgemm {

/// The files of a checkpoint.
struct Shards {
  std::vector<std::filesystem::path> files;  ///< Each once, sorted.
  /// Of each file what an index says it has, by its place in `files`; empty where there is no index.
  std::vector<std::vector<std::string>> promised;
};

/// What `Checkpoint` opens for `path`. Throws `InvalidInput` as it does.
Shards find_shards(const std::filesystem::path& path);

}  // namespace qgemm
