#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "qgemm/error.hpp"
#include "qgemm/version.hpp"

namespace qgemm::cli {
namespace {

int complain(const char* what, ExitCode code) {
  fmt::print(stderr, "qgemm: {}\n", what);
  return code;
}

int run(int argc, char** argv) {
  CLI::App app("What INT8 (W8A8) GEMM costs and gains against BF16 on this machine, for real LLM weight shapes.", "qgemm");
  app.set_version_flag("--version", fmt::format("qgemm {} ({})", version(), git_revision()));
  app.require_subcommand(1);
  app.fallthrough(false);
  int exit_code = success;
  add_bench(app, exit_code);
  add_quantize(app, exit_code);
  add_limits(app, exit_code);
  add_report(app, exit_code);
  add_list(app, exit_code);
  add_doctor(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain(fmt::format("{} (see qgemm --help)", error.what()).c_str(), bad_input);
  }
  return exit_code;
}

}  // namespace
}  // namespace qgemm::cli

int main(int argc, char** argv) {
  using namespace qgemm;
  using cli::complain;
  try {
    return cli::run(argc, argv);
  } catch (const InvalidInput& error) {
    return complain(error.what(), cli::bad_input);
  } catch (const Error& error) {
    return complain(error.what(), cli::unavailable);
  } catch (const std::bad_alloc&) {
    return complain("the system refused an allocation: not enough memory", cli::unavailable);
  } catch (const std::exception& error) {
    return complain(error.what(), cli::row_failed);
  }
}
