// A row's bytes depend on the configuration, the seed and its id alone: not on the
// order of rows, nor on what a stamp's buffers held before.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/columns.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill {
namespace {

using test_support::ChainRunner;
using test_support::shipped_config;
using Bytes = std::vector<std::byte>;

/// All that is written of one row: every product in every band, and its columns of
/// /catalogue and /measurements.
Bytes bytes_of(const ChainRunner& runner, const stages::Stamp& stamp) {
  Bytes bytes;
  const auto append = [&](std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  const auto& chain = runner.chain();
  for (int band = 0; band < chain.config().band_count(); ++band) {
    for (const auto& product : chain.config().output.products) {
      append(std::as_bytes(chain.product(stamp, product, band).pixels()));
    }
  }
  Table measurements = chain.schema().make_table(1);
  chain.schema().write_row(measurements, 0, stamp.measurement);
  for (const auto& column : measurements) append(column.bytes());
  Table catalogue = catalogue::make_table(chain.catalogue_columns(), 1);
  catalogue::write_row(stamp.injection, chain.config().bands, 0, catalogue);
  for (const auto& column : catalogue) append(column.bytes());
  return bytes;
}

testing::AssertionResult same_bytes(const Bytes& a, const Bytes& b) {
  if (a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0) {
    return testing::AssertionSuccess();
  }
  std::size_t at = 0;
  while (at < std::min(a.size(), b.size()) && a[at] == b[at]) ++at;
  return testing::AssertionFailure()
         << "bytes differ from " << at << " of " << a.size() << " on";
}

constexpr const char* all_products =
    "output.products=[positive, negative, arc, arc_intrinsic, counter_image, host, "
    "variance]";

/// Rows of a run in order, in reverse with a stamp that has made others, and alone.
void expect_same_bytes(const config::RunConfig& config) {
  constexpr std::int64_t rows = 24;
  const ChainRunner runner(config);
  ASSERT_GE(runner.count(), 2 * rows);
  std::map<std::int64_t, Bytes> expected;
  auto stamp = runner.make_stamp();
  for (std::int64_t row = 0; row < rows; ++row) {
    runner.apply(row, stamp);
    ASSERT_FALSE(is_failure(stamp.status)) << row;
    expected[row] = bytes_of(runner, stamp);
  }
  ASSERT_FALSE(same_bytes(expected[0], expected[1]));

  auto used = runner.make_stamp();
  for (std::int64_t row = 2 * rows; row-- > rows;) runner.apply(row, used);
  for (std::int64_t row = rows; row-- > 0;) {
    runner.apply(row, used);
    EXPECT_TRUE(same_bytes(bytes_of(runner, used), expected[row])) << row;
  }

  const ChainRunner other(config);  // plans and tables made anew
  for (const std::int64_t row : {17, 0, 23, 8}) {
    auto fresh = other.make_stamp();
    other.apply(row, fresh);
    EXPECT_TRUE(same_bytes(bytes_of(other, fresh), expected[row])) << row;
  }
}

TEST(ChainDeterminism, OfTheSeedsRowsWithHostNoiseAndAPsfPerRowAndBand) {
  expect_same_bytes(
      shipped_config("seed_gen5.yaml", {"catalogue.sampled.count=48", all_products}));
}

TEST(ChainDeterminism, OfLensesOffTheCentreSeenThroughACircle) {
  expect_same_bytes(shipped_config(
      "seed_gen5.yaml",
      {"catalogue.sampled.count=48", all_products, "measure.aperture_mask=circle",
       "priors.lens_x_arcsec={uniform: [-2.0, 2.0]}",
       "priors.lens_gamma={uniform: [1.5, 2.5]}", "render.margin_pix=4"}));
}

TEST(ChainDeterminism, OfRowsWithDifferentMargins) {
  for (const std::string mask : {"circle", "pixel_overlap"}) {
    expect_same_bytes(shipped_config(
        "seed_gen5.yaml",
        {"catalogue.sampled.count=48", all_products, "measure.aperture_mask=" + mask,
         "priors.theta_e_arcsec={choice: [1.0, 4.0, 8.0]}",
         "priors.src_reff_arcsec={uniform: [0.2, 0.6]}"}));
  }
}

TEST(ChainDeterminism, OfOnePsfForAllRowsAndUnlensedRowsAmongThem) {
  expect_same_bytes(shipped_config(
      "seed_gen5.yaml",
      {"catalogue.sampled.count=48", all_products,
       "priors.theta_e_arcsec={choice: [0.0, 0.7, 1.5]}",
       "priors.src_offset={disc: {radius_arcsec: 0.5}}",
       "psf={g: {kind: gaussian, fwhm_pix: 5.0}, r: {kind: gaussian, fwhm_pix: 4.0}, "
       "z: {kind: moffat, fwhm_pix: 3.8, beta: 3.0}}"}));
}

}  // namespace
}  // namespace lensmill
