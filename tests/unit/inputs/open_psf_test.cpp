#include "pipeline/inputs/open_psf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "lib/core/errors.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfKind;
using test_support::TemporaryFolder;
using test_support::write_cube;
using test_support::write_dataset;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int count = 3;
constexpr int ny = 4;
constexpr int nx = 5;

/// Every value of every kernel its own number.
float value(int kernel, int y, int x) {
  return static_cast<float>(1 + 100 * kernel + 10 * y + x);
}

config::PsfSection section_of(const std::string& file) {
  config::PsfSection section;
  section.kind = PsfKind::pixelised;
  section.file = file;
  section.samples_per_pixel = 2;
  section.includes_pixel = true;
  return section;
}

std::string fits_cube(const TemporaryFolder& folder) {
  return write_cube((folder / "psf.fits").string(), count, ny, nx, value);
}

/// `list` [k, y, x] of the same kernels, and what tests break things with.
std::string hdf5_file(const TemporaryFolder& folder) {
  std::string path = (folder / "psf.h5").string();
  auto file = io::hdf5::File::create(path);
  const auto kernel = [](std::size_t i) {
    const auto k = static_cast<int>(i);
    return value(k / (ny * nx), k / nx % ny, k % nx);
  };
  write_dataset(file, "list", {count, ny, nx}, kernel);
  write_dataset(file, "one", {ny, nx}, kernel);
  write_dataset(file, "empty", {0, ny, nx}, kernel);
  write_dataset(file, "row", {nx}, kernel);
  write_dataset(file, "zero_sum", {2, ny, nx}, [](std::size_t i) {
    return i < ny * nx ? 1.0 : (i % 2 == 0 ? 1.0 : -1.0);
  });
  write_dataset(file, "negative", {ny, nx}, [](std::size_t) { return -1.0; });
  write_dataset(file, "bad", {count, ny, nx}, [](std::size_t i) {
    return i == 2 * ny * nx + 1 ? std::numeric_limits<float>::quiet_NaN() : 1.0F;
  });
  const std::vector<std::string> names{"a", "b"};
  file.write_strings("group/names", names);
  return path;
}

config::PsfSection dataset_of(const std::string& file, const std::string& dataset) {
  auto section = section_of(file);
  section.dataset = dataset;
  return section;
}

template <class Kind>
void expect_refused(const config::PsfSection& section,
                    const testing::Matcher<std::string>& message) {
  EXPECT_THAT([&] { open_psf(section, "r"); }, ThrowsMessage<Kind>(message));
}

void expect_list(const stages::PsfInput& input) {
  ASSERT_EQ(input.kernels.size(), std::size_t{count});
  for (int k = 0; k < count; ++k) {
    const auto& kernel = input.kernels[static_cast<std::size_t>(k)];
    EXPECT_EQ(kernel.samples_per_pixel, 2);
    EXPECT_TRUE(kernel.includes_pixel);
    ASSERT_EQ(kernel.values.ny(), ny);
    ASSERT_EQ(kernel.values.nx(), nx);
    EXPECT_EQ(kernel.values(2, 3), double{value(k, 2, 3)});
  }
}

TEST(OpenPsf, KernelsComeFromAFitsCube) {
  const TemporaryFolder folder;

  const auto input = open_psf(section_of(fits_cube(folder)), "r");

  expect_list(input);
  EXPECT_THAT(input.kernels[1].name, HasSubstr("psf.fits, HDU 0 [1]"));
  EXPECT_FALSE(input.psfex.has_value());
}

TEST(OpenPsf, OfSeveralImagesOneIsNamed) {
  const TemporaryFolder folder;
  const std::string path = (folder / "psf.fits").string();
  io::fits::Writer writer;
  Image<float> image(3, 3, 1.0F);
  writer.add_image("first", image, {});
  image.assign(5, 5, 1.0F);
  writer.add_image("second", image, {});
  writer.save(path);
  auto section = section_of(path);

  expect_refused<ConfigError>(
      section, AllOf(HasSubstr("psf.r.hdu: required, since"),
                     HasSubstr("HDU 0 EXTNAME first; HDU 1 EXTNAME second")));
  section.hdu = 0;
  EXPECT_EQ(open_psf(section, "r").kernels.at(0).values.ny(), 3);
  section.hdu = 1;
  EXPECT_EQ(open_psf(section, "r").kernels.at(0).values.ny(), 5);
  EXPECT_THAT(open_psf(section, "r").kernels.at(0).name,
              testing::EndsWith("psf.fits, HDU 1"));
  section.hdu = 2;
  expect_refused<DataError>(section, HasSubstr("psf.fits, HDU 2: no such HDU"));
}

/// A file as the Legacy Surveys' coadd-psf gives it: an image per band, BAND in each.
std::string one_image_per_band(const TemporaryFolder& folder) {
  std::string path = (folder / "coadd-psf.fits").string();
  io::fits::Writer writer;
  for (const auto& [band, size] : {std::pair{"g", 3}, {"r", 5}, {"z", 7}}) {
    const Image<float> image(size, size, 1.0F);
    const std::vector<io::fits::Card> cards{
        {.keyword = "BAND", .value = std::string(band), .comment = ""}};
    writer.add_image("", image, cards);
  }
  writer.save(path);
  return path;
}

