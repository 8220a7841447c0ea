#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace lensmill::test_support {
namespace {

TEST(TemporaryFolder, IsThereAndThenGoneWithAllItHolds) {
  std::filesystem::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    std::filesystem::create_directory(folder / "sub");
    std::ofstream(folder / "sub" / "file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path / "sub/file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryFolder, EachIsItsOwn) {
  const TemporaryFolder one;
  const TemporaryFolder other;

  EXPECT_NE(one.path(), other.path());
}

}  // namespace
}  // namespace lensmill::test_support
