#include "cli/interrupt.hpp"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <limits>

namespace qgemm::cli {
namespace {

/// `timeout`, a shell and `make` may each pass one Ctrl-C on: signals this close together are the same one.
constexpr std::int64_t same_signal_ms = 1000;

std::atomic<bool> interrupted_flag{false};
std::atomic<std::int64_t> interrupted_at_ms{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free,
              "a signal handler may only touch lock-free atomics");

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // one of the few calls a signal handler may make
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

extern "C" void on_signal(int signal) {
  if (!interrupted_flag.exchange(true)) {
    interrupted_at_ms = now_ms();
  } else if (now_ms() - interrupted_at_ms > same_signal_ms) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

Interrupt::Interrupt() {
  interrupted_flag = false;
  interrupted_at_ms = std::numeric_limits<std::int64_t>::max();  // until the first signal has told its time
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>* Interrupt::flag() const { return &interrupted_flag; }

}  // namespace qgemm::cli
