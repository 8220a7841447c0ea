#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

InjectionSamplerConfig design_of(std::vector<std::string> factors) {
  auto config = seed_config();
  config.design = Design::sobol;
  config.saltelli_factors = std::move(factors);
  return config;
}

const std::vector<std::string> three{"lens_ellipticity", "src_offset",
                                     "psf_fwhm_arcsec_r"};

/// What the three factors decide, and two numbers that no factor does.
std::vector<double> numbers_of(const Injection& row) {
  const double theta_e = row.theta_e_arcsec;
  return {row.lens_q,
          row.src_x_arcsec / theta_e,
          row.src_y_arcsec / theta_e,
          row.psf_fwhm_pix[1],
          theta_e,
          row.host_reff_arcsec};
}

TEST(SaltelliDesign, EachMixedRowHasOneFactorOfBAndAllElseOfA) {
  const InjectionSampler sampler(design_of(three));
  const std::vector<std::vector<std::size_t>> of_factor{{0}, {1, 2}, {3}};
  const auto per_point = saltelli_rows_per_point(three.size());

  for (std::int64_t point = 0; point < 50; ++point) {
    const auto numbers = [&](std::int64_t block) {
      return numbers_of(sampler.sample(point * per_point + block));
    };
    const auto a = numbers(0), b = numbers(1);
    // Continuous ones; the grid of theta_E may repeat.
    for (const std::size_t k : {0u, 1u, 2u, 3u, 5u}) EXPECT_NE(a[k], b[k]) << point;
    for (std::size_t factor = 0; factor < three.size(); ++factor) {
      auto wanted = a;
      for (const auto k : of_factor[factor]) wanted[k] = b[k];
      const auto found = numbers(2 + static_cast<std::int64_t>(factor));
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        // x / theta_E is rounded twice.
        EXPECT_DOUBLE_EQ(found[k], wanted[k]) << point << " " << factor << " " << k;
      }
    }
  }
}

TEST(SaltelliDesign, MatrixAIsThePlainSobolDesignAndAPointHasOneSplit) {
  auto plain_config = design_of({});
  const InjectionSampler plain(plain_config);
  const InjectionSampler sampler(design_of(three));
  const auto per_point = saltelli_rows_per_point(three.size());

  for (std::int64_t point = 0; point < 50; ++point) {
    const auto a = sampler.sample(point * per_point);
    EXPECT_EQ(numbers_of(a), numbers_of(plain.sample(point)));
    for (std::int64_t block = 1; block < per_point; ++block) {
      EXPECT_EQ(sampler.sample(point * per_point + block).split, a.split);
    }
  }
}

TEST(SaltelliDesign, ColumnsOfAAndBAreNotCorrelated) {
  // Independent points would scatter by 1/12/sqrt(n) = 1.3e-3 in units of the ranges.
  constexpr double limit = 1.3e-3;
  constexpr std::int64_t points = 4096;
  const InjectionSampler sampler(design_of({"lens_ellipticity"}));
  const auto uniform = [&](std::int64_t row) {
    const double q = sampler.sample(row).lens_q;
    return ((1.0 - q) / (1.0 + q) - 0.05) / 0.45;
  };
  double sum = 0.0;
  for (std::int64_t point = 0; point < points; ++point) {
    sum += (uniform(3 * point) - 0.5) * (uniform(3 * point + 1) - 0.5);
  }

  EXPECT_LT(std::abs(sum / points), limit);
}

TEST(SaltelliDesign, RefusesFactorsThatAreNotDrawn) {
  const auto refused = [](std::vector<std::string> factors, const std::string& says) {
    EXPECT_THAT([&] { InjectionSampler{design_of(factors)}; },
                ThrowsMessage<ConfigError>(HasSubstr(says)));
  };
  refused({"lens_gamma"}, "`lens_gamma` is not drawn in this run");
  refused({"lens_q"}, "take some of: theta_e_arcsec, lens_ellipticity");
  refused({"src_offset", "src_offset"}, "`src_offset` is listed twice");
}

}  // namespace
}  // namespace lensmill::catalogue
