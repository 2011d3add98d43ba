#pragma once
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Why rows are not ok: rows of one outcome with the same message are one note.
struct Note {
  Outcome outcome = Outcome::failed;
  std::string who;      ///< Providers, and the points where it is not all of theirs.
  std::string message;  ///< Never empty.
};

/// The word shown in place of a figure: the outcome, loud where the answer was wrong.
std::string outcome_word(Outcome outcome);

/// Printable; wrong answers and failures first, else in order of appearance. All noisy rows are one note.
std::vector<Note> notes_of(const std::vector<Result>& rows);

/// Which engine ran which providers: "onednn (bf16, f32)", "avx512 (int8-…)".
std::vector<std::string> engines_of(const std::vector<Result>& rows);

}  // namespace qgemm
