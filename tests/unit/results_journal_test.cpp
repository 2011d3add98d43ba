#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "qgemm/error.hpp"
#include "results/journal.hpp"
#include "results/journal_text.hpp"
#include "results_sample.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

/// Writes the sample's rows and gives the text back.
std::string write_journal(const std::filesystem::path& path, const ResultSet& run) {
  Journal journal(path, run.context, false);
  for (const auto& row : run.rows) journal.append(row);
  return text_of(path);
}

std::size_t rows_in(const std::filesystem::path& path) { return load_results(path).rows.size(); }

TEST(ResultsJournal, HoldsTheContextAndARowALine) {
  const Scratch scratch;
  const ResultSet run = sample_run(1, 2);
  const std::string text = write_journal(scratch / "journal.jsonl", run);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + static_cast<std::ptrdiff_t>(run.rows.size()));
  EXPECT_EQ(text.rfind("{\"schema\":1,\"context\":{", 0), 0U);
  EXPECT_EQ(to_json(load_results(scratch / "journal.jsonl")), to_json(run));
  EXPECT_EQ(to_json(load_results(scratch.path())), to_json(run)) << "a folder without results.json";
}

TEST(ResultsJournal, KeepsWhatWasMultipliedWhenResumed) {
  const Scratch scratch;
  ResultSet run = sample_run(1, 1);
  run.context.operands = {{"weights", "int8", "tensor", "normal", 127, 1.5, 6.25, 65536}};
  write_journal(scratch / "journal.jsonl", run);
  const Journal again(scratch / "journal.jsonl", sample_run(1, 1).context, true);
  EXPECT_EQ(to_json(load_results(scratch.path())), to_json(run));
}

TEST(ResultsJournal, CutAtAnyByteKeepsAllWholeRows) {
  const Scratch scratch;
  const std::string text = write_journal(scratch / "journal.jsonl", sample_run(1, 1));
  const auto file = scratch / "cut.jsonl";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string cut = text.substr(0, length);
    const auto lines = std::count(cut.begin(), cut.end(), '\n');
    const auto journal = parse_journal(cut, "cut");
    EXPECT_EQ(journal.has_context, lines > 0) << length;
    EXPECT_EQ(journal.results.rows.size(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(lines - 1, 0))) << length;
    EXPECT_EQ(journal.whole_bytes, cut.rfind('\n') + 1) << length;  // npos + 1 is 0
    if (length % 100 != 0) continue;                                // files take their time
    put_text(file, cut);
    if (lines == 0) {
      EXPECT_THROW(load_results(file), InvalidInput) << length;
    } else {
      EXPECT_EQ(rows_in(file), static_cast<std::size_t>(lines - 1)) << length;
    }
  }
}

TEST(ResultsJournal, ResumeGoesOnBehindTheLastWholeLine) {
  const Scratch scratch;
  const ResultSet run = sample_run(1, 1);
  const std::string text = write_journal(scratch / "journal.jsonl", run);
  const auto file = scratch / "cut.jsonl";
  for (std::size_t length = 0; length <= text.size(); length += 397) {
    put_text(file, text.substr(0, length));
    const auto before = parse_journal(text.substr(0, length), "cut").results.rows.size();
    Context later = run.context;
    later.host = "another";
    Journal(file, later, true).append(full_row());
    const ResultSet read = load_results(file);
    ASSERT_EQ(read.rows.size(), before + 1) << length;
    EXPECT_EQ(read.rows.back().message, full_row().message);
    EXPECT_EQ(read.context.host, length < text.find('\n') + 1 ? "another" : run.context.host);
  }
}

TEST(ResultsJournal, TheLastLineOfACaseCounts) {
  const Scratch scratch;
  const ResultSet run = sample_run(1, 1);
  write_journal(scratch / "journal.jsonl", run);
  Result again = run.rows.front();
  again.message = "tried again";
  Journal(scratch / "journal.jsonl", run.context, true).append(again);
  const auto rows = load_results(scratch / "journal.jsonl").rows;
  ASSERT_EQ(rows.size(), run.rows.size());
  EXPECT_EQ(rows.front().message, "tried again");
}

