#include "pipeline/inputs/host_cutouts.hpp"

#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "lib/core/errors.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using test_support::write_cube;
using test_support::write_dataset;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int count = 3;
constexpr int ny = 9;
constexpr int nx = 10;
constexpr int stamp = 8;
const BandNames bands{"g", "r"};

/// Every pixel of every band its own number.
float pixel(int band, int plane, int y, int x) {
  return static_cast<float>(1000 * band + 100 * plane + 10 * y + x);
}

config::HostSection fits_section(const TemporaryFolder& folder) {
  config::HostSection host;
  for (int band = 0; band < 2; ++band) {
    const auto& name = bands[static_cast<std::size_t>(band)];
    host.files[name] =
        write_cube((folder / (name + ".fits")).string(), count, ny, nx,
                   [&](int n, int y, int x) { return pixel(band, n, y, x); });
  }
  return host;
}

void add_invvar(config::HostSection& host, const TemporaryFolder& folder, int width) {
  for (const auto& band : bands) {
    host.invvar_files[band] =
        write_cube((folder / (band + "-invvar.fits")).string(), count, ny, width,
                   [](int n, int, int) { return 4.0 + n; });
  }
}

/// [n, band, y, x] of the same numbers.
config::HostSection hdf5_section(const TemporaryFolder& folder) {
  config::HostSection host;
  host.hdf5_file = (folder / "hosts.h5").string();
  host.hdf5_dataset = "cutouts";
  auto file = io::hdf5::File::create(host.hdf5_file);
  write_dataset(file, "cutouts", {count, 2, ny, nx}, [](std::size_t i) {
    const auto k = static_cast<int>(i);
    return pixel(k / (ny * nx) % 2, k / (2 * ny * nx), k / nx % ny, k % nx);
  });
  write_dataset(file, "invvar", {count, 2, ny, nx}, [](std::size_t) { return 4.0; });
  return host;
}

void expect_refused(const config::HostSection& host,
                    const testing::Matcher<std::string>& message) {
  EXPECT_THAT([&] { open_host_cutouts(host, bands, stamp); },
              ThrowsMessage<DataError>(message));
}

TEST(HostCutouts, FitsCubesComePerBandInNmgy) {
  const TemporaryFolder folder;
  auto section = fits_section(folder);
  add_invvar(section, folder, nx);
  section.zero_point_mag = 25.0;  // a unit is 10^(0.4 (22.5 - 25)) = 0.1 nmgy

  const auto hosts = open_host_cutouts(section, bands, stamp);
  Image<float> nmgy, invvar;
  hosts->read(2, 1, nmgy, invvar);

  EXPECT_EQ(hosts->count(), count);
  EXPECT_EQ(hosts->ny(), ny);
  EXPECT_EQ(hosts->nx(), nx);
  ASSERT_TRUE(hosts->has_invvar());
  ASSERT_EQ(nmgy.ny(), ny);
  EXPECT_FLOAT_EQ(nmgy(7, 4), 127.4F);    // 0.1 * (1000 + 200 + 70 + 4)
  EXPECT_FLOAT_EQ(invvar(7, 4), 600.0F);  // (4 + 2) / 0.1^2
}

TEST(HostCutouts, AnImageIsOneHost) {
  const TemporaryFolder folder;
  config::HostSection section;
  for (const auto& band : bands) {
    section.files[band] = write_cube((folder / (band + ".fits")).string(), 0, ny, nx,
                                     [](int, int y, int x) { return 10 * y + x; });
  }

  const auto hosts = open_host_cutouts(section, bands, stamp);
  Image<float> nmgy, invvar;
  hosts->read(0, 0, nmgy, invvar);

  EXPECT_EQ(hosts->count(), 1);
  EXPECT_EQ(nmgy(3, 2), 32.0F);
  EXPECT_FALSE(hosts->has_invvar());
  EXPECT_EQ(invvar.size(), 0U);  // left alone
}

