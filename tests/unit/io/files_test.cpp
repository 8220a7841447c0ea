#include "lib/io/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/core/errors.hpp"
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

TEST(Files, RemovingWhatIsNotThereIsFine) {
  const TemporaryFolder folder;

  EXPECT_NO_THROW(remove_file((folder / "absent").string()));
  EXPECT_THROW(remove_file(folder.path().string()), IoError);
  EXPECT_THROW(read_text((folder / "absent").string()), IoError);
}

}  // namespace
}  // namespace lensmill::io
