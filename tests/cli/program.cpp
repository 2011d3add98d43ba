#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <sstream>
#include <stdexcept>

namespace qgemm {
namespace fs = std::filesystem;
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Pipe {
  int read = -1, write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the program's output");
  return {ends[0], ends[1]};
}

/// Where a run that names no other place keeps its history and what it need not measure again; gone with the process.
std::string scratch(const char* name) {
  static const ScratchFolder folder;
  return (folder / name).string();
}

std::vector<std::string> child_environment(const Surroundings& surroundings) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    const auto same = [&](const auto& given) { return given.first == name; };
    const bool given = std::any_of(surroundings.environment.begin(), surroundings.environment.end(), same);
    if (!given && name != "NO_COLOR" && !name.starts_with("QGEMM_")) variables.push_back(text);
  }
  const auto own_place = [&](const std::string& name, const char* file) {
    const auto names_it = [&](const auto& given) { return given.first == name; };
    if (std::any_of(surroundings.environment.begin(), surroundings.environment.end(), names_it)) return;
    variables.push_back(name + "=" + scratch(file));
  };
  own_place("QGEMM_HISTORY", "history.sqlite");
  own_place("QGEMM_CACHE_DIR", "cache");
  for (const auto& [name, value] : surroundings.environment) variables.push_back(name + "=" + value);
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// In the child, between fork and exec: system calls only.
void set_up(const Surroundings& surroundings, int out, int err) {
  if (surroundings.stdout_full) out = ::open("/dev/full", O_WRONLY);
  const int in = ::open("/dev/null", O_RDONLY);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(126);
  if (::chdir(surroundings.folder.c_str()) != 0) ::_exit(126);
  if (surroundings.largest_file) {
    // SIGXFSZ keeps its default, which ends a program that does not look after itself.
    const rlimit limit{*surroundings.largest_file, *surroundings.largest_file};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
  }
}

/// Appends what there is; false at the end of the stream.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> chunk{};
  const ssize_t got = ::read(fd, chunk.data(), chunk.size());
  if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

void close_once(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

ScratchFolder::ScratchFolder() {
  static std::atomic<int> count{0};
  path_ = fs::temp_directory_path() /
          ("qgemm-cli-" + std::to_string(::getpid()) + "-" + std::to_string(count.fetch_add(1)));
  fs::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> ScratchFolder::entries() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
  return names;
}

std::vector<std::string> Finished::complaints() const { return lines_of(err); }

Program::Program(const Arguments& arguments, const Surroundings& surroundings) : started_(now()) {
  std::vector<std::string> words{QGEMM_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = child_environment(surroundings);
  const auto argv = pointers_to(words);
  const auto envp = pointers_to(variables);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no child process for the program");
  if (pid_ == 0) {
    set_up(surroundings, out.write, err.write);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  close_once(out.write);
  close_once(err.write);
  out_ = out.read;
  err_ = err.read;
}

Program::~Program() {
  if (!ended()) {
    send(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_once(out_);
  close_once(err_);
}

void Program::send(int signal) const { ::kill(pid_, signal); }

bool Program::ended() {
  if (status_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

void Program::pump(int milliseconds) {
  std::array<pollfd, 2> streams{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};  // a closed one (-1) is passed over
  if (::poll(streams.data(), streams.size(), milliseconds) <= 0) return;
  if (streams[0].revents != 0 && !drain(out_, finished_.out)) close_once(out_);
  if (streams[1].revents != 0 && !drain(err_, finished_.err)) close_once(err_);
}

bool Program::wait_until(const std::function<bool()>& condition, double seconds) {
  const double deadline = now() + seconds;
  while (!condition()) {
    if (now() > deadline || ended()) return condition();
    pump(10);
  }
  return true;
}

Finished Program::finish(double seconds) {
  const double deadline = now() + seconds;
  while (!ended()) {
    if (now() > deadline && !finished_.timed_out) {
      finished_.timed_out = true;
      send(SIGKILL);
    }
    pump(10);
  }
  while (out_ >= 0 || err_ >= 0) pump(1000);
  finished_.exit_code = *status_;
  finished_.seconds = now() - started_;
  return finished_;
}

Finished run_program(const Arguments& arguments, const Surroundings& surroundings) {
  return Program(arguments, surroundings).finish();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace qgemm
