#include "report/gnuplot.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <system_error>

#include "qgemm/error.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string reason_of(int error) { return std::generic_category().message(error); }

/// A nameless temporary file. Files in place of pipes: neither side can block the other, whatever they write.
File temporary_file() {
  File file(std::tmpfile());
  if (!file) throw Unavailable("cannot draw plots, no temporary file: " + reason_of(errno));
  return file;
}

File file_with(const std::string& text) {
  File file = temporary_file();
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0 ||
      std::fseek(file.get(), 0, SEEK_SET) != 0) {
    throw Unavailable("cannot draw plots, cannot write a temporary file: " + reason_of(errno));
  }
  return file;
}

struct SpawnActions {
  posix_spawn_file_actions_t actions{};
  SpawnActions() { posix_spawn_file_actions_init(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }
};

/// The first line that says something; gnuplot repeats the command and points at it with a caret before it complains.
std::string first_complaint(std::FILE* log) {
  std::rewind(log);
  std::array<char, 1024> line{};
  std::string fallback;
  while (std::fgets(line.data(), static_cast<int>(line.size()), log) != nullptr) {
    std::string text = printable(line.data());
    text.erase(0, text.find_first_not_of(' '));
    text.erase(text.find_last_not_of(' ') + 1);
    if (text.empty() || text == "^" || text.starts_with("gnuplot>")) continue;
    if (text.find("line ") != std::string::npos) return text;
    if (fallback.empty()) fallback = text;
  }
  return fallback;
}

}  // namespace

std::string gnuplot_string(std::string_view text) {
  std::string out = "'";
  for (const char c : printable(text)) {
    if (c == '\'') {
      out += "’";  // doubled quotes are not read alike in all places, and what follows a stray one would be run
    } else {
      out += c;
    }
  }
  out += '\'';
  return out;
}

void run_gnuplot(const std::string& script, const std::filesystem::path& folder) {
  const File input = file_with(script);
  const File log = temporary_file();
  SpawnActions spawn;
  // In the folder, so that its name, which may hold anything, is never part of the script.
  posix_spawn_file_actions_addchdir_np(&spawn.actions, folder.c_str());
  posix_spawn_file_actions_adddup2(&spawn.actions, fileno(input.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&spawn.actions, fileno(log.get()), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&spawn.actions, fileno(log.get()), STDOUT_FILENO);

  // The user's own ~/.gnuplot must not change what a report looks like.
  std::array<std::string, 2> words{"gnuplot", "--default-settings"};
  std::array<char*, 3> arguments{words[0].data(), words[1].data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &spawn.actions, nullptr, arguments.data(), environ);
  if (error == ENOENT) throw Unavailable("plots need gnuplot, which was not found: apt-get install gnuplot-nox");
  if (error != 0) throw Unavailable("cannot start gnuplot: " + reason_of(error));

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Unavailable("cannot wait for gnuplot: " + reason_of(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string complaint = first_complaint(log.get());
  const std::string how = WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                              : fmt::format("failed (exit code {})", WEXITSTATUS(status));
  throw Unavailable(fmt::format("gnuplot {}: {}", how, complaint.empty() ? "it did not say why" : complaint));
}

void check_drawn(const std::filesystem::path& file, PlotFormat format) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::string_view end = format == PlotFormat::png ? "IEND" : "</svg>";
  std::string tail(16, '\0');
  if (in && in.tellg() > 16) {
    in.seekg(-16, std::ios::end);
    in.read(tail.data(), 16);
    if (tail.find(end) != std::string::npos) return;
  }
  throw Unavailable(fmt::format("cannot write {}: gnuplot left it incomplete; is the disk full?", file.string()));
}

}  // namespace qgemm
