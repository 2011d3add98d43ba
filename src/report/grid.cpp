#include "report/grid.hpp"

#include <algorithm>
#include <array>

#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Columns [begin, begin+span) and the gaps between them.
std::size_t span_width(const std::vector<std::size_t>& widths, const std::vector<std::size_t>& gaps, std::size_t begin,
                       std::size_t span) {
  std::size_t width = 0;
  for (std::size_t c = begin; c < begin + span; ++c) width += widths.at(c) + (c > begin ? gaps.at(c) : 0);
  return width;
}

}  // namespace

std::string emphasized(std::string_view text, Emphasis emphasis) {
  constexpr std::array<std::string_view, 5> codes{"", "1", "2", "31", "1;31"};
  if (emphasis == Emphasis::none || text.empty()) return std::string(text);
  std::string out = "\x1b[";
  out += codes.at(static_cast<std::size_t>(emphasis));
  out += 'm';
  out += text;
  out += "\x1b[0m";
  return out;
}

std::vector<std::size_t> Grid::column_widths() const {
  std::vector<std::size_t> widths(gaps_.size(), 0);
  for (const bool spanning : {false, true}) {
    for (const auto& line : lines_) {
      std::size_t column = 0;
      for (const auto& cell : line) {
        if ((cell.span > 1) == spanning) {
          // What a spanning cell lacks is given to its first column: figures stay beside their ratios.
          const std::size_t have = span_width(widths, gaps_, column, cell.span);
          const std::size_t need = display_width(cell.text);
          if (need > have) widths[column] += need - have;
        }
        column += cell.span;
      }
    }
  }
  return widths;
}

std::size_t Grid::width() const {
  return gaps_.empty() ? 0 : gaps_[0] + span_width(column_widths(), gaps_, 0, gaps_.size());
}

std::string Grid::render(bool colour) const {
  const auto widths = column_widths();
  std::string out;
  for (const auto& line : lines_) {
    std::size_t column = 0, blanks = 0;
    for (const auto& cell : line) {
      const std::size_t padding = span_width(widths, gaps_, column, cell.span) - display_width(cell.text);
      blanks += gaps_.at(column) + (cell.left ? 0 : padding);
      if (!cell.text.empty()) {
        out.append(blanks, ' ');
        out += emphasized(cell.text, colour ? cell.emphasis : Emphasis::none);
        blanks = 0;
      }
      if (cell.left) blanks += padding;
      column += cell.span;
    }
    out += '\n';
  }
  return out;
}

}  // namespace qgemm
