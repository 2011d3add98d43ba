#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace qgemm {

/// Text from a file made safe for a terminal: control characters (escape sequences, newlines), marks that turn the
/// reading direction, and bytes that are no UTF-8 are replaced. Otherwise unchanged.
std::string printable(std::string_view text);

/// Code points: the columns text takes, as far as figures and Latin, Greek or Cyrillic names go.
std::size_t display_width(std::string_view text);

/// At most `width` code points, with "…" where it was cut.
std::string shorten(std::string_view text, std::size_t width);

}  // namespace qgemm
