#pragma once
#include <string>
#include <string_view>

#include "qgemm/results.hpp"

namespace qgemm {

/// One line of a journal, with its newline.
std::string journal_line(const Context& context);
std::string journal_line(const Result& row);

/// What a journal holds, and where to go on.
struct JournalText {
  ResultSet results;
  bool has_context = false;
  std::size_t whole_bytes = 0;  ///< Length of its whole lines; what follows was cut off while being written.
};

/// Reads a journal's text. A last line without its newline, or that is no JSON, is left out. Throws `InvalidInput`
/// naming `source` and the line for any other line that is broken, and for what is no journal.
JournalText parse_journal(std::string_view text, const std::string& source);

}  // namespace qgemm
