#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/writer.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/file_size_limit.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::fits {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int planes = 3;
constexpr int ny = 40;
constexpr int nx = 50;

float pixel(int plane, int y, int x) {
  return static_cast<float>(10000 * plane + 100 * y + x);
}

/// Primary: an image [2, 3]; HDU 1: a cube [3, 40, 50] with one NaN.
std::string written_file(const TemporaryFolder& folder) {
  Image<float> small(2, 3);
  for (int x = 0; x < 3; ++x) {
    small(0, x) = static_cast<float>(x);
    small(1, x) = static_cast<float>(10 + x);
  }
  std::vector<float> cube;
  for (int plane = 0; plane < planes; ++plane) {
    for (int y = 0; y < ny; ++y) {
      for (int x = 0; x < nx; ++x) cube.push_back(pixel(plane, y, x));
    }
  }
  cube[0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Card> cards{{"theta_e_arcsec", 1.1, "Einstein radius"},
                                {"injection_id", std::int64_t{12345678901}, "row"},
                                {"NOTE", std::string(100, 'n') + "'quoted'", ""},
                                {"src_target_snr", std::nan(""), "not used"}};
  Writer writer;
  writer.add_image("small", small.view(), cards);
  writer.add_cube("cube", cube, planes, ny, nx, {});
  const std::string path = (folder / "a.fits").string();
  writer.save(path);
  return path;
}

TEST(FitsImage, ComesBackWithItsHeader) {
  const TemporaryFolder folder;
  const File file = File::open(written_file(folder));

  const ImageHdu small = file.image(0);
  EXPECT_EQ(file.hdu_count(), 2);
  EXPECT_EQ(small.axes(), 2);
  EXPECT_THAT(small.read_plane<double>(0).pixels(), ElementsAre(0, 1, 2, 10, 11, 12));
  EXPECT_EQ(small.find_string("EXTNAME"), "small");
  EXPECT_EQ(small.find_double("theta_e_arcsec"), 1.1);
  EXPECT_EQ(small.find_integer("injection_id"), 12345678901);
  EXPECT_EQ(small.find_string("NOTE"), std::string(100, 'n') + "'quoted'");
  EXPECT_EQ(small.find_string("src_target_snr"), "NaN");
  EXPECT_EQ(small.find_double("ABSENT"), std::nullopt);
}

TEST(FitsImage, ReadsPlanesAndCutoutsOfACube) {
  const TemporaryFolder folder;
  const ImageHdu cube = File::open(written_file(folder)).image(1);

  ASSERT_EQ(cube.planes(), planes);
  const auto plane = cube.read_plane<float>(2);
  EXPECT_EQ(plane(39, 49), pixel(2, 39, 49));
  EXPECT_TRUE(std::isnan(cube.read_plane<float>(0)(0, 0)));
  const auto cutout = cube.read_cutout<float>(1, 30, 20, 2, 3);
  EXPECT_THAT(cutout.pixels(),
              ElementsAre(pixel(1, 30, 20), pixel(1, 30, 21), pixel(1, 30, 22),
                          pixel(1, 31, 20), pixel(1, 31, 21), pixel(1, 31, 22)));
}

TEST(FitsImage, WhatIsNotThereIsBadData) {
  const TemporaryFolder folder;
  const File file = File::open(written_file(folder));
  const ImageHdu cube = file.image(1);

  EXPECT_THAT([&] { cube.read_plane<float>(3); },
              ThrowsMessage<DataError>(HasSubstr("[3, 40, 50]")));
  EXPECT_THAT([&] { cube.read_cutout<float>(0, 38, 0, 3, 3); },
              ThrowsMessage<DataError>(HasSubstr("rows 38-40")));
  EXPECT_THAT([&] { file.image(2); },
              ThrowsMessage<DataError>(HasSubstr("HDU 2: no such HDU")));
  EXPECT_THAT([&] { file.table(1); },
              ThrowsMessage<DataError>(HasSubstr("is an image, not a table")));
  EXPECT_THAT([&] { file.first_table("PSF_MASK"); },
              ThrowsMessage<DataError>(HasSubstr("PSF_MASK")));
}

TEST(FitsImage, TruncatedAndForeignFilesAreBadData) {
  const TemporaryFolder folder;
  const std::string whole = test_support::file_bytes(written_file(folder));
  const std::string cut = (folder / "cut.fits").string();
  const auto use = [&] { File::open(cut).image(1).read_plane<float>(planes - 1); };

  // Cuts: nothing left, in the first header, in the second, in the data, without the
  // last block.
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1000}, std::size_t{2 * 2880 + 400},
        whole.size() / 2, whole.size() - 2880}) {
    test_support::write_bytes(cut, whole.substr(0, size));
    EXPECT_THAT(use, ThrowsMessage<DataError>(HasSubstr("cut.fits"))) << size;
  }
  test_support::write_bytes(cut, std::string(5760, 'x'));
  EXPECT_THAT(use, ThrowsMessage<DataError>(HasSubstr("cut.fits")));
  EXPECT_THAT([&] { File::open((folder / "absent.fits").string()); },
              ThrowsMessage<IoError>(HasSubstr("No such file")));
}

