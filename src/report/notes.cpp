#include "report/notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "report/printable.hpp"

namespace qgemm {
namespace {

using Words = std::vector<std::string>;

void add_once(Words& words, const std::string& word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
}

/// The first few, and how many more.
std::string some_of(const Words& words, std::size_t most) {
  const std::size_t shown = words.size() <= most ? words.size() : most - 1;
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ", ";
    out += words[i];
  }
  return shown == words.size() ? out : out + fmt::format(" and {} more", words.size() - shown);
}

struct Group {
  Outcome outcome = Outcome::failed;
  std::string message;
  Words providers, places;
  std::set<std::string> known_places;  ///< Those in `places`: a run may have thousands.
  std::size_t rows = 0;
  double noise = 0;
};

/// What a reader must see first comes first.
int urgency(Outcome outcome) {
  constexpr std::array<int, 7> order{6, 5, 3, 0, 1, 2, 4};
  return order.at(static_cast<std::size_t>(outcome));
}

std::vector<Group> groups_of(const std::vector<Result>& rows) {
  std::vector<Group> groups;
  std::map<std::pair<Outcome, std::string>, std::size_t> index;
  for (const auto& row : rows) {
    if (row.outcome == Outcome::ok) continue;
    const std::string message = row.outcome == Outcome::noisy ? "" : row.message;
    const auto [place, added] = index.try_emplace({row.outcome, message}, groups.size());
    if (added) {
      groups.emplace_back().outcome = row.outcome;
      groups.back().message = printable(message);
    }
    Group& group = groups[place->second];
    add_once(group.providers, printable(row.provider));
    std::string point = fmt::format("{} M={}", printable(row.layer), row.shape.m);
    if (group.known_places.insert(point).second) group.places.push_back(std::move(point));
    group.noise = std::max(group.noise, row.noise_pct.value_or(0));
    ++group.rows;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return urgency(a.outcome) < urgency(b.outcome); });
  return groups;
}

}  // namespace

std::string outcome_word(Outcome outcome) {
  if (outcome == Outcome::incorrect) return "INCORRECT";
  if (outcome == Outcome::out_of_memory) return "out of memory";
  return std::string(name(outcome));
}

std::vector<Note> notes_of(const std::vector<Result>& rows) {
  std::map<std::string, std::size_t> rows_of_provider;
  for (const auto& row : rows) ++rows_of_provider[printable(row.provider)];
  std::vector<Note> notes;
  for (const auto& group : groups_of(rows)) {
    Note note{.outcome = group.outcome, .who = some_of(group.providers, 4), .message = group.message};
    std::size_t all = 0;
    for (const auto& provider : group.providers) all += rows_of_provider[provider];
    if (group.rows < all) note.who += " at " + some_of(group.places, 4);
    if (group.outcome == Outcome::noisy) {
      note.message = fmt::format("{} uncertain by up to {:.1f} %; repeat on a quiet machine",
                                 group.rows == 1 ? "a median" : fmt::format("{} medians", group.rows), group.noise);
    } else if (note.message.empty()) {
      note.message = "no reason was recorded";
    }
    notes.push_back(std::move(note));
  }
  return notes;
}

std::vector<std::string> engines_of(const std::vector<Result>& rows) {
  std::vector<std::pair<std::string, Words>> engines;
  std::map<std::string, std::size_t> places;
  for (const auto& row : rows) {
    if (!row.measured() || row.engine.empty()) continue;
    const std::string engine = printable(row.engine);
    const auto [place, added] = places.try_emplace(engine, engines.size());
    if (added) engines.push_back({engine, {}});
    add_once(engines[place->second].second, printable(row.provider));
  }
  std::vector<std::string> lines;
  for (const auto& [engine, providers] : engines)
    lines.push_back(fmt::format("{} ({})", engine, some_of(providers, 3)));
  return lines;
}

}  // namespace qgemm
