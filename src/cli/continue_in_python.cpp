#include "cli/continue_in_python.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/exit_code.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cli {
namespace {

static_assert(ExitCode::unavailable == 3, "the number below");

/// A folder qgemm/ in the current one is not the package.
constexpr const char* start = R"(import sys
sys.path = [folder for folder in sys.path if folder]
try:
    from qgemm.__main__ import main
except ImportError as error:
    print(f"qgemm: --external runs in Python, and {sys.executable} has no package qgemm ({error}): install it there with "
          "`pip install .` in qgemm's folder, or name another Python in QGEMM_PYTHON", file=sys.stderr)
    sys.exit(3)
sys.exit(main(sys.argv[1:]))
)";

}  // namespace

void continue_in_python(const std::vector<std::string>& arguments) {
  const char* named = std::getenv("QGEMM_PYTHON");
  const std::string python = named != nullptr && *named != '\0' ? named : "python3";
  std::vector<std::string> words{python, "-c", start};
  for (std::size_t i = 1; i < arguments.size(); ++i) words.push_back(arguments[i]);
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(nullptr);
  execvp(python.c_str(), pointers.data());
  throw Unavailable("--external runs in Python, and '" + python + "' cannot be started (" + std::strerror(errno) +
                    "): install Python 3, or name one in QGEMM_PYTHON");
}

}  // namespace qgemm::cli
