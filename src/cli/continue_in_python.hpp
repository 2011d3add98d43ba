#pragma once
#include <string>
#include <vector>

namespace qgemm::cli {

/// Goes on in a Python that has the package, in this process's place: the interpreter that QGEMM_PYTHON names, else
/// python3. Returns only by throwing `Unavailable`, where there is no such program. A Python without the package says
/// so in one line and ends with the exit code of what is missing.
[[noreturn]] void continue_in_python(const std::vector<std::string>& arguments);

}  // namespace qgemm::cli
