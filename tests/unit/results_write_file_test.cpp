#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(ResultsWriteFile, WritesAndReplacesWithoutLeftovers) {
  const Scratch scratch;
  const std::string large(3'000'000, 'x');
  write_file(scratch / "file", "old");
  write_file(scratch / "file", large);
  EXPECT_EQ(text_of(scratch / "file"), large);
  write_file(scratch / "file", "");
  EXPECT_EQ(text_of(scratch / "file"), "");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(ResultsWriteFile, OthersMayReadIt) {
  const Scratch scratch;
  const mode_t mask = umask(022);
  write_file(scratch / "file", "text");
  umask(mask);
  struct stat status {};
  ASSERT_EQ(stat((scratch / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST(ResultsWriteFile, SaysWhyItCannot) {
  const Scratch scratch;
  const auto why = [](const std::filesystem::path& path) {
    return message_of<Unavailable>([&] { write_file(path, "text"); });
  };
  EXPECT_EQ(why(scratch / "absent" / "file"),
            "cannot write " + (scratch / "absent" / "file").string() + ": No such file or directory");
  EXPECT_NE(why(scratch.path()).find("Is a directory"), std::string::npos);
  EXPECT_NE(why(scratch / std::string(300, 'n')).find("File name too long"), std::string::npos);
  EXPECT_EQ(entries(scratch.path()), 0U) << "no temporary file is left";
}

TEST(ResultsWriteFile, AFullDiskKeepsTheOldFile) {
  const Scratch scratch;
  write_file(scratch / "file", "old");
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file(scratch / "file", std::string(5000, 'x'));
    } catch (const Unavailable&) {
      _exit(42);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(text_of(scratch / "file"), "old");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(ResultsWriteFile, LinksStayLinksAndPipesStayPipes) {
  const Scratch scratch;
  write_file(scratch / "target", "old");
  std::filesystem::create_symlink("target", scratch / "link");
  write_file(scratch / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link"));
  EXPECT_EQ(text_of(scratch / "target"), "new");

  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  const int reader = open((scratch / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  write_file(scratch / "pipe", "text");
  char got[8] = {};
  EXPECT_EQ(read(reader, got, sizeof got), 4);
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(scratch / "pipe"));
}

}  // namespace
}  // namespace qgemm