TEST(FitsImage, CompressedFilesReadLikePlainOnesAndTruncationIsNoticed) {
  const TemporaryFolder folder;
  const std::string path = written_file(folder);
  ASSERT_EQ(std::system(("gzip -k " + path).c_str()), 0);

  const auto cube = File::open(path + ".gz").image(1);
  EXPECT_EQ(cube.read_plane<float>(1)(7, 8), pixel(1, 7, 8));

  const std::string whole = test_support::file_bytes(path + ".gz");
  const std::string cut = (folder / "cut.fits.gz").string();
  test_support::write_bytes(cut, whole.substr(0, whole.size() / 2));
  EXPECT_THAT([&] { File::open(cut).image(1).read_plane<float>(planes - 1); },
              ThrowsMessage<DataError>(HasSubstr("cut.fits.gz")));
}

TEST(FitsImage, EqualImagesGiveEqualFilesAndReplaceOldOnes) {
  const TemporaryFolder folder;
  const std::string first = test_support::file_bytes(written_file(folder));

  EXPECT_EQ(test_support::file_bytes(written_file(folder)), first);
  EXPECT_EQ(first.size() % 2880, 0U);
}

TEST(FitsImage, AFullDiskIsAnIoErrorThatSaysSo) {
  const TemporaryFolder folder;
  Writer writer;
  writer.add_image("arc", Image<float>(4, 4).view(), {});
  const test_support::FileSizeLimit limit(64);

  EXPECT_THAT([&] { writer.save((folder / "stamp.fits").string()); },
              ThrowsMessage<IoError>(
                  AllOf(HasSubstr("stamp.fits"), HasSubstr("File too large"))));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(FitsImage, ReadsRealSurveyFiles) {
  LENSMILL_NEEDS_REAL_DATA("des-hosts/r.fits");
  const auto data = [](const char* name) {
    return test_support::data_path(name).string();
  };

  const auto hosts = File::open(data("des-hosts/r.fits")).first_image();
  const auto coadd =
      File::open(data("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz"))
          .first_image();
  const auto exposure =
      File::open(data("legacysurvey-decals/c4d_141224_033245_ooi_r_a1-S10.fits"))
          .first_image();

  EXPECT_EQ(hosts.planes(), 46);
  EXPECT_EQ(hosts.read_plane<float>(45).ny(), 91);
  EXPECT_EQ(coadd.ny(), 3600);
  EXPECT_EQ(coadd.read_cutout<float>(0, 1000, 2000, 64, 32).nx(), 32);
  EXPECT_EQ(exposure.index(), 1);
  EXPECT_EQ(exposure.nx(), 200);
}

}  // namespace
}  // namespace lensmill::io::fits