TEST(ResultsJournal, ResumeDropsALastLineThatACrashLeftAsNoJson) {
  const Scratch scratch;
  const auto file = scratch / "journal.jsonl";
  const std::string text = write_journal(file, sample_run(1, 1));
  put_text(file, text + std::string(100, '\0') + "\n");
  EXPECT_EQ(rows_in(file), 6U);
  Journal(file, {}, true).append(full_row());
  EXPECT_EQ(rows_in(file), 7U);
}

TEST(ResultsJournal, ABrokenLineInTheMiddleIsNamed) {
  const Scratch scratch;
  const auto file = scratch / "journal.jsonl";
  std::string text = write_journal(file, sample_run(1, 1));
  text.insert(text.find('\n', text.find('\n') + 1) + 1, "{\"model\": \n");
  put_text(file, text);
  const auto load = [&] { load_results(file); };
  EXPECT_NE(message_of<InvalidInput>(load).find("journal.jsonl: line 3 is no JSON"), std::string::npos);
  EXPECT_THROW(Journal(file, {}, true), InvalidInput) << "and is not written to";
  EXPECT_EQ(text_of(file), text);
}

TEST(ResultsJournal, NeverWritesOverWhatIsThere) {
  const Scratch scratch;
  const auto file = scratch / "journal.jsonl";
  put_text(file, "{\"precious\": 1}\n{\"data\": 2}\n");
  EXPECT_NE(message_of<InvalidInput>([&] { Journal(file, {}, false); }).find("--resume"), std::string::npos);
  EXPECT_THROW(Journal(file, {}, true), InvalidInput);
  EXPECT_EQ(text_of(file), "{\"precious\": 1}\n{\"data\": 2}\n");
}

TEST(ResultsJournal, OneWriterAtATime) {
  const Scratch scratch;
  const Journal first(scratch / "journal.jsonl", {}, false);
  EXPECT_NE(message_of<Unavailable>([&] { Journal(scratch / "journal.jsonl", {}, true); }).find("another qgemm"),
            std::string::npos);
}

TEST(ResultsJournal, AFolderThatIsMissingIsNamed) {
  const Scratch scratch;
  const auto message = message_of<Unavailable>([&] { Journal(scratch / "absent" / "journal.jsonl", {}, false); });
  EXPECT_NE(message.find("journal.jsonl: No such file or directory"), std::string::npos) << message;
}

/// In a child of its own, whose files cannot grow past `bytes`: as a full disk, which takes a part of a line.
int append_with_limit(const std::filesystem::path& file, rlim_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    int appended = 0;
    try {
      Journal journal(file, {}, true);
      for (; appended < 100; ++appended) {
        Result row = full_row();
        row.shape.m = 1 + appended;  // each a case of its own: of one case only the last line would count
        journal.append(row);
      }
    } catch (const Unavailable& error) {
      const std::string message = error.what();
      const bool clear = message.find(file.string()) != std::string::npos && message.find("kept") != std::string::npos;
      _exit(clear ? appended : 201);
    } catch (...) {
      _exit(202);
    }
    _exit(203);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ResultsJournal, AFullDiskLeavesWholeLines) {
  const Scratch scratch;
  const auto file = scratch / "journal.jsonl";
  for (const rlim_t bytes : {3000U, 4001U, 5555U}) {
    std::filesystem::remove(file);
    const int appended = append_with_limit(file, bytes);
    ASSERT_GT(appended, 0);
    ASSERT_LT(appended, 100);
    const std::string text = text_of(file);
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(rows_in(file), static_cast<std::size_t>(appended));
  }
}

}  // namespace
}  // namespace qgemm
