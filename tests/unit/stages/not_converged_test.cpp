#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

#include "lib/catalogue/rows.hpp"
#include "lib/psf/oversample.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "stages/lens_stage.hpp"
#include "tests/support/config_texts.hpp"

/// \file
/// The rows whose arc or PSF misses the tolerances, and no others, are not_converged.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr double tolerance = 1.0e-3;

TEST(NotConverged, IsAnArcWhoseErrorEstimateExceedsATolerance) {
  imaging::RenderConfig tolerances;
  tolerances.pixel_tolerance = tolerance;
  tolerances.core_tolerance = 2.0 * tolerance;
  const auto keeps = [&](double pixel_error, double core_error) {
    imaging::ArcPlanes planes;
    planes.pixel_error = pixel_error;
    planes.core_error = core_error;
    return keeps_tolerances(planes, tolerances);
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  EXPECT_TRUE(keeps(0.999 * tolerance, 1.999 * tolerance));
  EXPECT_FALSE(keeps(1.001 * tolerance, 0.0));
  EXPECT_FALSE(keeps(0.0, 2.001 * tolerance));
  EXPECT_TRUE(keeps(nan, nan));  // fixed supersampling
}

constexpr int oversample = 2;

/// The width at which the PSF's error on the run's lattice is this.
double fwhm_pix_at(double error) {
  double below = 2.5, above = 3.4;
  for (int k = 0; k < 40; ++k) {
    const double middle = 0.5 * (below + above);
    (psf::lattice_error(middle) > error ? below : above) = middle;
  }
  return 0.5 * (below + above) / oversample;
}

TEST(NotConverged, IsAPsfTooSharpForTheRunsLattice) {
  // The lattice is judged by the first 1024 rows; two more follow.
  constexpr int probed = 1024;
  std::string widths;
  for (int k = 0; k < probed; ++k) widths += std::to_string(6.0 + 1.0e-3 * k) + ", ";
  widths += std::to_string(fwhm_pix_at(0.98 * tolerance)) + ", " +
            std::to_string(fwhm_pix_at(1.02 * tolerance));
  auto text = edited(test_support::small_config, "sampled: {count: 10}",
                     "grid: {psf_fwhm_pix_r: [" + widths + "]}");
  text = edited(text, "{kind: gaussian, fwhm_pix: 5.0}", "{kind: gaussian}");
  text = edited(text, "stamp_size_pix: 64", "stamp_size_pix: 24");
  text +=
      "convolve: {oversample: 2}\nrender: {pixel_tolerance: 1.0e-3}\n"
      "measure: {aperture_radius_pix: [3.0], annulus_pix: [6.0, 10.0]}\n";
  const auto config = config::read_run_config_text(text, "run.yaml", {}, ".");
  auto inputs = std::make_shared<Inputs>();
  const auto rows = std::make_shared<const catalogue::GridRows>(config.catalogue.grid);
  inputs->rows = rows;
  const auto setup = make_setup(config, inputs);
  auto stamp = setup.chain->make_stamp();
  const auto status_of = [&](int row) {
    const auto block = rows->read(row, 1);
    setup.chain->apply(block.injection_id[0], block.row(0), stamp);
    return stamp.status;
  };

  EXPECT_EQ(status_of(0), Status::ok);
  EXPECT_EQ(status_of(probed), Status::ok);
  EXPECT_EQ(status_of(probed + 1), Status::not_converged);
}

}  // namespace
}  // namespace lensmill::stages