TEST(HostCutouts, ScaledIntegersAndUndefinedPixelsAreRead) {
  const TemporaryFolder folder;
  const std::string path = (folder / "scaled.fits").string();
  fitsfile* fits = nullptr;
  int status = 0;
  long axes[] = {nx, ny};
  double scale = 0.5;
  double zero = 10.0;
  int blank = -99;
  std::vector<short> stored(ny * nx, 6);
  stored[1] = -99;
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_img(fits, SHORT_IMG, 2, axes, &status);
  fits_update_key(fits, TDOUBLE, "BSCALE", &scale, nullptr, &status);
  fits_update_key(fits, TDOUBLE, "BZERO", &zero, nullptr, &status);
  fits_update_key(fits, TINT, "BLANK", &blank, nullptr, &status);
  fits_set_bscale(fits, 1.0, 0.0, &status);  // the numbers are the stored ones
  fits_write_img(fits, TSHORT, 1, ny * nx, stored.data(), &status);
  fits_close_file(fits, &status);
  ASSERT_EQ(status, 0);
  config::HostSection section;
  for (const auto& band : bands) section.files[band] = path;

  Image<float> nmgy, invvar;
  open_host_cutouts(section, bands, stamp)->read(0, 1, nmgy, invvar);

  EXPECT_EQ(nmgy(0, 0), 13.0F);  // 10 + 0.5 * 6
  EXPECT_TRUE(std::isnan(nmgy(0, 1)));
}

TEST(HostCutouts, Hdf5GivesTheSamePixels) {
  const TemporaryFolder folder;
  const auto fits = open_host_cutouts(fits_section(folder), bands, stamp);
  auto section = hdf5_section(folder);
  section.hdf5_invvar_dataset = "invvar";
  section.zero_point_mag = 20.0;  // a unit is 10 nmgy

  const auto hosts = open_host_cutouts(section, bands, stamp);

  EXPECT_EQ(hosts->count(), count);
  Image<float> expected, nmgy, invvar;
  for (int host = 0; host < count; ++host) {
    for (int band = 0; band < 2; ++band) {
      fits->read(host, band, expected, invvar);
      hosts->read(host, band, nmgy, invvar);
      for (int y = 0; y < ny; ++y) {
        for (int x = 0; x < nx; ++x) {
          ASSERT_FLOAT_EQ(nmgy(y, x), 10.0F * expected(y, x));
        }
      }
      EXPECT_FLOAT_EQ(invvar(0, 0), 0.04F);
    }
  }
}

/// Cutouts of 1 to 3 whose weight is a standard deviation of 0.5, but for one pixel of
/// 0, and whose mask has bit 1 set in one pixel and bit 0 in another.
void add_rms_and_mask(config::HostSection& host) {
  host.weight_kind = config::WeightKind::rms;
  host.masks_pixels = true;
  auto& mask = host.masks.emplace_back();
  mask.key = "host.cutouts.masks.cr";
  mask.bits = {"1"};
}
double rms_at(int y, int x) { return y == 2 && x == 3 ? 0.0 : 0.5; }
double bits_at(int y, int x) { return y == 4 && x == 5 ? 2.0 : y == 4 && x == 6; }

void expect_rms_and_mask(const stages::HostCutouts& hosts) {
  Image<float> nmgy, invvar, mask;
  hosts.read_with_mask(1, 1, nmgy, invvar, mask);

  ASSERT_TRUE(hosts.has_mask());
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const bool masked = (y == 2 && x == 3) || (y == 4 && x == 5);
      EXPECT_EQ(mask(y, x), masked ? 1.0F : 0.0F) << y << " " << x;
      EXPECT_EQ(invvar(y, x), masked ? 0.0F : 4.0F) << y << " " << x;
      EXPECT_EQ(nmgy(y, x), pixel(1, 1, y, x));
    }
  }
}

TEST(HostCutouts, CubesHaveWeightsOfAKindAndMasks) {
  const TemporaryFolder folder;
  auto section = fits_section(folder);
  add_rms_and_mask(section);
  for (const auto& band : bands) {
    section.invvar_files[band] =
        write_cube((folder / (band + "-rms.fits")).string(), count, ny, nx,
                   [](int, int y, int x) { return rms_at(y, x); });
    section.masks[0].files[band] =
        write_cube((folder / (band + "-bits.fits")).string(), count, ny, nx,
                   [](int, int y, int x) { return bits_at(y, x); });
  }

  expect_rms_and_mask(*open_host_cutouts(section, bands, stamp));
}

TEST(HostCutouts, Hdf5BandsAreThoseThatItNames) {
  const TemporaryFolder folder;
  const auto section = hdf5_section(folder);
  const auto name_them = [&](const std::vector<std::string>& names) {
    auto file = io::hdf5::File::open_for_update(section.hdf5_file);
    file.open_dataset("cutouts").write_attribute("bands", names);
  };
  Image<float> expected, nmgy, invvar;
  open_host_cutouts(section, bands, stamp)->read(1, 1, expected, invvar);
  name_them({bands[1], bands[0]});
  open_host_cutouts(section, bands, stamp)->read(1, 0, nmgy, invvar);
  EXPECT_TRUE(std::ranges::equal(nmgy.pixels(), expected.pixels()));
  name_them({bands[0], "other"});
  expect_refused(section, HasSubstr("has no band " + bands[1]));
  name_them({bands[0], bands[1], "other"});
  expect_refused(section, HasSubstr("has 2 bands, but its attribute `bands` names 3"));
}

