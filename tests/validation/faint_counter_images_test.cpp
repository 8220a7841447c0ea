// Sources next to the cut, whose counter-images are faint and smaller than a cell, and
// a wide population: whole rows, pixels and core flux, before and after the PSF, keep
// the accuracy contract against ones made with a hundredth of the tolerance. More rows
// than the suite has time for: LENSMILL_VALIDATION_ROWS.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/chain_runner.hpp"
#include "tests/support/far_populations.hpp"

namespace lensmill {
namespace {

using test_support::ChainRunner;
using test_support::next_to_the_cut;
using test_support::shipped_config;
using test_support::wide;

constexpr double contract = 1.0e-3;          // of the peak pixel, of the core flux, or
constexpr double least_core_share = 1.0e-2;  // of this share of the arc's flux
constexpr int side = 64;

int rows_or(int few) {
  const char* asked = std::getenv("LENSMILL_VALIDATION_ROWS");
  return asked != nullptr ? std::stoi(asked) : few;
}

struct Worst {
  double pixel = 0.0, core = 0.0;                      ///< after the PSF
  double intrinsic_pixel = 0.0, intrinsic_core = 0.0;  ///< before it
};

double intrinsic_flux(const stages::Stamp& stamp, std::size_t pixel) {
  double flux = 0.0;
  for (const auto& plane : stamp.arc_planes.pixel.plane) flux += plane.pixels()[pixel];
  return flux;
}

Worst errors_of(const stages::Stamp& stamp, const stages::Stamp& truth) {
  Worst worst;
  double peak = 0.0, intrinsic_peak = 0.0;
  const auto arc = stamp.images[0].arc.pixels();
  const auto true_arc = truth.images[0].arc.pixels();
  for (std::size_t k = 0; k < std::size_t{side} * side; ++k) {
    const double expected = intrinsic_flux(truth, k);
    intrinsic_peak = std::max(intrinsic_peak, expected);
    worst.intrinsic_pixel =
        std::max(worst.intrinsic_pixel, std::abs(intrinsic_flux(stamp, k) - expected));
    peak = std::max(peak, double{true_arc[k]});
    worst.pixel = std::max(worst.pixel, std::abs(double{arc[k]} - double{true_arc[k]}));
  }
  worst.pixel /= peak;
  worst.intrinsic_pixel /= intrinsic_peak;
  const auto& m = stamp.measurement;
  const auto& t = truth.measurement;
  const auto core_error = [](double value, double expected) {
    return std::abs(value - expected) / std::max(expected, least_core_share);
  };
  const std::size_t radius = m.shape.radii - 1;
  worst.core = core_error(m.core_flux_fraction[m.at(0, radius)],
                          t.core_flux_fraction[t.at(0, radius)]);
  worst.intrinsic_core = core_error(m.core_flux_fraction_without_psf[radius],
                                    t.core_flux_fraction_without_psf[radius]);
  return worst;
}

void keeps_the_contract(std::vector<std::string> overrides, int rows) {
  overrides.push_back("catalogue.sampled.count=" + std::to_string(rows));
  const ChainRunner runner(shipped_config("parity_table.yaml", overrides));
  overrides.push_back("render.pixel_tolerance=1.0e-5");
  overrides.push_back("render.core_tolerance=1.0e-5");
  const ChainRunner reference(shipped_config("parity_table.yaml", overrides));
  auto stamp = runner.make_stamp();
  auto truth = reference.make_stamp();
  Worst worst;
  int outside = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    runner.apply(row, stamp);
    reference.apply(row, truth);
    const Worst one = errors_of(stamp, truth);
    EXPECT_FALSE(is_failure(stamp.status)) << "row " << row;
    const double largest =
        std::max({one.pixel, one.core, one.intrinsic_pixel, one.intrinsic_core});
    outside += largest > contract ? 1 : 0;
    EXPECT_LE(largest, contract) << "row " << row;
    worst = {.pixel = std::max(worst.pixel, one.pixel),
             .core = std::max(worst.core, one.core),
             .intrinsic_pixel = std::max(worst.intrinsic_pixel, one.intrinsic_pixel),
             .intrinsic_core = std::max(worst.intrinsic_core, one.intrinsic_core)};
  }
  std::cout << outside << " of " << rows << " rows outside; worst pixel before, after "
            << worst.intrinsic_pixel << ", " << worst.pixel << ", core "
            << worst.intrinsic_core << ", " << worst.core << "\n";
}

TEST(FaintCounterImages, RowsNextToTheCutKeepTheContract) {
  keeps_the_contract(next_to_the_cut(), rows_or(300));
}

TEST(FaintCounterImages, WideRowsKeepTheContract) {
  keeps_the_contract(wide(), rows_or(200));
}

}  // namespace
}  // namespace lensmill
