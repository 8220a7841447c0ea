#include "lib/analysis/summary_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "tests/unit/analysis/summary_rows.hpp"

namespace lensmill::analysis {
namespace {

using testing::HasSubstr;

// Numbers enter sums rounded to 2^-40, so a mean is off by 2^-41 = 4.5e-13 at most.
constexpr double mean_tolerance = 1.0e-12;

TEST(SummaryTables, StateDoesNotDependOnBlocksOrderOrRanks) {
  const auto rows = mixed_rows(3000);
  const auto whole = summary_of(rows);
  auto shuffled = rows;
  std::ranges::reverse(shuffled);

  SummaryTables rank_0(one_band()), rank_1(one_band());
  for (std::size_t first = 0; first < shuffled.size(); first += 300) {
    const std::vector<Row> block(
        shuffled.begin() + static_cast<std::ptrdiff_t>(first),
        shuffled.begin() + static_cast<std::ptrdiff_t>(first) + 300);
    auto& rank = first % 900 == 0 ? rank_0 : rank_1;
    add_block(rank, one_band(), catalogue_of(block), measurements_of(block));
  }
  combine(rank_0, rank_1);

  for (std::size_t part = 0; part < whole.state().size(); ++part) {
    EXPECT_TRUE(std::ranges::equal(rank_0.state()[part], whole.state()[part]));
  }
  EXPECT_EQ(rank_0.text(), whole.text());
  EXPECT_EQ(rank_0.rows(), 3000);
}

TEST(SummaryTables, StateSummedOutsideGivesTheSameText) {
  const auto rows = mixed_rows(100);
  auto a = summary_of(rows);
  const auto b = summary_of(rows);

  combine(a, b);

  auto twice = rows;
  twice.insert(twice.end(), rows.begin(), rows.end());
  EXPECT_EQ(a.text(), summary_of(twice).text());
}

TEST(SummaryTables, CoreTableIsForBandRAndTheRadiusNearestTo5Pix) {
  const std::vector<Row> rows(3);
  const SummaryConfig config{.bands = {"g", "r", "z"},
                             .aperture_radius_pix = {3.0, 4.0, 6.0}};
  SummaryTables tables(config);

  add_block(tables, config, catalogue_of(rows),
            measurements_of(rows, {.bands = 3, .radii = 3, .band = 1, .radius = 1}));

  const auto s = tables.numbers();
  EXPECT_EQ(s.core_band, "r");
  EXPECT_EQ(s.core_radius_pix, 4.0);
  EXPECT_NEAR(s.all.core.core_flux_fraction, rows[0].core(), mean_tolerance);
}

TEST(SummaryTables, CoreTableIsForTheFirstBandWhereThereIsNoR) {
  const std::vector<Row> rows(1);
  const SummaryConfig config{.bands = {"i", "z"},
                             .aperture_radius_pix = {8.0, 5.5, 2.0}};
  SummaryTables tables(config);

  add_block(tables, config, catalogue_of(rows),
            measurements_of(rows, {.bands = 2, .radii = 3, .band = 0, .radius = 1}));

  EXPECT_EQ(tables.numbers().core_band, "i");
  EXPECT_NEAR(tables.numbers().all.core.core_flux_fraction, rows[0].core(),
              mean_tolerance);
}

/// What adding these tables throws, nothing having been added.
std::string refusal(const Table& catalogue, const Table& measurements) {
  SummaryTables tables(one_band());
  try {
    add_block(tables, one_band(), catalogue, measurements);
  } catch (const DataError& error) {
    EXPECT_EQ(tables.rows(), 0);
    return error.what();
  }
  return "accepted";
}

TEST(SummaryTables, NamesEachColumnThatIsMissing) {
  const std::vector<Row> rows(2);
  const auto catalogue = catalogue_of(rows);
  const auto measurements = measurements_of(rows);

  for (std::size_t k = 0; k < catalogue.size(); ++k) {
    auto less = catalogue;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(k));
    EXPECT_EQ(refusal(less, measurements),
              "/catalogue/" + catalogue[k].info().name +
                  ": the column is missing (the run's summary reads it)");
  }
  for (std::size_t k = 0; k < measurements.size(); ++k) {
    auto less = measurements;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(k));
    EXPECT_EQ(refusal(catalogue, less),
              "/measurements/" + measurements[k].info().name +
                  ": the column is missing (the run's summary reads it)");
  }
}

TEST(SummaryTables, NamesAColumnOfAnotherTypeShapeOrLength) {
  const std::vector<Row> rows(2);
  const auto catalogue = catalogue_of(rows);
  auto another_type = measurements_of(rows);
  another_type[0] = column_of("status", ElementType::float64, 2);

  EXPECT_THAT(refusal(catalogue, another_type),
              HasSubstr("/measurements/status: must be int32, is float64"));
  EXPECT_THAT(refusal(catalogue, measurements_of(rows, {.radii = 2})),
              HasSubstr("/measurements/core_flux_fraction: must have rows of shape"));
  EXPECT_THAT(refusal(catalogue_of(std::vector<Row>(3)), measurements_of(rows)),
              HasSubstr("/catalogue/theta_e_arcsec: has 3 rows, its block 2"));
}

TEST(StampReader, RefusesAColumnOfTheAnalysisOfAnotherShapeButNeedsNone) {
  const std::vector<Row> rows(2);
  const auto catalogue = catalogue_of(rows);
  auto measurements = measurements_of(rows);
  const StampReader without(catalogue, measurements, {"r"}, 1, {.radius_pix = 5.0});
  EXPECT_TRUE(std::isnan(without.read(0).core_offset));
  EXPECT_EQ(without.read(1).theta_e_arcsec, rows[1].theta_e_arcsec);

  measurements.push_back(column_of("core_offset", ElementType::float64, 2, {1, 3}));

  EXPECT_THAT(
      refusal(catalogue, measurements),
      HasSubstr("/measurements/core_offset: must have rows of shape [1, 1], has "
                "[1, 3] (the analysis reads it)"));
}

}  // namespace
}  // namespace lensmill::analysis
