#include "results/limits_store.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <system_error>

#include "core/user_folders.hpp"
#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results/context_json.hpp"
#include "results/json_text.hpp"
#include "results/posix_file.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

constexpr int schema = 1;
constexpr std::int64_t week = 7 * 24 * 3600;

/// Two GPUs of one name, or a CPU with other numbers of threads, do not take each other's place.
fs::path file_of(const fs::path& folder, const DeviceInfo& device) {
  std::string text = device.name;
  for (const auto& [name, value] : device.properties) {
    if (name == "uuid") text += " " + std::get<std::string>(value);
    if (name == "threads") text += " " + std::to_string(std::get<std::int64_t>(value)) + " threads";
  }
  return folder / (file_name_of(text, "device") + ".json");
}

bool same(const Value& a, const Value& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x == nullptr || y == nullptr) return a == b;
  return std::abs(*x - *y) <= 0.01 * std::abs(*x);  // clocks are read with a little noise
}

/// Properties by which limits change. Not the engines beside them, nor where in the machine a GPU is.
Properties telling(const DeviceInfo& device) {
  Properties out;
  std::copy_if(device.properties.begin(), device.properties.end(), std::back_inserter(out), [](const auto& property) {
    const std::string& name = property.first;
    return !name.starts_with("engine_") && name != "ordinal" && name != "pci_bus_id";
  });
  return out;
}

bool same_device(const DeviceInfo& a, const DeviceInfo& b) {
  const Properties x = telling(a), y = telling(b);
  return a.kind == b.kind && a.name == b.name &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const auto& p, const auto& q) { return p.first == q.first && same(p.second, q.second); });
}

}  // namespace

std::optional<KeptLimits> load_limits(const fs::path& folder, const Context& now) {
  const fs::path file = file_of(folder, now.device);
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  try {
    const Json json = parse_json(read_file(file), file.string());
    if (json.value("schema", 0) != schema) return std::nullopt;
    const double age = static_cast<double>(std::time(nullptr)) - json.value("unix_time", 0.0);
    if (!(age >= 0 && age <= week)) return std::nullopt;  // of the future: a clock was set back
    const Context kept = read_context(json.at("context"));
    const bool same_program = kept.qgemm_version == now.qgemm_version && kept.git_revision == now.git_revision;
    if (!same_program || kept.limits.empty() || !same_device(kept.device, now.device)) return std::nullopt;
    return KeptLimits{kept.limits, kept.limits_date};
  } catch (const std::exception&) {
    return std::nullopt;  // whatever is wrong with it: the limits can be measured again
  }
}

void save_limits(const fs::path& folder, const Context& now) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Unavailable("the folder " + folder.string() + " cannot be made: " + error.message());
  Context kept;
  kept.qgemm_version = now.qgemm_version;
  kept.git_revision = now.git_revision;
  kept.device = now.device;
  kept.limits = now.limits;
  kept.limits_date = now.limits_date;
  const Json json{{"schema", schema},
                  {"unix_time", static_cast<std::int64_t>(std::time(nullptr))},
                  {"context", write_context(kept)}};
  write_file(file_of(folder, now.device), dump_json(json, 1) + "\n");
}

void forget_limits(const fs::path& folder, const DeviceInfo& device) {
  std::error_code error;
  fs::remove(file_of(folder, device), error);
}

}  // namespace qgemm