TEST(HostCutouts, Hdf5HasThemToo) {
  const TemporaryFolder folder;
  auto section = hdf5_section(folder);
  add_rms_and_mask(section);
  section.hdf5_invvar_dataset = "rms";
  section.masks[0].dataset = "bits";
  const auto at = [](std::size_t i, auto value) {
    const auto k = static_cast<int>(i);
    return value(k / nx % ny, k % nx);
  };
  {
    auto file = io::hdf5::File::open_for_update(section.hdf5_file);
    write_dataset(file, "rms", {count, 2, ny, nx},
                  [&](std::size_t i) { return at(i, rms_at); });
    write_dataset(file, "bits", {count, ny, nx},  // of all bands
                  [&](std::size_t i) { return at(i, bits_at); });
  }

  expect_rms_and_mask(*open_host_cutouts(section, bands, stamp));

  section.masks[0].dataset = "none";
  expect_refused(section, HasSubstr("none"));
}

TEST(HostCutouts, FilesAreOpenedOnce) {
  const TemporaryFolder folder;
  const auto fits_files = fits_section(folder);
  const auto hdf5_file = hdf5_section(folder);
  const auto fits = open_host_cutouts(fits_files, bands, stamp);
  const auto hdf5 = open_host_cutouts(hdf5_file, bands, stamp);
  std::filesystem::remove(fits_files.files.at("r"));
  std::filesystem::remove(hdf5_file.hdf5_file);

  Image<float> a, b, invvar;
  fits->read(1, 1, a, invvar);
  hdf5->read(1, 1, b, invvar);

  EXPECT_EQ(a(2, 3), pixel(1, 1, 2, 3));
  EXPECT_EQ(b(2, 3), pixel(1, 1, 2, 3));
}

TEST(HostCutouts, AFileMuchLargerThanMemoryIsReadCutoutByCutout) {
  constexpr std::int64_t many = 400'000;  // of 91 x 91 floats: 13 GB, not on the disk
  constexpr int side = 91;
  constexpr double most_mib = 64.0;
  const TemporaryFolder folder;
  config::HostSection fits, hdf5;
  const auto path = (folder / "many.fits").string();
  auto bytes = test_support::file_bytes(
      write_cube(path, 1, side, side, [](auto...) { return 0.0F; }));
  const std::string one = "NAXIS3  =                    1";
  const auto header = bytes.find("END     ") / 2880 * 2880 + 2880;
  bytes.replace(bytes.find(one), one.size(), "NAXIS3  =               400000");
  test_support::write_bytes(path, bytes);
  const auto data = static_cast<std::uintmax_t>(many * side * side * 4);
  std::filesystem::resize_file(path, header + (data + 2879) / 2880 * 2880);
  fits.files["g"] = path;
  hdf5.hdf5_file = (folder / "many.h5").string();
  hdf5.hdf5_dataset = "cutouts";
  io::hdf5::File::create(hdf5.hdf5_file)
      .create_dataset("cutouts", ElementType::float32, {many, 1, side, side});
  const double before = test_support::peak_memory_mib();

  Image<float> nmgy, invvar;
  for (const auto& section : {fits, hdf5}) {
    const auto hosts = open_host_cutouts(section, {"g"}, 64);
    for (const std::int64_t host : {std::int64_t{0}, many / 2, many - 1}) {
      hosts->read(host, 0, nmgy, invvar);
      EXPECT_EQ(nmgy(45, 45), 0.0F);
    }
  }

  EXPECT_LT(test_support::peak_memory_mib() - before, most_mib);
}

TEST(HostCutouts, BandsAndInverseVariancesMustHaveOneShape) {
  const TemporaryFolder folder;
  auto section = fits_section(folder);
  add_invvar(section, folder, nx - 1);
  expect_refused(section,
                 AllOf(HasSubstr("g-invvar.fits, HDU 0: contains 3 cutouts of 9 x 9"),
                       HasSubstr("g.fits, HDU 0 contains 3 of 9 x 10")));

  section.invvar_files.clear();
  write_cube(section.files["r"], count + 1, ny, nx, [](auto...) { return 0.0F; });
  expect_refused(section,
                 AllOf(HasSubstr("r.fits, HDU 0: contains 4 cutouts of 9 x 10"),
                       HasSubstr("g.fits, HDU 0 contains 3 of 9 x 10")));
}

