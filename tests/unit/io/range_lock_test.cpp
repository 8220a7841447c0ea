#include "lib/io/range_lock.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

TEST(RangeLock, KeepsOthersOffItsPartOnly) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "lock").string();

  const auto lock = RangeLock::try_lock(path, 10, 20);

  ASSERT_TRUE(lock);
  EXPECT_FALSE(RangeLock::try_lock(path, 19, 30));
  EXPECT_FALSE(RangeLock::try_lock(path, 0, 1000));
  EXPECT_TRUE(RangeLock::try_lock(path, 0, 10));
  EXPECT_TRUE(RangeLock::try_lock(path, 20, 21));
}

TEST(RangeLock, EndsWithItsObjectAndMovesWithIt) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "lock").string();
  {
    auto first = RangeLock::try_lock(path, 0, 1);
    ASSERT_TRUE(first);

    const std::optional<RangeLock> moved = std::move(first);

    EXPECT_FALSE(RangeLock::try_lock(path, 0, 1));
  }
  EXPECT_TRUE(RangeLock::try_lock(path, 0, 1));
}

TEST(RangeLock, OfOthersIsSeenWithoutTakingOne) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "lock").string();
  EXPECT_FALSE(RangeLock::is_locked(path, 0, 100));
  const auto lock = RangeLock::try_lock(path, 10, 20);

  EXPECT_TRUE(RangeLock::is_locked(path, 0, 100));
  EXPECT_FALSE(RangeLock::is_locked(path, 20, 100));
}

TEST(RangeLock, DoesNotFollowALink) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "lock").string();
  std::filesystem::create_symlink(folder / "elsewhere", path);

  EXPECT_THROW(RangeLock::try_lock(path, 0, 1), IoError);

  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

TEST(RangeLock, SaysWhatItCannotOpen) {
  EXPECT_THROW(RangeLock::try_lock("/proc/no/lock", 0, 1), IoError);
}

}  // namespace
}  // namespace lensmill::io
