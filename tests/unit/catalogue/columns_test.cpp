#include "lib/catalogue/columns.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

TEST(CatalogueColumns, RowsSurviveTheRoundTrip) {
  const InjectionSampler sampler(seed_config());
  const CatalogueColumns columns(seed_needs());
  auto table = columns.make_table(10);

  for (int id = 0; id < 10; ++id) {
    columns.write(sampler.sample(id + 70), static_cast<std::size_t>(id), table);
  }

  for (int id = 0; id < 10; ++id) {
    auto again = columns.make_table(1);
    const auto row = columns.read(table, static_cast<std::size_t>(id));
    EXPECT_EQ(row.injection_id, id + 70);
    columns.write(row, 0, again);
    auto direct = columns.make_table(1);
    columns.write(sampler.sample(id + 70), 0, direct);
    for (std::size_t c = 0; c < direct.size(); ++c) {
      EXPECT_TRUE(std::equal(again[c].bytes().begin(), again[c].bytes().end(),
                             direct[c].bytes().begin()))
          << direct[c].info().name;
    }
  }
}

TEST(CatalogueColumns, AreNamedUniquelyAndDescribed) {
  auto needs = seed_needs();
  const CatalogueColumns columns(needs);
  std::set<std::string> names;

  for (const auto& info : columns.infos()) {
    names.insert(info.name);
    EXPECT_FALSE(info.description.empty()) << info.name;
  }

  EXPECT_EQ(names.size(), columns.infos().size());
  for (const char* name :
       {"injection_id", "theta_e_arcsec", "src_flux_nmgy_z", "host_flux_nmgy_g",
        "psf_fwhm_pix_r", "psf_moffat_beta", "sky_sigma_nmgy_g", "split"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
  for (const char* name : {"psf_fwhm_pix_z", "host_index", "src_target_snr"}) {
    EXPECT_EQ(names.count(name), 0u) << name;
  }
}

TEST(CatalogueColumns, ReadReportsAMissingColumn) {
  const CatalogueColumns columns(seed_needs());
  auto table = columns.make_table(1);
  table.erase(table.begin() + 2);

  EXPECT_THROW(columns.read(table, 0), DataError);
}

TEST(Quantities, EveryNameIsFoundAgain) {
  for (const auto& quantity : all_quantities()) {
    std::string name(quantity.name);
    if (quantity.suffix != Suffix::none) name += "_g";
    if (quantity.suffix == Suffix::band_pair) name += "_r";
    const auto found = find_quantity(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->quantity, &quantity) << name;
  }
  EXPECT_FALSE(find_quantity("src_colour_g_g"));
  EXPECT_FALSE(find_quantity("src_flux_nmgy"));
  EXPECT_FALSE(find_quantity("src_flux_nmgy_"));
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
