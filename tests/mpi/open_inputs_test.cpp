#include "pipeline/inputs/open_inputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/mpi_world.hpp"

namespace lensmill::pipeline {
namespace {

using parallel::Communicator;
using test_support::edited;
using test_support::SharedFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int hosts = 7;
constexpr int side = 70;

/// 5000 rows (more than one block of a CSV's index), the ids from 100 on.
std::string csv_text(int first_q_per_cent) {
  std::string text = "injection_id,theta_e_arcsec,lens_q\n";
  for (int row = 0; row < 5000; ++row) {
    text += std::to_string(100 + row) + "," + std::to_string(0.001 * row) + ",0." +
            std::to_string(first_q_per_cent + row % 10) + "\n";
  }
  return text;
}

/// The same rows as csv_text(60).
void write_hdf5_rows(const std::string& path) {
  std::vector<std::int64_t> id;
  std::vector<double> theta_e, q;
  for (int row = 0; row < 5000; ++row) {
    id.push_back(100 + row);
    theta_e.push_back(0.001 * row);
    q.push_back(0.01 * (60 + row % 10));
  }
  auto file = io::hdf5::File::create(path);
  file.create_dataset("injection_id", ElementType::int64, {5000})
      .write_all<std::int64_t>(id);
  file.create_dataset("theta_e_arcsec", ElementType::float64, {5000})
      .write_all<double>(theta_e);
  file.create_dataset("lens_q", ElementType::float64, {5000}).write_all<double>(q);
}

/// Hosts, one of them with a pixel that is not finite; a catalogue; a kernel.
void write_files(const SharedFolder& folder) {
  test_support::write_bytes(folder / "rows.csv", csv_text(60));
  write_hdf5_rows((folder / "rows.h5").string());
  test_support::write_cube(
      (folder / "hosts.fits").string(), hosts, side, side, [](int n, int y, int x) {
        if (n == 4 && y == 0 && x == 0) return std::nan("");
        return std::exp(-0.02 * (std::pow(x - 34.0 - 0.2 * n, 2) +
                                 std::pow(y - 35.0 + 0.1 * n, 2))) +
               0.003 * ((5 * x + 3 * y + n) % 7);
      });
  test_support::write_cube(
      (folder / "psf.fits").string(), 2, 15, 15, [](int, int y, int x) {
        return std::exp(-0.2 * (std::pow(x - 7, 2) + std::pow(y - 7, 2)));
      });
}

config::RunConfig read(const SharedFolder& folder) {
  auto text = edited(test_support::small_config, "sampled: {count: 10}",
                     "file: {path: rows.csv}");
  text = edited(text, "  theta_e_arcsec: 1.2\n  lens_q: {uniform: [0.6, 1.0]}\n", "");
  text = edited(text, "host: none",
                "host: {cutouts: {r: hosts.fits, units: nmgy, pixel_scale_arcsec: "
                "0.262}}");
  text = edited(text, "{kind: gaussian, fwhm_pix: 5.0}",
                "{kind: pixelised, file: psf.fits, includes_pixel: true, "
                "normalisation: unit, centring: keep}");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  return config::read_run_config_text(text, "run.yaml", {}, folder / "");
}

/// The bits of doubles, so that NaN equals NaN.
std::string bits(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), 8 * values.size()};
}

/// What every rank should see, as one text.
std::string digest(const OpenedInputs& opened) {
  std::string text;
  for (const auto& file : opened.files) text += file.role + file.path + file.sha256;
  for (const auto& warning : opened.warnings) text += warning;
  const auto& inputs = *opened.inputs;
  const auto& measured = inputs.host_measurements;
  text += bits(measured.flux_nmgy) + bits(measured.background_sigma_nmgy) +
          bits(measured.centroid_x_pix) + bits(measured.centroid_y_pix);
  for (const auto& [first, count] : {std::pair{0, 3}, {4095, 2}, {4999, 1}}) {
    const auto block = inputs.rows->read(first, count);
    for (const auto id : block.injection_id) text += std::to_string(id) + " ";
    text += bits(block.values);
  }
  for (const auto& kernel : inputs.psf[0].kernels) {
    text += kernel.name;
    text.append(reinterpret_cast<const char*>(kernel.values.data()),
                8 * kernel.values.size());
  }
  return text;
}

TEST(OpenInputs, GivesEveryRankWhatOneRankAloneGets) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  if (world.is_root()) write_files(folder);
  world.barrier();
  const auto config = read(folder);

  const auto opened = open_inputs(config, world);
  const auto alone = open_inputs(config, Communicator{});

  EXPECT_EQ(digest(opened), digest(alone));
  EXPECT_EQ(opened.files.size(), 3U);
  EXPECT_EQ(opened.files.at(0).sha256.size(), 64U);
  EXPECT_EQ(opened.inputs->rows->count(), 5000);
  EXPECT_THAT(opened.warnings, ElementsAre(HasSubstr("1 (host_index 4) of 7")));
  // Not only equal: measured.
  EXPECT_NEAR(opened.inputs->host_measurements.centroid_x_pix.at(6), 35.2, 0.02);
}

TEST(OpenInputs, BinaryCataloguesAreTheSameOnEveryRankToo) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  if (world.is_root()) write_files(folder);
  world.barrier();
  auto config = read(folder);
  config.catalogue.file = (folder / "rows.h5").string();

  const auto opened = open_inputs(config, world);
  const auto alone = open_inputs(config, Communicator{});

  EXPECT_EQ(digest(opened), digest(alone));
  EXPECT_EQ(opened.inputs->rows->read(4999, 1).injection_id.at(0), 5099);
}

TEST(OpenInputs, WhatTheRootFindsInTheCatalogueReachesAllRanks) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  if (world.is_root()) {
    write_files(folder);
    test_support::write_bytes(folder / "rows.csv", csv_text(95) + "9,1,0.5,7\n");
  }
  world.barrier();
  const auto config = read(folder);

  try {
    open_inputs(config, world);
    FAIL() << "no error on rank " << world.rank();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::bad_data);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr((folder / "rows.csv").string() + ": 1 problem"),
                      HasSubstr("line 5002: has 4 cells (the header has 3)")));
  }
}

TEST(OpenInputs, WhatOneRankCannotOpenStopsAllRanks) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  if (world.is_root()) write_files(folder);
  world.barrier();
  auto config = read(folder);
  // As if the file were missing on one node.
  const bool last = world.rank() == world.size() - 1;
  for (auto* path :
       {&config.catalogue.file, &config.psf[0].file, &config.host.files.at("r")}) {
    const std::string good = *path;
    if (last) *path = (folder / "absent").string();

    try {
      open_inputs(config, world);
      FAIL() << "no error on rank " << world.rank();
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), ExitCode::io);
      EXPECT_THAT(error.what(), HasSubstr("absent: "));
    }
    *path = good;
  }
}

}  // namespace
}  // namespace lensmill::pipeline
