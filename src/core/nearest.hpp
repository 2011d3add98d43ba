#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace qgemm {

/// The candidates most like `text` (edit distance, any case; those that contain it first), at most `count`.
std::vector<std::string> nearest(std::string_view text, const std::vector<std::string>& candidates,
                                 std::size_t count = 3);

/// "a, b or c".
std::string join_or(const std::vector<std::string>& words);

/// True where `text` matches `pattern`, in which `*` stands for any run of characters.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace qgemm
