#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qgemm {

/// How a cell looks on a terminal with colours.
enum class Emphasis : std::uint8_t { none, bold, dim, red, bold_red };

/// `text` between the escape sequences for `emphasis`; unchanged with none.
std::string emphasized(std::string_view text, Emphasis emphasis);

struct GridCell {
  std::string text;
  std::size_t span = 1;  ///< Columns it takes.
  Emphasis emphasis = Emphasis::none;
  bool left = false;  ///< Aligned left; figures are aligned right.
};

/// Aligned columns of text: each as wide as its widest cell, a gap in front of each but the first.
class Grid {
 public:
  /// `gaps`: blanks in front of each column; their number is the number of columns.
  explicit Grid(std::vector<std::size_t> gaps) : gaps_(std::move(gaps)) {}

  /// The spans of `cells` must add up to at most the number of columns.
  void add(std::vector<GridCell> cells) { lines_.push_back(std::move(cells)); }
  std::size_t width() const;
  /// All lines, each with a newline and without trailing blanks.
  std::string render(bool colour) const;

 private:
  std::vector<std::size_t> column_widths() const;

  std::vector<std::size_t> gaps_;
  std::vector<std::vector<GridCell>> lines_;
};

}  // namespace qgemm
