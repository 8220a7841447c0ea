// The summary of whole runs: tables by the priors of configs/ against the numbers that
// were computed independently before this project.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "lib/analysis/stamp_columns.hpp"
#include "lib/analysis/summary_tables.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

namespace lensmill {
namespace {

// A comparison of two independent estimates fails by chance once in 16000.
constexpr double four_sigma = 4.0;

analysis::SummaryTables summary_of(const std::string& name, std::int64_t rows) {
  const auto config =
      config::read_run_config(test_support::source_folder() / "configs" / name);
  stages::Inputs inputs;
  inputs.rows = std::make_shared<const catalogue::SampledRows>(rows);
  const auto setup =
      stages::make_setup(config, std::make_shared<const stages::Inputs>(inputs));
  const auto& chain = *setup.chain;
  auto stamp = chain.make_stamp();
  const auto count = static_cast<std::size_t>(rows);
  Table truth = catalogue::make_table(chain.catalogue_columns(), count);
  Table measurements = chain.schema().make_table(count);
  for (std::size_t row = 0; row < count; ++row) {
    chain.apply(static_cast<std::int64_t>(row), {}, stamp);
    catalogue::write_row(stamp.injection, config.bands, row, truth);
    chain.schema().write_row(measurements, row, stamp.measurement);
  }
  analysis::SummaryTables tables(
      {.pixel_scale_arcsec = config.grid.pixel_scale_arcsec,
       .bands = config.bands,
       .aperture_radius_pix = config.measure.aperture_radius_pix,
       .aperture = "pixel_overlap, about the lens"});
  const auto& radii = config.measure.aperture_radius_pix;
  const analysis::StampReader reader(truth, measurements, config.bands, radii.size(),
                                     analysis::reported_core(config.bands, radii));
  for (std::size_t row = 0; row < reader.rows(); ++row) tables.add(reader.read(row));
  return tables;
}

TEST(RunSummary, SplitsCoreFluxOfTheParityPopulation) {
  // 12000 draws at 8 x 8 supersampling: core, counter-image and outer image before the
  // PSF, what the PSF moves of each; standard errors 0.001-0.003.
  constexpr double reference[5][5] = {{0.502, 0.215, 0.606, -0.071, -0.248},
                                      {0.382, 0.228, 0.293, -0.084, -0.055},
                                      {0.240, 0.218, 0.045, -0.088, 0.065},
                                      {0.136, 0.163, 0.001, -0.058, 0.031},
                                      {0.093, 0.119, 0.000, -0.036, 0.009}};
  constexpr double reference_error = 0.003;

  const auto s = summary_of("parity_table.yaml", 4000).numbers();

  for (std::size_t bin = 0; bin < 5; ++bin) {
    SCOPED_TRACE(bin);
    const auto& core = s.bins[bin].numbers.core;
    const double tolerance =
        four_sigma * std::hypot(core.standard_error, reference_error);
    EXPECT_NEAR(core.core_flux_fraction, reference[bin][0], tolerance);
    EXPECT_NEAR(core.saddle_intrinsic, reference[bin][1], tolerance);
    EXPECT_NEAR(core.minimum_intrinsic, reference[bin][2], tolerance);
    EXPECT_NEAR(core.saddle_psf, reference[bin][3], tolerance);
    EXPECT_NEAR(core.minimum_psf, reference[bin][4], tolerance);
    EXPECT_EQ(core.maximum_intrinsic, 0.0);
    EXPECT_EQ(core.maximum_psf, 0.0);
  }
}

void expect_median(const analysis::Median& actual, double expected) {
  EXPECT_NEAR(actual.value, expected, four_sigma * actual.standard_error);
}

void expect_share(const analysis::Share& actual, double expected) {
  EXPECT_NEAR(actual.value(), expected, four_sigma * actual.standard_error());
}

TEST(RunSummary, SaysWhatFollowsFromTheSeedsPriors) {
  // "A tenth of the rows have two saddles, the brightest's median is 1.8 pix": said to
  // one and two digits.
  constexpr double two_saddles_tolerance = 0.03;
  constexpr double saddle_tolerance_pix = 0.15;

  const auto s = summary_of("seed_gen5.yaml", 1500).numbers();

  expect_median(s.offset_over_theta_e, 0.8 / std::sqrt(2.0));
  expect_median(s.all.sis_proxy.median_pix, 2.00);
  expect_share(s.all.sis_proxy.within_5_pix, 0.919);
  expect_share(s.all.sis_proxy.within_3_pix, 0.721);
  EXPECT_NEAR(s.all.saddle.median_pix.value, 1.8, saddle_tolerance_pix);
  EXPECT_NEAR(s.more_saddles.value(), 0.1, two_saddles_tolerance);
  EXPECT_EQ(s.counted, 1500);
  EXPECT_EQ(s.outside_bins, 0);
}

}  // namespace
}  // namespace lensmill
