#include "pipeline/inputs/invvar_maps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using test_support::write_cube;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int stamp = 8;
const BandNames bands{"g", "r"};

std::map<std::string, std::string> maps(const TemporaryFolder& folder, int planes,
                                        int nx) {
  std::map<std::string, std::string> files;
  for (int band = 0; band < 2; ++band) {
    const auto& name = bands[static_cast<std::size_t>(band)];
    files[name] = write_cube(
        (folder / (name + ".fits")).string(), planes, 12, band == 0 ? 14 : nx,
        [&](int n, int y, int x) { return 1000 * band + 300 * n + 20 * y + x; });
  }
  return files;
}

TEST(InvvarMaps, GiveAnyPlaceOfEachBand) {
  const TemporaryFolder folder;
  const auto opened = open_invvar_maps(maps(folder, 3, 14), bands, stamp);
  Image<float> invvar(stamp, stamp);

  opened->read(1, {.plane = 2, .y = 4, .x = 6}, invvar);

  EXPECT_EQ(opened->planes(), 3);
  EXPECT_EQ(opened->ny(), 12);
  EXPECT_EQ(opened->nx(), 14);
  EXPECT_EQ(invvar(0, 0), 1000.0F + 600.0F + 80.0F + 6.0F);
  EXPECT_EQ(invvar(7, 7), 1000.0F + 600.0F + 220.0F + 13.0F);
}

TEST(InvvarMaps, AnImageIsOnePlane) {
  const TemporaryFolder folder;

  EXPECT_EQ(open_invvar_maps(maps(folder, 0, 14), bands, stamp)->planes(), 1);
}

TEST(InvvarMaps, MustHaveOneShapeAndHoldAStamp) {
  const TemporaryFolder folder;

  EXPECT_THAT(
      [&] { open_invvar_maps(maps(folder, 3, 13), bands, stamp); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("r.fits, HDU 0: contains 3 x 12 x 13"),
                                     HasSubstr("g.fits"))));
  EXPECT_THAT([&] { open_invvar_maps(maps(folder, 3, 14), bands, 13); },
              ThrowsMessage<DataError>(HasSubstr("are fewer than the stamp's (13)")));
}

TEST(InvvarMaps, ReadCompressedBricks) {
  LENSMILL_NEEDS_DATA("legacysurvey-coadd/legacysurvey-0959p805-invvar-g.fits.fz");
  const auto opened = open_invvar_maps(
      {{"g", test_support::data_path(
                 "legacysurvey-coadd/legacysurvey-0959p805-invvar-g.fits.fz")
                 .string()}},
      {"g"}, 64);

  EXPECT_EQ(opened->ny(), test_support::data_is_synthetic() ? 1200 : 3600);
  EXPECT_EQ(opened->planes(), 1);
}

}  // namespace
}  // namespace lensmill::pipeline
