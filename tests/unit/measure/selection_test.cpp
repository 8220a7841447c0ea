#include "lib/measure/selection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/measure/snr.hpp"

namespace lensmill::measure {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const BandNames bands{"g", "r"};

MeasurementSchema schema() { return {bands, {3.0, 5.0, 7.0}, 4}; }

Measurement measured(double snr_r, int images) {
  Measurement measurement(schema().shape());
  measurement.arc_snr = {1.0, snr_r};
  measurement.n_images = images;
  return measurement;
}

Selection quads_of_snr_5() {
  return {schema(),
          bands,
          {{.column = "arc_snr", .band = "r", .interval = {5.0, infinity}},
           {.column = "n_images", .interval = {4.0, 5.0}}}};
}

TEST(Selection, KeepsWhatMeetsEveryCriterionAndCountsEachByItself) {
  const auto selection = quads_of_snr_5();
  auto counts = selection.no_counts();

  EXPECT_TRUE(selection.keeps(measured(6.0, 4), counts));
  EXPECT_FALSE(selection.keeps(measured(4.9, 4), counts));
  EXPECT_FALSE(selection.keeps(measured(6.0, 2), counts));
  EXPECT_FALSE(selection.keeps(measured(4.0, 2), counts));

  EXPECT_EQ(counts, (SelectionCounts{
                        .candidates = 4, .failed = 0, .kept = 1, .outside = {2, 2}}));
}

TEST(Selection, TheIntervalsEndsBelongToIt) {
  const auto selection = quads_of_snr_5();
  auto counts = selection.no_counts();

  EXPECT_TRUE(selection.keeps(measured(5.0, 5), counts));
  EXPECT_TRUE(selection.keeps(measured(infinity, 4), counts));
  EXPECT_FALSE(selection.keeps(measured(5.0, 6), counts));
}

TEST(Selection, NaNLiesInNoInterval) {
  const Selection selection(
      schema(), bands,
      {{.column = "magnification", .interval = {-infinity, infinity}}});
  auto counts = selection.no_counts();
  auto measurement = measured(6.0, 4);

  EXPECT_FALSE(selection.keeps(measurement, counts));
  measurement.magnification = 3.0;
  EXPECT_TRUE(selection.keeps(measurement, counts));
  EXPECT_EQ(counts.outside[0], 1);
}

TEST(Selection, RowsThatFailedAreNeverKeptAndCountedApart) {
  const auto selection = quads_of_snr_5();
  auto counts = selection.no_counts();
  auto measurement = measured(6.0, 4);

  measurement.status = Status::not_converged;
  EXPECT_FALSE(selection.keeps(measurement, counts));
  measurement.status = Status::ring;  // no failure
  EXPECT_TRUE(selection.keeps(measurement, counts));

  EXPECT_EQ(counts, (SelectionCounts{
                        .candidates = 2, .failed = 1, .kept = 1, .outside = {0, 0}}));
}

TEST(Selection, CountsOfPartsAddUp) {
  const SelectionCounts a{.candidates = 10, .failed = 1, .kept = 4, .outside = {5, 2}};
  const SelectionCounts b{.candidates = 20, .failed = 0, .kept = 6, .outside = {9, 8}};
  SelectionCounts sum;
  sum += a;
  sum += b;

  EXPECT_EQ(sum, (SelectionCounts{
                     .candidates = 30, .failed = 1, .kept = 10, .outside = {14, 10}}));
}

TEST(TotalSnr, IsTheRootOfTheSquaresOfTheBandsThatHaveOne) {
  const double none = not_a_number;

  EXPECT_EQ(total_snr(std::vector{3.0, 4.0}), 5.0);
  EXPECT_EQ(total_snr(std::vector{3.0, none, 4.0}), 5.0);
  EXPECT_TRUE(std::isnan(total_snr(std::vector{none, none})));
}

TEST(MeasurementSchema, SaysWhichColumnsHaveOneNumberARowOrABand) {
  const auto columns = schema();
  const auto axes_of = [&](const std::string& name) {
    for (std::size_t k = 0; k < columns.columns().size(); ++k) {
      if (columns.columns()[k].name == name) return columns.axes()[k];
    }
    ADD_FAILURE() << name;
    return ColumnAxes::other;
  };

  EXPECT_EQ(axes_of("arc_snr_total"), ColumnAxes::none);
  EXPECT_EQ(axes_of("arc_snr"), ColumnAxes::band);
  EXPECT_EQ(axes_of("core_flux_fraction"), ColumnAxes::other);
  EXPECT_EQ(axes_of("core_flux_fraction_without_psf"), ColumnAxes::other);
  EXPECT_EQ(axes_of("image_kind"), ColumnAxes::other);
}

}  // namespace
}  // namespace lensmill::measure
