#include "lib/io/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/this_process.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/file_size_limit.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

TEST(Files, TextIsReplacedWholeAndLeavesNoPartialFile) {
  const TemporaryFolder folder;
  const std::string path = (folder / "run.yaml").string();

  write_text(path, "first");
  write_text(path, "second\n");

  EXPECT_EQ(read_text(path), "second\n");
  EXPECT_EQ(names_in(folder), std::vector<std::string>{"run.yaml"});
}

// In a folder that others may write to, whoever can guess a name can put a link there.
TEST(Files, PartialNamesCannotBeGuessedAndLinksThereAreNotFollowed) {
  const TemporaryFolder folder;
  const std::string path = (folder / "run.yaml").string();
  const std::string theirs = (folder / "theirs").string();
  test_support::write_bytes(theirs, "theirs");

  EXPECT_NE(own_partial(path), own_partial(path));
  const std::string planted = own_partial(path);
  std::filesystem::create_symlink(theirs, planted);
  EXPECT_THAT([&] { make_new(planted); },
              ThrowsMessage<IoError>(HasSubstr("File exists")));
  EXPECT_THROW(sync_file(planted), IoError);

  EXPECT_EQ(read_text(theirs), "theirs");
}

TEST(Files, ALinkIsReplacedAndWhatIsNoFileIsNot) {
  const TemporaryFolder folder;
  const std::string theirs = (folder / "theirs").string();
  test_support::write_bytes(theirs, "theirs");
  const std::string link = (folder / "link").string();
  std::filesystem::create_symlink(theirs, link);
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  write_text(link, "ours");

  EXPECT_EQ(read_text(link), "ours");
  EXPECT_EQ(read_text(theirs), "theirs");
  EXPECT_THAT([&] { write_text(pipe, "x"); },
              ThrowsMessage<IoError>(HasSubstr("is no file")));
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

// Opening a pipe that nobody writes into waits for ever.
TEST(Files, APipeIsNotWaitedFor) {
  const TemporaryFolder folder;
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  EXPECT_THAT([&] { read_text(pipe); },
              ThrowsMessage<IoError>(AllOf(HasSubstr(pipe), HasSubstr("is no file"))));
  EXPECT_THAT([&] { check_is_file(pipe); },
              ThrowsMessage<IoError>(AllOf(HasSubstr(pipe), HasSubstr("is no file"))));
  EXPECT_NO_THROW(check_is_file("/proc/self/status"));
}

TEST(Files, WhereNobodyCanLookIsAnIoErrorNotANo) {
  const TemporaryFolder folder;
  const std::string circle = (folder / "circle").string();
  std::filesystem::create_symlink(circle, circle);

  EXPECT_FALSE(exists((folder / "absent").string()));
  EXPECT_FALSE(exists("/proc/self/status/below"));
  EXPECT_TRUE(is_folder(folder.path().string()));
  EXPECT_THAT([&] { exists(circle); },
              ThrowsMessage<IoError>(AllOf(
                  HasSubstr(circle), HasSubstr("Too many levels of symbolic links"))));
  EXPECT_THAT([] { is_folder("/" + std::string(300, 'a')); },
              ThrowsMessage<IoError>(HasSubstr("File name too long")));
  EXPECT_GE(longest_name((folder / "absent/below").string()), 14U);  // POSIX's least
}

TEST(Files, PublishReplacesTheOldFile) {
  const TemporaryFolder folder;
  const std::string path = (folder / "shard.h5").string();
  test_support::write_bytes(path, "old");
  test_support::write_bytes(path + ".partial", "new");

  publish(path + ".partial", path);

  EXPECT_EQ(read_text(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(Files, PublishNeedsThePartialFile) {
  const TemporaryFolder folder;
  const std::string path = (folder / "shard.h5").string();

  EXPECT_THAT([&] { publish(path + ".partial", path); },
              ThrowsMessage<IoError>(
                  AllOf(HasSubstr("shard.h5.partial"), HasSubstr("No such"))));
}

// Root may write anywhere; nobody may make entries below a plain file or in /proc.
TEST(Files, AnUnwritableFolderIsAnIoErrorThatNamesIt) {
  const TemporaryFolder folder;
  const std::string file = (folder / "file").string();
  test_support::write_bytes(file, "");

  EXPECT_THAT([&] { make_folders(file + "/run"); },
              ThrowsMessage<IoError>(
                  AllOf(HasSubstr(file + "/run"), HasSubstr("Not a directory"))));
  EXPECT_THAT([] { check_writable("/proc"); },
              ThrowsMessage<IoError>(HasSubstr("/proc: files cannot be made")));
  EXPECT_THAT([&] { write_text(file + "/run.yaml", "x"); },
              ThrowsMessage<IoError>(HasSubstr("Not a directory")));
  EXPECT_NO_THROW(check_writable(folder.path().string()));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Files, AFullDiskIsAnIoErrorThatSaysSo) {
  const TemporaryFolder folder;
  const std::string path = (folder / "full").string();
  const test_support::FileSizeLimit limit(1);

  EXPECT_THAT([&] { write_text(path, "xy"); },
              ThrowsMessage<IoError>(HasSubstr("File too large")));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Files, PartialFilesOfDeadProcessesAreRemovedAndNoOthers) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::string own = process_name();
  const std::string host = own.substr(0, own.rfind('-') + 1);
  const auto make = [&](const std::string& name) {
    write_text((folder / name).string(), "x");
    return (folder / name).string();
  };
  const auto published = make("run.yaml");
  const auto dead = make("a.job.json." + host + std::to_string(child) + ".partial");
  const auto dead_now =
      make("a.job.json." + host + std::to_string(child) + "-0123456789abcdef.partial");
  const auto alive = make("a.job.json." + own + ".partial");
  const auto alive_now = make("a.job.json." + own + "-0123456789abcdef.partial");
  const auto foreign = make("b.json.elsewhere.org-1.partial");
  const auto abandoned = make("c.json.elsewhere.org-1.partial");
  std::filesystem::last_write_time(
      abandoned, std::filesystem::last_write_time(published) - 2 * abandoned_after);
  const auto other = make("notes." + host + std::to_string(child));

  remove_dead_partials(folder.path().string(), published);

  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_FALSE(std::filesystem::exists(dead_now));
  EXPECT_FALSE(std::filesystem::exists(abandoned));
  for (const auto& kept : {published, alive, alive_now, foreign, other}) {
    EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
  }
}

TEST(Files, WhoWritesAFileRemovesWhatKilledWritersOfItHaveLeft) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::string own = process_name();
  const std::string dead = own.substr(0, own.rfind('-') + 1) + std::to_string(child) +
                           "-0123456789abcdef.partial";
  const auto make = [&](const std::string& name) {
    test_support::write_bytes((folder / name).string(), "half");
  };
  make("a.csv." + dead);
  make("b.csv." + dead);
  make("a.csv.mine.partial");  // a user's

  write_text((folder / "a.csv").string(), "whole");

  EXPECT_EQ(names_in(folder),
            (std::vector<std::string>{"a.csv", "a.csv.mine.partial", "b.csv." + dead}));
}

TEST(Files, PartialsOfAProcessThatNobodyHasWaitedForAreRemoved) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  const std::string own = process_name();
  const std::string partial = (folder / ("run.h5." + own.substr(0, own.rfind('-') + 1) +
                                         std::to_string(child) + ".partial"))
                                  .string();
  std::ofstream(partial) << "half";

  remove_dead_partials(folder.path().string(), (folder / "run.yaml").string());

  EXPECT_FALSE(std::filesystem::exists(partial));
  ::waitpid(child, nullptr, 0);
}

TEST(Files, OfSeveralThatMakeAFileOneSucceeds) {
  const TemporaryFolder folder;
  const auto path = (folder / "id").string();

  EXPECT_TRUE(write_text_if_absent(path, "first"));
  EXPECT_FALSE(write_text_if_absent(path, "second"));

  EXPECT_EQ(read_text(path), "first");
  EXPECT_EQ(names_in(folder), std::vector<std::string>{"id"});
}

TEST(Files, RemovingWhatIsNotThereIsFine) {
  const TemporaryFolder folder;

  EXPECT_NO_THROW(remove_file((folder / "absent").string()));
  EXPECT_THROW(remove_file(folder.path().string()), IoError);
  EXPECT_THROW(read_text((folder / "absent").string()), IoError);
}

}  // namespace
}  // namespace lensmill::io
