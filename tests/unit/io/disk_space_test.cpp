#include "lib/io/disk_space.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

std::uint64_t bytes_on_disk(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

TEST(DiskSpace, AllocatesASparseFileAndKeepsItsSize) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "sparse").string();
  test_support::write_bytes(path, "");
  std::filesystem::resize_file(path, 4 * mebibyte);
  ASSERT_LT(bytes_on_disk(path), mebibyte);

  EXPECT_EQ(reserve_disk_space(path, 4 * mebibyte, mebibyte), 0);

  EXPECT_GE(bytes_on_disk(path), 4 * mebibyte);
  EXPECT_EQ(std::filesystem::file_size(path), 4 * mebibyte);
  release_reserve(path);
  EXPECT_EQ(std::filesystem::file_size(path), 4 * mebibyte);
}

TEST(DiskSpace, WhatDoesNotFitIsRefusedBeforeAnythingIsAllocated) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "huge").string();
  test_support::write_bytes(path, "x");
  const std::uint64_t before = bytes_on_disk(path);
  const std::uint64_t free = std::filesystem::space(folder.path()).available;

  EXPECT_EQ(reserve_disk_space(path, free + 1024 * mebibyte, 0), ENOSPC);
  EXPECT_EQ(bytes_on_disk(path), before);
  EXPECT_EQ(reserve_disk_space((folder / "absent").string(), 1, 0), ENOENT);
}

}  // namespace
}  // namespace lensmill::io
