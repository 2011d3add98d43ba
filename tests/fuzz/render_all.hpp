#pragma once
#include <string_view>

#include "qgemm/result.hpp"

namespace qgemm::fuzz {

/// Expects text for a terminal or a page: well-formed UTF-8 without characters that act on what shows it.
void expect_safe(std::string_view text);

/// Tables, summary, Markdown and the plots' scripts (gnuplot itself is not run); expects them to be safe, and the plots
/// to be inside their folder.
void render_all(const ResultSet& results);

}  // namespace qgemm::fuzz
