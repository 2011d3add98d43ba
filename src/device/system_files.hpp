#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qgemm {

/// A small file of /proc or /sys whole; empty where it cannot be read.
std::optional<std::string> read_text(const std::filesystem::path& path);

/// Its first line without surrounding blanks.
std::optional<std::string> read_line(const std::filesystem::path& path);

/// Its first line as a number; a `K`, `M` or `G` behind it multiplies by 2¹⁰, 2²⁰, 2³⁰ as sysfs means it.
std::optional<std::int64_t> read_integer(const std::filesystem::path& path);

/// The same for text: "1024K" → 1048576. Empty for what is no number.
std::optional<std::int64_t> parse_size(std::string_view text);

/// The kernel's list format: "0-2,8" → {0, 1, 2, 8}. What cannot be read is left out.
std::vector<int> parse_cpu_list(std::string_view text);

/// The value of the first "key : value" line of a text (as /proc/cpuinfo), empty where there is none.
std::optional<std::string> find_field(std::string_view text, std::string_view key, char separator = ':');

/// True where `word` is one of the blank-separated words of a text.
bool has_word(std::string_view text, std::string_view word);

/// Text without blanks at its ends.
std::string_view trim(std::string_view text);

}  // namespace qgemm
