#include "lib/catalogue/columns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

/// Whether two tables hold the same bytes in the columns of the first.
void expect_equal(const Table& a, const Table& b) {
  for (const auto& column : a) {
    const auto* other = find_column(b, column.info().name);
    ASSERT_NE(other, nullptr) << column.info().name;
    EXPECT_TRUE(std::equal(column.bytes().begin(), column.bytes().end(),
                           other->bytes().begin(), other->bytes().end()))
        << column.info().name;
  }
}

TEST(CatalogueColumns, RowsSurviveTheRoundTrip) {
  const InjectionSampler sampler(seed_config());
  const auto columns = written_columns(seed_needs());
  const auto& bands = seed_needs().bands;
  constexpr std::size_t rows = 10;
  auto table = make_table(columns, rows);
  auto again = make_table(columns, rows);

  for (std::size_t row = 0; row < rows; ++row) {
    write_row(sampler.sample(static_cast<std::int64_t>(row) + 70), bands, row, table);
  }
  auto shuffled = table;
  std::reverse(shuffled.begin(), shuffled.end());
  for (std::size_t row = 0; row < rows; ++row) {
    write_row(read_row(shuffled, bands, row), bands, row, again);
  }

  expect_equal(table, again);
  const auto row = sampler.sample(73);
  EXPECT_EQ(find_column(table, "injection_id")->values<std::int64_t>()[3], 73);
  EXPECT_EQ(find_column(table, "lens_q")->values<double>()[3], row.lens_q);
  EXPECT_EQ(find_column(table, "src_flux_nmgy_z")->values<double>()[3],
            row.src_flux_nmgy[2]);
  EXPECT_EQ(find_column(table, "split")->values<std::uint8_t>()[3],
            static_cast<std::uint8_t>(row.split));
}

TEST(CatalogueColumns, AreNamedUniquelyAndDescribed) {
  std::set<std::string> names;

  const auto columns = written_columns(seed_needs());
  for (const auto& info : columns) {
    names.insert(info.name);
    EXPECT_FALSE(info.description.empty()) << info.name;
  }

  EXPECT_EQ(names.size(), columns.size());
  for (const char* name :
       {"injection_id", "theta_e_arcsec", "src_flux_nmgy_z", "host_flux_nmgy_g",
        "psf_fwhm_pix_r", "psf_moffat_beta", "sky_sigma_nmgy_g", "split"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
  for (const char* name : {"psf_fwhm_pix_z", "host_index", "src_target_snr"}) {
    EXPECT_EQ(names.count(name), 0u) << name;
  }
}

TEST(CatalogueColumns, FollowTheKindOfHost) {
  const auto names = [](HostSource host) {
    auto needs = seed_needs();
    needs.host = host;
    std::set<std::string> found;
    for (const auto& info : written_columns(needs)) {
      if (info.name.starts_with("host_")) found.insert(info.name);
    }
    return found;
  };
  using Names = std::set<std::string>;

  EXPECT_EQ(names(HostSource::none), Names{});
  EXPECT_EQ(names(HostSource::cutouts),
            (Names{"host_index", "host_rotation", "host_flip", "host_flux_nmgy_g",
                   "host_flux_nmgy_r", "host_flux_nmgy_z"}));
  EXPECT_EQ(names(HostSource::sersic),
            (Names{"host_reff_arcsec", "host_sersic_n", "host_q", "host_phi_rad",
                   "host_flux_nmgy_g", "host_flux_nmgy_r", "host_flux_nmgy_z"}));
}

TEST(CatalogueColumns, ReadKnowsWhatATableLacks) {
  auto table = make_table(written_columns(seed_needs()), 1);
  std::erase_if(table, [](const Column& c) { return c.info().name == "lens_q"; });

  EXPECT_TRUE(std::isnan(read_row(table, seed_needs().bands, 0).lens_q));
}

TEST(CatalogueColumns, ReadRefusesAnotherType) {
  ColumnInfo info;
  info.name = "lens_q";
  info.type = ElementType::float32;
  const Table table{Column(info, 1)};

  EXPECT_THROW(read_row(table, seed_needs().bands, 0), DataError);
}

TEST(Quantities, EveryNameIsFoundAgain) {
  for (const auto& quantity : all_quantities()) {
    std::string name(quantity.name);
    if (quantity.suffix == Suffix::knot) {
      name += "_15";
    } else if (quantity.suffix != Suffix::none) {
      name += "_g";
    }
    if (quantity.suffix == Suffix::band_pair) name += "_r";
    const auto found = find_quantity(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->quantity, &quantity) << name;
  }
  EXPECT_FALSE(find_quantity("src_colour_g_g"));
  EXPECT_FALSE(find_quantity("src_flux_nmgy"));
  EXPECT_FALSE(find_quantity("src_flux_nmgy_"));
  EXPECT_FALSE(find_quantity("src_knot_x_arcsec_16"));
  EXPECT_FALSE(find_quantity("src_knot_x_arcsec_01"));
}

TEST(Range, SaysWhatItContains) {
  const Range axis_ratio{0.0, 1.0, true, false};
  EXPECT_FALSE(axis_ratio.contains(0.0));
  EXPECT_TRUE(axis_ratio.contains(1.0));
  EXPECT_FALSE(axis_ratio.contains(std::nan("")));
  EXPECT_EQ(axis_ratio.text(), "in (0, 1]");
}

}  // namespace
}  // namespace lensmill::catalogue
