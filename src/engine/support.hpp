#pragma once
#include <string>

namespace qgemm {

/// Whether an engine can run a case; `reason` is a sentence a user can act on where it cannot.
struct Support {
  bool ok = true;
  std::string reason;

  static Support yes() { return {}; }
  static Support no(std::string why) { return {false, std::move(why)}; }
};

}  // namespace qgemm
