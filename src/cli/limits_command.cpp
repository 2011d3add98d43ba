#include <fmt/core.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"
#include "qgemm/limits.hpp"

namespace qgemm::cli {

void add_limits(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("limits", "Measure this device's peaks: arithmetic, memory, caches");
  struct Arguments {
    int threads = 0;
    double seconds = 2;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--threads", arguments->threads, "CPU threads; 0: one a physical core")->capture_default_str();
  command->add_option("--seconds", arguments->seconds, "Time to take, about")->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    if (!(arguments->seconds > 0 && arguments->seconds <= 600)) {
      throw InvalidInput(fmt::format("--seconds is {}: give a number above 0, up to 600", arguments->seconds));
    }
    const auto limits = measure_limits(arguments->threads, arguments->seconds);
    if (arguments->json) {
      print_json(limits);
    } else {
      fmt::print("{}, {} threads\n\n", cpu_model_name(), team_size());
      for (const auto& limit : limits) {
        fmt::print("{:<12} {:>9.4g} {:<8} {}\n", limit.name, limit.value, limit.unit, limit.method);
      }
    }
    exit_code = success;
  });
}

}  // namespace qgemm::cli