TEST(OpenPsf, TheImageOfTheBandIsFoundByItsHeader) {
  const TemporaryFolder folder;
  auto section = section_of(one_image_per_band(folder));

  EXPECT_EQ(open_psf(section, "g").kernels.at(0).values.ny(), 3);
  EXPECT_EQ(open_psf(section, "r").kernels.at(0).values.ny(), 5);
  EXPECT_EQ(open_psf(section, "z").kernels.at(0).values.ny(), 7);
  EXPECT_THAT([&] { open_psf(section, "i"); },
              ThrowsMessage<ConfigError>(
                  AllOf(HasSubstr("psf.i.hdu: required"), HasSubstr("none of them"),
                        HasSubstr("HDU 0 BAND g; HDU 1 BAND r; HDU 2 BAND z"))));
  section.file_band = "z";
  EXPECT_EQ(open_psf(section, "i").kernels.at(0).values.ny(), 7);
}

TEST(OpenPsf, AnotherBandThanTheHeadersIsRefused) {
  const TemporaryFolder folder;
  auto section = section_of(one_image_per_band(folder));
  section.hdu = 0;

  expect_refused<ConfigError>(
      section, AllOf(HasSubstr("psf.r.file: "), HasSubstr("HDU 0 states BAND = 'g'"),
                     HasSubstr("`file_band: g`")));
  section.file_band = "g";
  EXPECT_EQ(open_psf(section, "r").kernels.at(0).values.ny(), 3);
}

TEST(OpenPsf, APlaneIsTakenOfACube) {
  const TemporaryFolder folder;
  auto section = section_of(fits_cube(folder));
  section.plane = 2;

  const auto input = open_psf(section, "r");

  ASSERT_EQ(input.kernels.size(), 1U);
  EXPECT_EQ(input.kernels[0].values(1, 1), double{value(2, 1, 1)});
  EXPECT_THAT(input.kernels[0].name, testing::EndsWith("psf.fits, HDU 0 [2]"));
  section.plane = 3;
  expect_refused<ConfigError>(
      section, AllOf(HasSubstr("psf.r.plane: "), HasSubstr("contains 3 planes")));
  auto hdf5 = dataset_of(hdf5_file(folder), "list");
  hdf5.plane = 1;
  EXPECT_EQ(open_psf(hdf5, "r").kernels.at(0).values(1, 1), double{value(1, 1, 1)});
}

TEST(OpenPsf, OneCubeOfAsManyPlanesAsBandsIsNotAListForEachBand) {
  const TemporaryFolder folder;
  config::RunConfig config;
  config.bands = {"g", "r", "z"};
  config.psf.assign(3, section_of(fits_cube(folder)));
  const auto opened = [&] {
    PerBand<stages::PsfInput> psf;
    for (std::size_t b = 0; b < 3; ++b)
      psf[b] = open_psf(config.psf[b], config.bands[b]);
    return psf;
  };

  EXPECT_THAT([&] { refuse_bands_as_kernels(config, opened()); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("psf.g.plane, psf.r.plane"),
                                               HasSubstr("`plane: 0` for g"),
                                               HasSubstr("`plane: all`"))));
  for (auto& section : config.psf) section.plane_all_stated = true;
  EXPECT_NO_THROW(refuse_bands_as_kernels(config, opened()));
  for (int b = 0; b < 3; ++b) {
    config.psf[static_cast<std::size_t>(b)].plane_all_stated = false;
    config.psf[static_cast<std::size_t>(b)].plane = b;
  }
  EXPECT_NO_THROW(refuse_bands_as_kernels(config, opened()));
}

TEST(OpenPsf, KernelsComeFromAnHdf5Dataset) {
  const TemporaryFolder folder;
  const std::string path = hdf5_file(folder);

  const auto list = open_psf(dataset_of(path, "list"), "r");
  const auto one = open_psf(dataset_of(path, "/one"), "r");

  expect_list(list);
  EXPECT_EQ(list.kernels[2].name, path + ": /list [2]");
  ASSERT_EQ(one.kernels.size(), 1U);
  EXPECT_EQ(one.kernels[0].values(3, 4), double{value(0, 3, 4)});
  EXPECT_EQ(one.kernels[0].name, path + ": /one");
}

TEST(OpenPsf, UnusableKernelsAreNamed) {
  const TemporaryFolder folder;
  const std::string path = hdf5_file(folder);

  expect_refused<DataError>(
      dataset_of(path, "bad"),
      AllOf(HasSubstr(path + ": /bad [2]"), HasSubstr("1 of its 20 values are not")));
  expect_refused<DataError>(
      dataset_of(path, "zero_sum"),
      AllOf(HasSubstr("/zero_sum [1]"), HasSubstr("its sum is zero")));
  expect_refused<DataError>(
      dataset_of(path, "negative"),
      AllOf(HasSubstr("/negative"), HasSubstr("its sum is negative (-20)")));
  expect_refused<DataError>(dataset_of(path, "empty"),
                            HasSubstr("/empty: contains no kernels (shape [0, 4, 5])"));
  expect_refused<DataError>(dataset_of(path, "row"),
                            AllOf(HasSubstr("/row: has shape [5]"),
                                  HasSubstr("[y, x] or a list of kernels [k, y, x]")));
  expect_refused<DataError>(dataset_of(path, "absent"),
                            HasSubstr("/absent: no such dataset"));
  expect_refused<DataError>(dataset_of(path, "group"),
                            HasSubstr("/group: no such dataset"));
  expect_refused<DataError>(dataset_of(path, "group/names"), HasSubstr("/group/names"));
}

