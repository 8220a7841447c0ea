#include "lib/measure/measurement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace lensmill::measure {
namespace {

MeasurementSchema two_bands_three_radii() { return {{"g", "r"}, {3.0, 5.0, 7.0}, 4}; }

TEST(MeasurementSchema, EveryColumnIsNamedOnceAndDescribed) {
  const auto schema = two_bands_three_radii();

  std::set<std::string> names;
  for (const auto& info : schema.columns()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.description.empty()) << info.name;
  }

  for (const char* name : {"core_flux_fraction",
                           "core_flux_fraction_minimum_intrinsic",
                           "core_flux_fraction_saddle_psf",
                           "core_flux_fraction_maximum_intrinsic",
                           "arc_flux_nmgy",
                           "arc_snr",
                           "counter_image_snr",
                           "core_offset",
                           "annulus_offset",
                           "radial_profile",
                           "n_images",
                           "n_saddles",
                           "image_x_arcsec",
                           "image_y_arcsec",
                           "image_magnification",
                           "image_kind",
                           "counter_image_radius_pix",
                           "sis_inner_radius_pix",
                           "in_tangential_caustic",
                           "in_radial_caustic",
                           "flux_in_stamp_fraction",
                           "render_error",
                           "status"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(MeasurementSchema, RowsHoldWhatWasMeasuredAndNaNElsewhere) {
  const auto schema = two_bands_three_radii();
  Table table = schema.make_table(2);
  Measurement measurement(schema.shape());

  measurement.core_flux_fraction[measurement.at(1, 2)] = 0.25;
  measurement.status = Status::ring;
  measurement.n_images = 3;
  schema.write_row(table, 1, measurement);

  const auto* fraction = find_column(table, "core_flux_fraction");
  ASSERT_NE(fraction, nullptr);
  EXPECT_EQ(fraction->info().row_shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(fraction->row<double>(1)[5], 0.25);
  EXPECT_TRUE(std::isnan(fraction->row<double>(1)[0]));
  EXPECT_EQ(find_column(table, "status")->row<std::int32_t>(1)[0], 1);
  EXPECT_EQ(find_column(table, "n_images")->row<std::int32_t>(1)[0], 3);
  EXPECT_EQ(find_column(table, "rendered")->row<std::uint8_t>(1)[0], 1);
  EXPECT_EQ(find_column(table, "rendered")->row<std::uint8_t>(0)[0], 0);
  EXPECT_TRUE(std::isnan(find_column(table, "image_x_arcsec")->row<double>(1)[4]));
}

TEST(MeasurementSchema, SnrsWithTheCovarianceAreThereWhereMeasured) {
  const MeasurementSchema white({"g"}, {3.0, 5.0}, 4);
  const MeasurementSchema correlated({"g"}, {3.0, 5.0}, 4, Masks::no, true);

  ASSERT_EQ(correlated.columns().size(), white.columns().size() + 3);
  Table table = correlated.make_table(1);
  Measurement measurement(correlated.shape());
  measurement.arc_snr_aperture_correlated[measurement.at(0, 1)] = 4.0;
  correlated.write_row(table, 0, measurement);
  EXPECT_EQ(find_column(table, "arc_snr_aperture_correlated")->row<double>(0)[1], 4.0);
  EXPECT_TRUE(std::isnan(find_column(table, "arc_snr_correlated")->row<double>(0)[0]));
  EXPECT_EQ(find_column(white.make_table(1), "arc_snr_correlated"), nullptr);
}

TEST(Measurement, ResetForgetsThePreviousInjection) {
  Measurement measurement;
  measurement.arc_snr[0] = 7.0;
  measurement.in_radial_caustic = 1;
  measurement.status = Status::no_flux;

  measurement.reset();

  EXPECT_TRUE(std::isnan(measurement.arc_snr[0]));
  EXPECT_EQ(measurement.in_radial_caustic, 0);
  EXPECT_EQ(measurement.status, Status::ok);
  EXPECT_EQ(measurement.rendered, 1);
}

}  // namespace
}  // namespace lensmill::measure
