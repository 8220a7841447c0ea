// Core flux by image kind and by what the PSF moves, over the shipped population,
// against the published table (12,000 draws, by another code).

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "tests/support/chain_runner.hpp"
#include "tests/support/statistics.hpp"

namespace lensmill {
namespace {

using test_support::Sample;
using test_support::theta_e_bins;

/// A cell may differ by this and by standard errors of both draws: the table's are
/// 0.001 to 0.003, included in the first.
constexpr double cell_tolerance = 0.005;
constexpr double standard_errors = 3.0;

constexpr std::size_t radius_5 = 1;  // of [3, 5]

/// The columns of the table: the four on the right add up to the first.
enum Column {
  core,
  saddle_intrinsic,
  minimum_intrinsic,
  saddle_psf,
  minimum_psf,
  columns
};
constexpr std::array<const char*, columns> column_name{
    "core fraction", "counter-image before the PSF", "outer image before the PSF",
    "PSF moves, counter-image", "PSF moves, outer image"};
constexpr std::array<std::array<double, columns>, theta_e_bins> published{{
    {0.502, 0.215, 0.606, -0.071, -0.248},
    {0.382, 0.228, 0.293, -0.084, -0.055},
    {0.240, 0.218, 0.045, -0.088, 0.065},
    {0.136, 0.163, 0.001, -0.058, 0.031},
    {0.093, 0.119, 0.000, -0.036, 0.009},
}};

TEST(ParityTable, IsReproducedCellByCell) {
  const test_support::ChainRunner runner(
      test_support::shipped_config("parity_table.yaml"));
  ASSERT_EQ(runner.count(), 12000);
  std::array<std::array<Sample, columns>, theta_e_bins> table;

  runner.run([&](const stages::Stamp& stamp) {
    ASSERT_FALSE(is_failure(stamp.status)) << stamp.injection.injection_id;
    const auto& m = stamp.measurement;
    auto& row = table[test_support::theta_e_bin(stamp.injection.theta_e_arcsec)];
    row[core].add(m.core_flux_fraction[radius_5]);
    row[saddle_intrinsic].add(m.core_flux_fraction_saddle_intrinsic[radius_5]);
    row[minimum_intrinsic].add(m.core_flux_fraction_minimum_intrinsic[radius_5]);
    row[saddle_psf].add(m.core_flux_fraction_saddle_psf[radius_5]);
    row[minimum_psf].add(m.core_flux_fraction_minimum_psf[radius_5]);
    // gamma = 2: no central image.
    ASSERT_EQ(m.core_flux_fraction_maximum_intrinsic[radius_5], 0.0);
    ASSERT_EQ(m.core_flux_fraction_maximum_psf[radius_5], 0.0);
  });

  for (std::size_t bin = 0; bin < theta_e_bins; ++bin) {
    for (std::size_t column = 0; column < columns; ++column) {
      const Sample& cell = table[bin][column];
      EXPECT_NEAR(cell.mean(), published[bin][column],
                  cell_tolerance + standard_errors * cell.standard_error())
          << column_name[column] << " from theta_E "
          << test_support::theta_e_edges_arcsec[bin];
    }
  }
}

}  // namespace
}  // namespace lensmill