TEST(HostCutouts, Hdf5MustHaveTheRunsBands) {
  const TemporaryFolder folder;
  auto section = hdf5_section(folder);
  EXPECT_THAT(
      [&] {
        open_host_cutouts(section, {"g", "r", "z"}, stamp);
      },
      ThrowsMessage<DataError>(
          AllOf(HasSubstr("hosts.h5: /cutouts: has shape [3, 2, 9, 10]"),
                HasSubstr("[n, band, y, x] with the run's 3 bands (g, r, z)"))));

  auto file = io::hdf5::File::open_for_update(section.hdf5_file);
  write_dataset(file, "flat", {6, ny, nx}, [](auto) { return 0.0F; });
  write_dataset(file, "none", {0, 2, ny, nx}, [](auto) { return 0.0F; });
  section.hdf5_invvar_dataset = "flat";
  expect_refused(section, AllOf(HasSubstr("/flat: has shape [6, 9, 10]"),
                                HasSubstr("but /cutouts has [3, 2, 9, 10]")));
  section.hdf5_invvar_dataset.clear();
  section.hdf5_dataset = "flat";
  expect_refused(section,
                 HasSubstr("/flat: has shape [6, 9, 10], but [n, band, y, x]"));
  section.hdf5_dataset = "none";
  expect_refused(section, HasSubstr("hosts.h5: /none: contains no cutouts"));
  section.hdf5_dataset = "absent";
  expect_refused(section, AllOf(HasSubstr("/absent: no such dataset"),
                                HasSubstr("cutouts, flat, invvar, none")));
}

TEST(HostCutouts, MustNotBeSmallerThanTheStamp) {
  const TemporaryFolder folder;
  for (const auto& section : {fits_section(folder), hdf5_section(folder)}) {
    EXPECT_THAT(
        [&] { open_host_cutouts(section, bands, 10); },
        ThrowsMessage<DataError>(
            AllOf(HasSubstr("cutouts of 9 x 10 pixels are smaller than the stamp (10"),
                  HasSubstr("reduce grid.stamp_size_pix"))));
    EXPECT_NO_THROW(open_host_cutouts(section, bands, 9));
  }
}

TEST(HostCutouts, DamagedFilesAreNamed) {
  const TemporaryFolder folder;
  auto fits = fits_section(folder);
  const auto hdf5 = hdf5_section(folder);
  std::filesystem::resize_file(fits.files["r"], 2880 + 100);
  std::filesystem::resize_file(hdf5.hdf5_file, 3000);

  expect_refused(fits, AllOf(HasSubstr("r.fits"), HasSubstr("truncated")));
  expect_refused(hdf5,
                 AllOf(HasSubstr("hosts.h5"), HasSubstr("not a complete HDF5 file")));
  test_support::write_bytes(fits.files["r"], "not an image");
  expect_refused(fits,
                 AllOf(HasSubstr("r.fits"), HasSubstr("not a complete FITS file")));
  // gzip: every rank would unpack it into memory.
  test_support::write_bytes(fits.files["r"],
                            "\x1f\x8b" + std::string(17 * 1024 * 1024, 'x'));
  expect_refused(fits, AllOf(HasSubstr("r.fits: is compressed with gzip (17 MB"),
                             HasSubstr("gunzip")));
}

TEST(HostCutouts, OpensTheDesHosts) {
  LENSMILL_NEEDS_REAL_DATA("des-hosts/g.fits");
  config::HostSection section;
  for (const std::string band : {"g", "r", "z"}) {
    section.files[band] = test_support::data_path("des-hosts/" + band + ".fits");
  }
  section.zero_point_mag = 30.0;

  const auto hosts = open_host_cutouts(section, {"g", "r", "z"}, 64);
  Image<float> nmgy, invvar;
  hosts->read(45, 1, nmgy, invvar);

  EXPECT_EQ(hosts->count(), 46);
  EXPECT_EQ(hosts->ny(), 91);
  // astropy: hdul[0].data[45, 45, 45] of r.fits, times 10^(0.4 (22.5 - 30)).
  constexpr double stored = 124.74132537841797;
  EXPECT_FLOAT_EQ(nmgy(45, 45), static_cast<float>(stored * 1.0e-3));
}

}  // namespace
}  // namespace lensmill::pipeline
