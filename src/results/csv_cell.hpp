#pragma once
#include <string>

namespace qgemm {

/// A text as a cell of CSV (RFC 4180), in quotes where it needs them; bytes that are no UTF-8 become U+FFFD.
std::string csv_cell(const std::string& text);

}  // namespace qgemm
