#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/host.hpp"
#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "qgemm/version.hpp"
#include "report/printable.hpp"

namespace qgemm::cli {
namespace {

/// One line that acts on no terminal and fills none, whatever the input that the message quotes holds.
int complain(const std::string& what, ExitCode code) {
  std::fputs(("qgemm: " + shorten(printable(what), 2000) + "\n").c_str(), stderr);
  return code;
}

/// What is still in stdout's buffer may be refused (a full disk): that is no success.
int flush_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  const int code = complain("cannot write to standard output: the disk is full or the reader is gone", unavailable);
  return exit_code == success ? code : exit_code;
}

/// What CLI11 found wrong, and where to read on. Of an unknown command it only says that one is missing.
std::string explain(const CLI::App& app, const CLI::ParseError& error, const std::string& first) {
  const auto chosen = app.get_subcommands();
  if (!chosen.empty()) return fmt::format("{} (see qgemm {} --help)", error.what(), chosen.front()->get_name());
  if (first.empty()) return fmt::format("{} (see qgemm --help)", error.what());
  std::vector<std::string> commands;
  for (const auto* command : app.get_subcommands({})) commands.push_back(command->get_name());
  return fmt::format("there is no command '{}': use {} (see qgemm --help)", first.substr(0, 64), join_or(commands));
}

int run(const Host& host) {
  CLI::App app("What INT8 (W8A8) GEMM costs and gains against BF16 on this machine, for real LLM weight shapes.",
               "qgemm");
  app.set_version_flag("--version", fmt::format("qgemm {} ({})", version(), git_revision()));
  app.require_subcommand(1);
  app.fallthrough(false);
  int exit_code = success;
  add_bench(app, exit_code, host);
  add_quantize(app, exit_code);
  add_limits(app, exit_code);
  add_tune(app, exit_code);
  add_report(app, exit_code);
  add_compare(app, exit_code);
  add_accuracy(app, exit_code, host);
  add_advise(app, exit_code);
  add_history(app, exit_code);
  add_list(app, exit_code);
  add_doctor(app, exit_code);
  try {
    std::vector<const char*> words;
    for (const auto& word : host.arguments) words.push_back(word.c_str());
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain(explain(app, error, host.arguments.size() > 1 ? host.arguments[1] : ""), bad_input);
  }
  return exit_code;
}

}  // namespace

int run_command_line(const Host& host) {
  // Past a limit on file sizes (ulimit -f) a write shall fail, as on a full disk, not end the program.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return flush_output(run(host));
  } catch (const InvalidInput& error) {
    return complain(error.what(), bad_input);
  } catch (const Error& error) {
    return complain(error.what(), unavailable);
  } catch (const std::bad_alloc&) {
    return complain("the system refused an allocation: not enough memory", unavailable);
  } catch (const std::system_error& error) {  // {fmt}'s for a stream that takes no more, a file system's
    return complain(error.what(), unavailable);
  } catch (const std::exception& error) {
    return complain(error.what(), row_failed);
  }
}

}  // namespace qgemm::cli
