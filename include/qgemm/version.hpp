#pragma once
#include <string_view>

namespace qgemm {

/// The library's version, "MAJOR.MINOR.PATCH".
std::string_view version();

/// The git commit it was built from, 12 hexadecimal digits or more, with "-dirty" where the sources had changes;
/// "unknown" outside a checkout.
std::string_view git_revision();

}  // namespace qgemm
