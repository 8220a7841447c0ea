#include "lib/io/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lib/core/errors.hpp"
#include "lib/io/this_process.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Files, TextIsReplacedWholeAndLeavesNoPartialFile) {
  const TemporaryFolder folder;
  const std::string path = (folder / "run.yaml").string();

  write_text(path, "first");
  write_text(path, "second\n");

  EXPECT_EQ(read_text(path), "second\n");
  EXPECT_FALSE(std::filesystem::exists(own_partial(path)));
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
  test_support::full_disk_file(
      folder.path(), std::filesystem::path(own_partial(path)).filename().string());

  EXPECT_THAT([&] { write_text(path, "x"); },
              ThrowsMessage<IoError>(HasSubstr("No space left on device")));
  EXPECT_FALSE(std::filesystem::exists(path));
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
  const auto alive = make("a.job.json." + own + ".partial");
  const auto foreign = make("b.json.elsewhere.org-1.partial");
  const auto abandoned = make("c.json.elsewhere.org-1.partial");
  std::filesystem::last_write_time(
      abandoned, std::filesystem::last_write_time(published) - 2 * abandoned_after);
  const auto other = make("notes." + host + std::to_string(child));

  remove_dead_partials(folder.path().string(), published);

  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_FALSE(std::filesystem::exists(abandoned));
  for (const auto& kept : {published, alive, foreign, other}) {
    EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
  }
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
  EXPECT_FALSE(std::filesystem::exists(own_partial(path)));
}

TEST(Files, RemovingWhatIsNotThereIsFine) {
  const TemporaryFolder folder;

  EXPECT_NO_THROW(remove_file((folder / "absent").string()));
  EXPECT_THROW(remove_file(folder.path().string()), IoError);
  EXPECT_THROW(read_text((folder / "absent").string()), IoError);
}

}  // namespace
}  // namespace lensmill::io
