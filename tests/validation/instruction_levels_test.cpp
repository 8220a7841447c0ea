// Which instruction levels give the same bits: each vectorised kernel alone, and rows
// through the whole chain. On the CPU at hand, so scalar libm and FFTW are the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/core/instruction_level.hpp"
#include "lib/core/random_stream.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/light/sersic.hpp"
#include "lib/psf/radial_profiles.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

namespace lensmill {
namespace {

using enum InstructionLevel;
using testing::IsEmpty;
using testing::IsSupersetOf;
using Bytes = std::vector<std::byte>;
/// Results by what made them.
using Results = std::map<std::string, Bytes>;

template <class Values>
void append(Bytes& bytes, const Values& values) {
  const auto more = std::as_bytes(std::span(values));
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// An odd number, so that every kernel ends in a partly filled vector.
constexpr std::size_t points = 20003;

/// Points on an irrational grid over +-4 arcsec.
std::array<std::vector<double>, 2> positions() {
  std::array<std::vector<double>, 2> xy;
  for (std::size_t i = 0; i < points; ++i) {
    const auto k = static_cast<double>(i);
    xy[0].push_back(8.0 * (std::fmod(k * 0.6180339887, 1.0) - 0.5));
    xy[1].push_back(8.0 * (std::fmod(k * 0.7548776662, 1.0) - 0.5));
  }
  return xy;
}

Results kernel_results() {
  Results out;
  const auto [x, y] = positions();
  for (const double gamma : {1.4, 1.8, 2.0, 2.4}) {
    const lens::LensModel lens({.theta_e_arcsec = 1.3,
                                .q = 0.6,
                                .phi_rad = 0.4,
                                .gamma = gamma,
                                .shear_g1 = 0.03,
                                .shear_g2 = -0.02});
    std::array<std::vector<double>, 4> rays;
    for (auto& values : rays) values.resize(points);
    lens.ray_shoot({x, y, rays[0], rays[1], rays[2], rays[3]});
    for (const auto& values : rays) append(out["lens rays"], values);
  }
  std::vector<double> brightness(points);
  for (const double n : {0.5, 1.0, 2.3, 4.0, 8.0}) {
    light::Sersic({.reff_arcsec = 0.3, .sersic_n = n, .q = 0.6, .phi_rad = 1.0})
        .evaluate(x, y, brightness);
    append(out["Sersic"], brightness);
  }
  const psf::QuadraticForm form{.xx = 0.7, .xy = 0.1, .yy = 0.9};
  psf::gaussian_profile(form, 0.1, x, y, brightness);
  append(out["Gaussian PSF"], brightness);
  for (const double beta : {2.5, 4.765, 9.5}) {
    psf::moffat_profile(form, 0.1, beta, x, y, brightness);
    append(out["Moffat PSF"], brightness);
  }
  RandomStream stream(20260206, 5, StreamTag::sky_noise);
  std::vector<float> normals(points);
  stream.fill_normal(normals);
  append(out["normals"], normals);
  // Means from 1e-3 to 1e5, both sides of the expansion's 30.
  std::vector<double> means, counts(points);
  for (const double position : x) means.push_back(std::pow(10.0, 1.0 + position));
  stream.fill_poisson(means, counts);
  append(out["Poisson counts"], counts);
  return out;
}

Results kernel_results_at(InstructionLevel level) {
  limit_level(level);
  Results out = kernel_results();
  limit_level(x86_64_v4);
  return out;
}

/// Rows of a run with every stage, general slopes and indices, as files would hold
/// them.
Results chain_results_at(InstructionLevel level) {
  constexpr int rows = 20;
  const std::vector<std::string> overrides{"priors.lens_gamma={uniform: [1.6, 2.4]}",
                                           "priors.src_sersic_n={uniform: [0.5, 4.0]}"};
  const auto config = config::read_run_config(
      test_support::source_folder() / "configs" / "quickstart.yaml", overrides);
  stages::Inputs inputs;
  inputs.rows = std::make_shared<const catalogue::SampledRows>(rows);
  limit_level(level);
  const auto setup =
      stages::make_setup(config, std::make_shared<const stages::Inputs>(inputs));
  const auto& chain = *setup.chain;
  auto stamp = chain.make_stamp();
  Table measurements = chain.schema().make_table(rows);
  Table truth = catalogue::make_table(chain.catalogue_columns(), rows);
  Results out;
  for (std::size_t row = 0; row < rows; ++row) {
    chain.apply(static_cast<std::int64_t>(row), {}, stamp);
    chain.schema().write_row(measurements, row, stamp.measurement);
    catalogue::write_row(stamp.injection, config.bands, row, truth);
    for (const char* product : {"positive", "negative", "arc"}) {
      for (int band = 0; band < static_cast<int>(config.bands.size()); ++band) {
        append(out[product], chain.product(stamp, product, band).pixels());
      }
    }
  }
  limit_level(x86_64_v4);
  for (const auto& column : measurements) append(out["measurements"], column.bytes());
  for (const auto& column : truth) append(out["catalogue"], column.bytes());
  return out;
}

std::vector<std::string> names_that_differ(const Results& a, const Results& b) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : a) {
    if (b.at(name) != bytes) names.push_back(name);
  }
  return names;
}

TEST(InstructionLevels, KernelsGiveTheSameBitsWithAvx2AndAvx512) {
  if (detected_level() < x86_64_v4) GTEST_SKIP() << "the CPU has no AVX-512";

  EXPECT_THAT(
      names_that_differ(kernel_results_at(x86_64_v3), kernel_results_at(x86_64_v4)),
      IsEmpty());
}

TEST(InstructionLevels, RowsGiveTheSameBitsWithAvx2AndAvx512) {
  if (detected_level() < x86_64_v4) GTEST_SKIP() << "the CPU has no AVX-512";

  EXPECT_THAT(
      names_that_differ(chain_results_at(x86_64_v3), chain_results_at(x86_64_v4)),
      IsEmpty());
}

// Why a run must agree on a level. Not everything need differ: Poisson counts and
// single-precision arcs absorb most last bits.
TEST(InstructionLevels, KernelsDifferWithoutFusedMultiplyAdd) {
  if (detected_level() == baseline) GTEST_SKIP() << "the CPU has one level only";

  EXPECT_THAT(
      names_that_differ(kernel_results_at(baseline), kernel_results_at(x86_64_v3)),
      IsSupersetOf({"Gaussian PSF", "Moffat PSF", "Sersic", "lens rays", "normals"}));
}

TEST(InstructionLevels, RowsDifferWithoutFusedMultiplyAdd) {
  if (detected_level() == baseline) GTEST_SKIP() << "the CPU has one level only";

  EXPECT_THAT(
      names_that_differ(chain_results_at(baseline), chain_results_at(x86_64_v3)),
      IsSupersetOf({"measurements", "negative", "positive"}));
}

}  // namespace
}  // namespace lensmill
