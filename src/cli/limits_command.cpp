#include <fmt/core.h>

#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"
#include "qgemm/limits.hpp"
#include "run/select_testbed.hpp"

namespace qgemm::cli {

void add_limits(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("limits", "Measure this device's peaks: arithmetic, memory, caches");
  struct Arguments {
    std::string device = "auto";
    int threads = 0;
    double seconds = 2;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--device", arguments->device, "auto (the first GPU that works, else the CPU), cpu, cuda or cuda:N")
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "CPU threads; 0: one a physical core")->capture_default_str();
  command->add_option("--seconds", arguments->seconds, "Time to take, about (on a CPU)")->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    if (!(arguments->seconds > 0 && arguments->seconds <= 600)) {
      throw InvalidInput(fmt::format("--seconds is {}: give a number above 0, up to 600", arguments->seconds));
    }
    SweepOptions options;
    options.device = arguments->device;
    options.threads = arguments->threads;
    const auto [testbed, note] = select_testbed(options);
    if (!note.empty()) fmt::print(stderr, "{}\n", note);
    const bool cpu = testbed->kind() == DeviceKind::cpu;
    const auto limits = cpu ? measure_limits(arguments->threads, arguments->seconds) : testbed->limits();
    if (arguments->json) {
      print_json(limits);
    } else {
      fmt::print("{}{}\n\n", testbed->describe().name, cpu ? fmt::format(", {} threads", team_size()) : "");
      for (const auto& limit : limits) {
        fmt::print("{:<12} {:>9.4g} {:<8} {}\n", limit.name, limit.value, limit.unit, limit.method);
      }
    }
    exit_code = success;
  });
}

}  // namespace qgemm::cli
