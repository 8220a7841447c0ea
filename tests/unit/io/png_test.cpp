#include "lib/io/png.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <filesystem>
#include <vector>

#include "lib/core/errors.hpp"
#include "tests/support/file_size_limit.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

TEST(Png, IsReadBackWithTheTopRowFirst) {
  const test_support::TemporaryFolder folder;
  const std::string path = (folder / "stamp.png").string();
  // [y, x, 3], two rows of three pixels; y = 0 is the bottom.
  const std::vector<std::uint8_t> rgb{0,   1,   2,   3,   4,   5,   6,   7,   8,
                                      250, 251, 252, 253, 254, 255, 100, 101, 102};

  write_png(path, rgb, 2, 3);

  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&image, path.c_str()), 0);
  EXPECT_EQ(image.width, 3U);
  EXPECT_EQ(image.height, 2U);
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> read(PNG_IMAGE_SIZE(image));
  ASSERT_NE(png_image_finish_read(&image, nullptr, read.data(), 0, nullptr), 0);
  EXPECT_THAT(read, testing::ElementsAre(250, 251, 252, 253, 254, 255, 100, 101, 102, 0,
                                         1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(Png, FailuresNameTheFileAndTheReason) {
  const std::vector<std::uint8_t> rgb(3U * 64U * 64U, 1);

  EXPECT_THAT([&] { write_png("/proc/nowhere/a.png", rgb, 64, 64); },
              testing::ThrowsMessage<IoError>(
                  testing::AllOf(testing::HasSubstr("/proc/nowhere/a.png"),
                                 testing::HasSubstr("No such file"))));
  const test_support::TemporaryFolder folder;
  const test_support::FileSizeLimit limit(64);
  EXPECT_THAT(
      [&] { write_png((folder / "full.png").string(), rgb, 64, 64); },
      testing::ThrowsMessage<IoError>(testing::AllOf(
          testing::HasSubstr("full.png"), testing::HasSubstr("File too large"))));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "half a picture is left";
}

}  // namespace
}  // namespace lensmill::io