TEST(OpenPsf, DatasetAndHduGoWithTheirFormats) {
  const TemporaryFolder folder;
  auto hdf5 = section_of(hdf5_file(folder));
  const auto fits = dataset_of(fits_cube(folder), "list");

  expect_refused<ConfigError>(
      hdf5, AllOf(HasSubstr("psf.r.dataset: required"),
                  HasSubstr("bad, empty, group, list, negative, one")));
  hdf5.hdu = 1;
  expect_refused<ConfigError>(hdf5, HasSubstr("psf.r.hdu:"));
  expect_refused<ConfigError>(
      fits, AllOf(HasSubstr("psf.r.dataset:"), HasSubstr("name its image by `hdu`")));
}

TEST(OpenPsf, WhatDoesNotFitIntoMemoryIsRefusedBeforeItIsRead) {
  const TemporaryFolder folder;
  const std::string path = (folder / "psf.h5").string();
  {
    auto file = io::hdf5::File::create(path);
    // 128 MiB of doubles more than 1 GiB, and 1 GiB; neither is on the disk.
    file.create_dataset("large", ElementType::float32, {9, 4096, 4096});
  }
  const double before = test_support::peak_memory_mib();

  expect_refused<DataError>(
      dataset_of(path, "large"),
      AllOf(HasSubstr("/large: 9 kernels of 4096 x 4096 take 1.1 GiB of memory on "
                      "every rank, more than 1 GiB"),
            HasSubstr("cut the kernels down")));
  EXPECT_LT(test_support::peak_memory_mib() - before, 64.0);
}

TEST(OpenPsf, FilesOfOtherKindsAndDamagedOnesAreNamed) {
  const TemporaryFolder folder;
  const std::string text = (folder / "psf.txt").string();
  test_support::write_bytes(text, "1 2 3\n");
  const std::string fits = fits_cube(folder);
  std::filesystem::resize_file(fits, 2880 + 10);
  const std::string hdf5 = hdf5_file(folder);
  std::filesystem::resize_file(hdf5, 2000);

  expect_refused<DataError>(section_of(text),
                            HasSubstr("psf.txt: is neither FITS nor HDF5"));
  expect_refused<DataError>(section_of(fits),
                            AllOf(HasSubstr("psf.fits"), HasSubstr("truncated")));
  expect_refused<DataError>(
      dataset_of(hdf5, "one"),
      AllOf(HasSubstr("psf.h5"), HasSubstr("not a complete HDF5 file")));
  expect_refused<IoError>(section_of((folder / "absent.fits").string()),
                          AllOf(HasSubstr("absent.fits"), HasSubstr("No such file")));
}

TEST(OpenPsf, AnalyticKindsReadNothing) {
  config::PsfSection section;
  section.kind = PsfKind::moffat;

  const auto input = open_psf(section, "r");

  EXPECT_TRUE(input.kernels.empty());
  EXPECT_FALSE(input.psfex.has_value());
}

TEST(OpenPsf, PsfexModelsAreChecked) {
  const TemporaryFolder folder;
  auto section = section_of(fits_cube(folder));
  section.kind = PsfKind::psfex;

  expect_refused<DataError>(section,
                            AllOf(HasSubstr("psf.fits"), HasSubstr("PSF_MASK")));

  constexpr auto real = "legacysurvey-decals/decam-00390498-S10-psfex.fits";
  LENSMILL_NEEDS_DATA(real);
  section.file = test_support::data_path(real);
  const auto input = open_psf(section, "r");
  ASSERT_TRUE(input.psfex.has_value());
  EXPECT_TRUE(input.kernels.empty());
  EXPECT_EQ(input.psfex->basis.at(0).ny(), 63);
  EXPECT_EQ(input.psfex->polynomial_degree, 2);
  EXPECT_THAT(input.psfex->name, HasSubstr("decam-00390498-S10-psfex.fits"));

  // A scale of 0 cannot be divided by.
  auto bytes = test_support::file_bytes(section.file);
  const auto card = bytes.find("POLSCAL1");
  ASSERT_NE(card, std::string::npos);
  bytes.replace(card + 10, 20, "                 0.0");
  section.file = (folder / "broken-psfex.fits").string();
  test_support::write_bytes(section.file, bytes);
  expect_refused<DataError>(section,
                            AllOf(HasSubstr("broken-psfex.fits"),
                                  HasSubstr("POLSCAL must be a number other")));
}

}  // namespace
}  // namespace lensmill::pipeline
