#include "lib/analysis/summary_numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/unit/analysis/summary_rows.hpp"

namespace lensmill::analysis {
namespace {

// Numbers enter sums rounded to 2^-40, so a mean is off by 2^-41 = 4.5e-13 at most.
constexpr double mean_tolerance = 1.0e-12;
// A standard error is the root of a difference of means of order 1e-2 here.
constexpr double standard_error_tolerance = 1.0e-9;
// A median is found to within a histogram bin, besides the distance of the two order
// statistics that it lies between (below 0.02 pix and 0.002 in these samples).
constexpr double median_tolerance_pix = 0.005 + 0.02;
constexpr double offset_tolerance = 0.0005 + 0.002;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const auto n = values.size();
  return 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

/// The same numbers by their definitions, for rows that `wanted` picks.
struct Direct {
  std::int64_t rows = 0;
  std::vector<double> sis, saddle, core;
  std::array<double, 6> term_sum{};

  Direct(const std::vector<Row>& all, const std::function<bool(const Row&)>& wanted) {
    for (const auto& row : all) {
      if (row.status >= 10 || !wanted(row)) continue;
      ++rows;
      if (!std::isnan(row.sis_pix)) sis.push_back(row.sis_pix);
      if (!std::isnan(row.saddle_pix)) saddle.push_back(row.saddle_pix);
      core.push_back(row.core());
      for (std::size_t k = 0; k < 6; ++k) term_sum[k] += row.core_terms[k];
    }
  }
};

std::int64_t count_below(const std::vector<double>& values, double limit) {
  return std::ranges::count_if(values, [&](double v) { return v < limit; });
}

void expect_radius(const RadiusNumbers& actual, const std::vector<double>& direct) {
  const auto n = static_cast<std::int64_t>(direct.size());
  EXPECT_EQ(actual.median_pix.n, n);
  EXPECT_NEAR(actual.median_pix.value, median(direct), median_tolerance_pix);
  EXPECT_EQ(actual.within_3_pix.part, count_below(direct, 3.0));
  EXPECT_EQ(actual.within_5_pix.part, count_below(direct, 5.0));
  EXPECT_EQ(actual.within_3_pix.of, n);
  EXPECT_EQ(actual.within_5_pix.of, n);
}

void expect_group(const GroupNumbers& actual, const Direct& direct) {
  EXPECT_EQ(actual.rows, direct.rows);
  expect_radius(actual.sis_proxy, direct.sis);
  expect_radius(actual.saddle, direct.saddle);
  const auto n = static_cast<double>(direct.core.size());
  double mean = 0.0, square = 0.0;
  for (const double v : direct.core) mean += v / n;
  for (const double v : direct.core) square += (v - mean) * (v - mean);
  const auto& core = actual.core;
  EXPECT_EQ(core.n, direct.rows);
  EXPECT_NEAR(core.core_flux_fraction, mean, mean_tolerance);
  EXPECT_NEAR(core.standard_error, std::sqrt(square / (n - 1.0) / n),
              standard_error_tolerance);
  EXPECT_NEAR(core.saddle_intrinsic, direct.term_sum[0] / n, mean_tolerance);
  EXPECT_NEAR(core.minimum_intrinsic, direct.term_sum[1] / n, mean_tolerance);
  EXPECT_NEAR(core.maximum_intrinsic, direct.term_sum[2] / n, mean_tolerance);
  EXPECT_NEAR(core.saddle_psf, direct.term_sum[3] / n, mean_tolerance);
  EXPECT_NEAR(core.minimum_psf, direct.term_sum[4] / n, mean_tolerance);
  EXPECT_NEAR(core.maximum_psf, direct.term_sum[5] / n, mean_tolerance);
}

TEST(SummaryNumbers, EqualTheirDefinitionsForAllRowsAndInEveryBin) {
  const auto rows = mixed_rows(20000);

  const auto numbers = summary_of(rows).numbers();

  expect_group(numbers.all, Direct(rows, [](const Row&) { return true; }));
  ASSERT_EQ(numbers.bins.size(), 5U);
  for (const auto& bin : numbers.bins) {
    SCOPED_TRACE(bin.lower_arcsec);
    expect_group(bin.numbers, Direct(rows, [&](const Row& row) {
                   return row.theta_e_arcsec >= bin.lower_arcsec &&
                          row.theta_e_arcsec < bin.upper_arcsec;
                 }));
  }
}

TEST(SummaryNumbers, OffsetIsThatOfCountedLensedRows) {
  const auto rows = mixed_rows(20000);
  std::vector<double> relative;
  for (const auto& row : rows) {
    if (row.status < 10 && row.theta_e_arcsec > 0.0) {
      relative.push_back(row.beta_arcsec / row.theta_e_arcsec);
    }
  }

  const auto offset = summary_of(rows).numbers().offset_over_theta_e;

  EXPECT_EQ(offset.n, static_cast<std::int64_t>(relative.size()));
  EXPECT_NEAR(offset.value, median(relative), offset_tolerance);
}

TEST(SummaryNumbers, RowsAddUp) {
  const auto rows = mixed_rows(5000);
  const auto with_status = [&](int status) {
    return std::ranges::count(rows, status, &Row::status);
  };
  const auto saddles = [&](auto holds) {
    return std::ranges::count_if(
        rows, [&](const Row& row) { return row.status == 0 && holds(row.saddles); });
  };

  const auto s = summary_of(rows).numbers();

  EXPECT_EQ(s.rows, 5000);
  EXPECT_EQ(s.counted, 5000 - with_status(10) - with_status(13));
  EXPECT_EQ(s.rings, with_status(1));
  EXPECT_EQ(s.unlensed, with_status(2));
  ASSERT_EQ(s.failed.size(), 2U);
  EXPECT_EQ(s.failed[0].status, Status::not_converged);
  EXPECT_EQ(s.failed[0].rows, with_status(10));
  EXPECT_EQ(s.failed[1].status, Status::snr_unreachable);
  EXPECT_EQ(s.failed[1].rows, with_status(13));
  EXPECT_EQ(s.no_saddle.part, saddles([](int n) { return n == 0; }));
  EXPECT_EQ(s.one_saddle.part, saddles([](int n) { return n == 1; }));
  EXPECT_EQ(s.more_saddles.part, saddles([](int n) { return n >= 2; }));
  for (const auto* share : {&s.no_saddle, &s.one_saddle, &s.more_saddles}) {
    EXPECT_EQ(share->of, with_status(0));
  }
  std::int64_t in_bins = 0;
  for (const auto& bin : s.bins) in_bins += bin.numbers.rows;
  EXPECT_EQ(in_bins + s.outside_bins, s.counted);
  EXPECT_GT(s.outside_bins, 0);
}

TEST(SummaryNumbers, NotRenderedRowsAndUnknownStatusesAreNotCounted) {
  std::vector<Row> rows(4);
  rows[1].rendered = 0;
  rows[2].status = 99;
  rows[3].status = 3;  // no failure by its number, but nobody knows what it is

  const auto s = summary_of(rows).numbers();

  EXPECT_EQ(s.rows, 4);
  EXPECT_EQ(s.counted, 1);
  EXPECT_EQ(s.not_rendered, 1);
  EXPECT_EQ(s.unknown_status, 2);
  EXPECT_EQ(s.all.rows, 1);
}

TEST(SummaryNumbers, BinsAreClosedBelowAndTheLastOneAbove) {
  std::vector<Row> rows(6);
  rows[0].theta_e_arcsec = 0.5;
  rows[1].theta_e_arcsec = std::nextafter(0.5, 0.0);
  rows[2].theta_e_arcsec = 0.75;
  rows[3].theta_e_arcsec = 2.5;
  rows[4].theta_e_arcsec = std::nextafter(2.5, 3.0);
  rows[5].theta_e_arcsec = nan;

  const auto s = summary_of(rows).numbers();

  EXPECT_EQ(s.bins[0].numbers.rows, 1);
  EXPECT_EQ(s.bins[1].numbers.rows, 1);
  EXPECT_EQ(s.bins[4].numbers.rows, 1);
  EXPECT_EQ(s.outside_bins, 3);
  EXPECT_EQ(s.all.rows, 6);
}

TEST(SummaryNumbers, LimitsInPixelsAreStrict) {
  std::vector<Row> rows(4);
  rows[0].saddle_pix = 5.0;
  rows[1].saddle_pix = std::nextafter(5.0, 0.0);
  rows[2].saddle_pix = 3.0;
  rows[3].saddle_pix = 0.0;

  const auto saddle = summary_of(rows).numbers().all.saddle;

  EXPECT_EQ(saddle.within_5_pix.part, 3);
  EXPECT_EQ(saddle.within_3_pix.part, 1);
}

TEST(SummaryNumbers, OneRowGivesItsValuesAndNoStandardErrors) {
  // Many values: the rounding of their squares goes either way.
  for (int k = 1; k <= 50; ++k) {
    Row row;
    row.core_terms[0] = 0.01 * k;

    const auto s = summary_of({row}).numbers();

    EXPECT_NEAR(s.all.sis_proxy.median_pix.value, row.sis_pix, 0.005);
    EXPECT_TRUE(std::isnan(s.all.sis_proxy.median_pix.standard_error));
    EXPECT_NEAR(s.all.core.core_flux_fraction, row.core(), mean_tolerance);
    EXPECT_TRUE(std::isnan(s.all.core.standard_error)) << row.core();
  }
}

TEST(SummaryNumbers, MedianBeyondTheHistogramIsInfinite) {
  Row far;
  far.sis_pix = 128.0;
  far.beta_arcsec = 1.0e300;  // of theta_E: beyond any integer

  const auto s = summary_of({far, far, Row{}}).numbers();

  EXPECT_EQ(s.all.sis_proxy.median_pix.n, 3);
  EXPECT_TRUE(std::isinf(s.all.sis_proxy.median_pix.value));
  EXPECT_TRUE(std::isinf(s.offset_over_theta_e.value));
}

TEST(SummaryNumbers, UndefinedCoreFluxDoesNotEnterTheMean) {
  std::vector<Row> rows(4);
  rows[1].core_terms[5] = nan;
  rows[2].core_terms = {1.0e5, 0.0, 0.0, 0.0, 0.0, 0.0};
  rows[3].core_terms = {
      std::numeric_limits<double>::infinity(), 0.0, 0.0, 0.0, 0.0, 0.0};

  const auto s = summary_of(rows).numbers();

  EXPECT_EQ(s.all.rows, 4);
  EXPECT_EQ(s.all.core.n, 1);
  EXPECT_NEAR(s.all.core.core_flux_fraction, rows[0].core(), mean_tolerance);
}

TEST(SummaryNumbers, LargestCoreFluxStillEntersTheMean) {
  Row row;
  row.core_terms = {-1024.0, 0.0, 0.0, 0.0, 0.0, 0.0};

  const auto core = summary_of({row, row}).numbers().all.core;

  EXPECT_EQ(core.n, 2);
  EXPECT_EQ(core.core_flux_fraction, -1024.0);
  EXPECT_EQ(core.standard_error, 0.0);
}

TEST(SummaryNumbers, MedianIsInterpolatedInsideAHistogramBin) {
  std::vector<Row> rows(4);
  rows[0].saddle_pix = 1.0;
  for (std::size_t i = 1; i < 4; ++i) rows[i].saddle_pix = 2.001;

  const auto median_pix = summary_of(rows).numbers().all.saddle.median_pix;

  // Half of four is the first of the three in [2.000, 2.005).
  EXPECT_DOUBLE_EQ(median_pix.value, 2.0 + 0.005 / 3.0);
}

TEST(SummaryNumbers, MedianErrorIsThatOfABinomialRank) {
  // Uniform over 10 pix: the median of n has the standard deviation 10 / (2 sqrt(n)).
  constexpr int n = 40000;
  std::vector<Row> rows(n);
  for (int i = 0; i < n; ++i) {
    rows[static_cast<std::size_t>(i)].sis_pix = 10.0 * (i + 0.5) / n;
  }

  const auto median_pix = summary_of(rows).numbers().all.sis_proxy.median_pix;

  EXPECT_NEAR(median_pix.value, 5.0, 0.005);
  EXPECT_NEAR(median_pix.standard_error, 0.025, 0.0025);  // half a histogram bin
}

}  // namespace
}  // namespace lensmill::analysis
