#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/progress.hpp"
#include "cli/prove_cache.hpp"
#include "device/cpu_info.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "qgemm/report.hpp"
#include "qgemm/version.hpp"
#include "run/select_testbed.hpp"
#ifdef QGEMM_HAVE_CUDA
#include "cuda/device.hpp"
#endif

namespace qgemm::cli {
namespace {

/// One finding: good, worth knowing, or in the way; with what to do about it.
void say(const char* mark, const std::string& subject, const std::string& finding) {
  fmt::print("{:<5} {:<12} {}\n", mark, subject, finding);
}
constexpr const char* ok = "ok";
constexpr const char* note = "note";
constexpr const char* missing = "miss";

bool on_path(const char* program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:g}", *number);
  return "unknown";
}

void examine_cpu() {
  const DeviceInfo cpu = describe_cpu(static_cast<int>(physical_cores().size()));
  say(ok, "cpu", cpu.name);
  for (const auto& [property, value] : cpu.properties) {
    if (!std::holds_alternative<std::monostate>(value)) fmt::print("{:<18} {} = {}\n", "", property, text_of(value));
  }
  const CpuFeatures& features = cpu_features();
  if (!features.avx512_vnni && !features.avx_vnni && !features.amx_int8) {
    say(note, "int8", "this CPU has no int8 dot-product instruction (VNNI): INT8 will not beat f32 by much");
  }
  if (!features.avx512_bf16 && !features.amx_bf16) {
    say(note, "bf16", "this CPU has no bf16 instruction: compare INT8 with f32, which is printed beside it");
  }
  say(ok, "memory",
      fmt::format("{} available of {}", bytes_text(available_memory_bytes()), bytes_text(total_memory_bytes())));
}

/// True where some engine other than the reference runs each default provider.
bool examine_engines(const Testbed& testbed) {
  bool fast = true;
  const auto engines = testbed.engines();
  for (const Engine* engine : engines) say(ok, "engine", fmt::format("{}: {}", engine->name(), engine->description()));
  for (const auto& provider : testbed.plan_device().default_providers) {
    const GemmSpec spec{{64, 256, 256}, parse_provider(provider), false};
    std::vector<std::string> refusals;  // worth telling only where no engine of speed is left
    for (const Engine* engine : engines) {
      const Support support = engine->supports(spec);
      if (!support.ok) {
        refusals.push_back(fmt::format("{} cannot: {}", engine->name(), support.reason));
        continue;
      }
      if (engine->name() == "reference") {
        fast = false;
        for (const std::string& refusal : refusals) say(note, provider, refusal);
        say(missing, provider, "runs by the reference only, which is slow");
      } else {
        say(ok, provider, fmt::format("runs by {}", engine->name()));
      }
      break;
    }
  }
  const bool has_onednn =
      std::any_of(engines.begin(), engines.end(), [](const Engine* engine) { return engine->name() == "onednn"; });
  if (testbed.kind() == DeviceKind::cpu && !has_onednn) {
    say(missing, "onednn", "this build has no oneDNN: apt-get install libdnnl-dev, then build again (make build)");
  }
  return fast;
}

void examine_surroundings() {
  if (on_path("gnuplot")) {
    say(ok, "plots", "gnuplot is here");
  } else {
    say(missing, "plots", "no gnuplot, so no PNG plots: apt-get install gnuplot-nox");
  }
  try {
    (void)render_html({});
    say(ok, "report", "the HTML report is part of this build");
  } catch (const Unavailable& error) {
    say(missing, "report", error.what());
  }
  try {
    const History history(history_file(), HistoryAccess::existing);
    say(ok, "history", fmt::format("{} runs in {}", history.runs().size(), history.file().string()));
  } catch (const Error& error) {
    say(missing, "history", error.what());
  }
  try {
    say(ok, "models", fmt::format("{} in {}", load_models(models_folder()).size(), models_folder().string()));
  } catch (const Error& error) {
    say(missing, "models", error.what());
  }
}

void examine_gpus() {
  const bool driver = std::filesystem::exists("/proc/driver/nvidia/version");
#ifdef QGEMM_HAVE_CUDA
  const auto devices = cuda::find_devices();
  for (const auto& gpu : devices.list) {
    const DeviceInfo info = cuda::describe(gpu);
    say(ok, fmt::format("cuda:{}", gpu.ordinal), info.name);
    for (const auto& [property, value] : info.properties) fmt::print("{:<18} {} = {}\n", "", property, text_of(value));
    if (gpu.capability() >= 100 || gpu.capability() == 86 || gpu.capability() == 87) {
      say(note, "kernels", "this GPU runs the int8 kernels made for sm_80: right, but below what it could do");
    }
    if (gpu.capability() < 80)
      say(missing, "kernels", "int8 products here need compute capability 8.0 (Ampere) or later");
  }
  if (!devices.reason.empty()) say(driver ? missing : note, "cuda", devices.reason);
  if (devices.list.empty()) say(note, "cuda", "this machine is measured as a CPU");
#else
  say(driver ? missing : note, "cuda",
      driver
          ? "an NVIDIA driver is here, but this build has no CUDA engines: scripts/setup --with-cuda, then make build"
          : "no NVIDIA driver: this machine is measured as a CPU");
#endif
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "What this machine can run, what is missing, and how to get it");
  struct Arguments {
    bool prove_cache = false;
    std::string device = "auto";
    int threads = 0;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::Option* prove =
      command->add_flag("--prove-cache", arguments->prove_cache,
                        "Show by measurement that hot rows come from the cache and cold ones from memory");
  command->add_option("--device", arguments->device, "Where: auto, cpu, cuda or cuda:N")
      ->needs(prove)
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "CPU threads; 0: one a physical core")
      ->needs(prove)
      ->capture_default_str();
  command->callback([arguments, &exit_code] {
    if (arguments->prove_cache) {
      exit_code = prove_cache(arguments->device, arguments->threads) ? success : row_failed;
      return;
    }
    fmt::print("qgemm {} ({})\n", version(), git_revision());
    examine_cpu();
    examine_gpus();
    const SweepOptions automatic;
    const auto testbed = select_testbed(automatic).testbed;
    const bool fast = examine_engines(*testbed);
    examine_surroundings();
    fmt::print("\n{}\n", fast ? "qgemm bench measures every default provider here."
                              : "qgemm bench works here, but some providers only by the slow reference.");
    exit_code = success;
  });
}

}  // namespace qgemm::cli
