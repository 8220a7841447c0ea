#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "lib/measure/aperture.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/noise_correlations.hpp"

/// \file
/// The noise that the chain makes against what was asked for and what its columns say
/// of it: 10^4 realisations of the noise on one pair of stamps, in two bands whose
/// noise differs; one band's correlations are given as lags, the other's as a power
/// spectrum.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr int side = 24;
constexpr int realisations = 10000;
constexpr std::size_t bands = 2;
constexpr int reach = 4;  // of the lags looked at: beyond those asked for
constexpr std::array<double, bands> sky_sigma{0.02, 0.03};
constexpr std::array<double, bands> gain{500.0, 300.0};
constexpr std::array<double, bands> times_invvar{0.7, 1.2};
// Hundreds of normal deviates are looked at: the worst of as many.
constexpr double most_sigmas = 4.5;

/// Leans to the other side than the first band's, and is wider.
Image<double> other_correlation() {
  return test_support::correlation_of_kernel(
      {{0.30, 0.25, 0.02}, {0.20, 0.90, 0.30}, {-0.05, 0.20, 0.35}});
}

Image<double> correlation_of(std::size_t band) {
  return band == 0 ? test_support::coadd_like_correlation() : other_correlation();
}

/// Numbers as a configuration has them.
std::string text_of(const Image<double>& table) {
  std::string text = "[";
  for (int y = 0; y < table.ny(); ++y) {
    text += y == 0 ? "[" : ", [";
    for (int x = 0; x < table.nx(); ++x) {
      text += (x == 0 ? "" : ", ") + std::to_string(table(y, x));
    }
    text += "]";
  }
  return text + "]";
}

/// sum rho cos(k . lag) at n x n frequencies.
Image<double> power_of(const Image<double>& lags, int n) {
  constexpr double turn = 6.283185307179586;
  Image<double> power(n, n);
  for (int ky = 0; ky < n; ++ky) {
    for (int kx = 0; kx < n; ++kx) {
      for (int dy = -2; dy <= 2; ++dy) {
        for (int dx = -2; dx <= 2; ++dx) {
          power(ky, kx) +=
              lags(dy + 2, dx + 2) * std::cos(turn * (ky * dy + kx * dx) / n);
        }
      }
    }
  }
  return power;
}

/// One lens in front of a galaxy, both faint and bright enough for Poisson noise to
/// matter.
std::string config_text() {
  auto text = edited(test_support::small_config, "stamp_size_pix: 64",
                     "stamp_size_pix: " + std::to_string(side));
  text = edited(text, "bands: [r]", "bands: [g, r]");
  text = edited(text, "{uniform: [0.6, 1.0]}", "0.8");
  text = edited(text, "{disc: {radius_over_theta_e: 0.8}}",
                "{radius_arcsec: 0.3, phi_deg: 20}");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_g: 0.3\n  src_flux_nmgy_r: 0.5\n"
                "  host_flux_nmgy_g: 4.0\n  host_flux_nmgy_r: 6.0");
  text = edited(text, "host: none",
                "host: {sersic: {reff_arcsec: 0.8, n: 2, q: 0.8, phi_rad: 0.3}}");
  text = edited(text, "theta_e_arcsec: 1.2", "theta_e_arcsec: 0.9");
  text = edited(text, "  r: {kind: gaussian, fwhm_pix: 5.0}",
                "  g: {kind: gaussian, fwhm_pix: 5.0}\n"
                "  r: {kind: gaussian, fwhm_pix: 4.0}");
  text = edited(text, "sky_sigma_nmgy: {r: 0.01}",
                "sky_sigma_nmgy: {g: " + std::to_string(sky_sigma[0]) +
                    ", r: " + std::to_string(sky_sigma[1]) + "}");
  text = edited(
      text, "{r: 500}",
      "{g: " + std::to_string(gain[0]) + ", r: " + std::to_string(gain[1]) + "}");
  return text + "  correlation:\n    g: {lags: " + text_of(correlation_of(0)) +
         ", variance_times_invvar: " + std::to_string(times_invvar[0]) +
         "}\n    r: {power_spectrum: " + text_of(power_of(correlation_of(1), 7)) +
         ", variance_times_invvar: " + std::to_string(times_invvar[1]) + "}\n";
}

std::string without_light(std::string text) {
  text = edited(text, "host_flux_nmgy_g: 4.0", "host_flux_nmgy_g: 0.0");
  return edited(text, "host_flux_nmgy_r: 6.0", "host_flux_nmgy_r: 0.0");
}

/// The same with the noise of `UnevenMaps` instead of the one sigma.
std::string with_maps(const std::string& text) {
  const auto from = text.find("  sky_sigma_nmgy");
  const auto to = text.find("  gain_e_per_nmgy");
  return text.substr(0, from) + "  invvar: {g: quickstart.yaml, r: quickstart.yaml}\n" +
         text.substr(to);
}

/// Inverse variances over one stamp: an edge of an exposure, and a slope.
class UnevenMaps final : public InvvarMaps {
 public:
  static double invvar(std::size_t band, int y, int x) {
    const double sigma = sky_sigma[band];
    return (x < 9 ? 1.0 : 3.0) * (1.0 + 0.05 * y) / (sigma * sigma);
  }
  int planes() const override { return 1; }
  int ny() const override { return side; }
  int nx() const override { return side; }
  void read(int band, const MapPlace&, Image<float>& values) const override {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        values(y, x) = static_cast<float>(invvar(std::size_t(band), y, x));
      }
    }
  }
};

enum class Sky { even, follows_maps };

/// The sky's variance that was asked for.
double sky_variance(Sky sky, std::size_t band, int y, int x) {
  return sky == Sky::even ? sky_sigma[band] * sky_sigma[band]
                          : times_invvar[band] / UnevenMaps::invvar(band, y, x);
}

class Experiment {
 public:
  Experiment(std::string text, Sky sky) {
    const auto inputs = std::make_shared<Inputs>();
    inputs->rows = std::make_shared<const catalogue::SampledRows>(1);
    if (sky == Sky::follows_maps) {
      text = with_maps(text);
      inputs->noise_maps = std::make_shared<const UnevenMaps>();
    }
    const auto config = config::read_run_config_text(
        text, "test.yaml", {}, test_support::source_folder() / "configs");
    setup_ = make_setup(config, inputs);
    stamp_ = setup_.chain->make_stamp();
    setup_.chain->apply(0, {}, stamp_);
    for (const auto& stage : setup_.chain->stages()) {
      if (stage->step() == stages::Step::noise) noise_ = stage.get();
    }
  }
  const Stamp& stamp() const { return stamp_; }
  /// The same light with another realisation of the noise.
  const PerBand<BandImages>& realise(int id) {
    noise_->apply(stamp_, {.seed = 99, .injection_id = id});
    return stamp_.images;
  }

 private:
  Setup setup_;
  Stamp stamp_;
  const Stage* noise_ = nullptr;
};

/// Mean and its standard error over realisations.
struct Average {
  double sum = 0.0, squares = 0.0;
  void add(double value) {
    sum += value;
    squares += value * value;
  }
  double mean() const { return sum / realisations; }
  double variance() const { return squares / realisations - mean() * mean(); }
  double error() const { return std::sqrt(variance() / realisations); }
};

/// Moments and correlations of noise in units of the sigma asked for.
struct SkyStatistics {
  Image<Average> products{reach + 1, 2 * reach + 1};
  Image<Average> pixel{side, side};
  Average skewness, kurtosis;

  void add(const Image<double>& z) {
    double cube = 0.0, fourth = 0.0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      const double value = z.pixels()[k];
      pixel.pixels()[k].add(value);
      cube += value * value * value;
      fourth += value * value * value * value;
    }
    skewness.add(cube / double(z.size()));
    kurtosis.add(fourth / double(z.size()));
    for (int dy = 0; dy <= reach; ++dy) {
      for (int dx = -reach; dx <= reach; ++dx) {
        double sum = 0.0;
        int pairs = 0;
        for (int y = 0; y + dy < side; ++y) {
          for (int x = std::max(0, -dx); x < side - std::max(0, dx); ++x) {
            sum += z(y, x) * z(y + dy, x + dx);
            ++pairs;
          }
        }
        products(dy, dx + reach).add(sum / pairs);
      }
    }
  }

  void expect_of(const Image<double>& lags, std::size_t band) const {
    // Of the numbers in the configuration's text, and single precision.
    constexpr double rounding = 4.0e-6;
    double chi2 = 0.0;
    for (int dy = 0; dy <= reach; ++dy) {
      for (int dx = -reach; dx <= reach; ++dx) {
        const auto& found = products(dy, dx + reach);
        const double expected = test_support::correlation_at(lags, dy, dx);
        EXPECT_NEAR(found.mean(), expected, most_sigmas * found.error() + rounding)
            << "lag " << dy << " " << dx;
        EXPECT_LT(found.error(), 1.5e-3);  // or the line above says little
        if (dy > 0 || dx > 0) {
          chi2 += std::pow((found.mean() - expected) / found.error(), 2);
        }
      }
    }
    // 40 lags that are not each other's mirror image; they are themselves correlated.
    constexpr double lags_compared = 40.0;
    EXPECT_LT(chi2, lags_compared + 5.0 * std::sqrt(2.0 * lags_compared));
    testing::Test::RecordProperty("chi2_of_40_lags_of_band_" + std::to_string(band),
                                  std::to_string(chi2));
    EXPECT_NEAR(skewness.mean(), 0.0, most_sigmas * skewness.error());
    // Normal deviates stop at 6.66 sigma, which takes nothing that could be seen.
    EXPECT_NEAR(kurtosis.mean(), 3.0, most_sigmas * kurtosis.error());
    for (const auto& z : pixel.pixels()) {
      EXPECT_NEAR(z.mean(), 0.0, most_sigmas * z.error());
      EXPECT_NEAR(z.variance(), 1.0, most_sigmas * std::sqrt(2.0 / realisations));
    }
  }
};

class CorrelatedSkyNoise : public testing::TestWithParam<Sky> {};

TEST_P(CorrelatedSkyNoise, HasTheCorrelationsAskedForMeanZeroAndItsVariance) {
  Experiment experiment(without_light(config_text()), GetParam());
  std::array<SkyStatistics, bands> statistics;
  Average across;
  std::array<Image<double>, bands> z{Image<double>(side, side),
                                     Image<double>(side, side)};

  for (int id = 0; id < realisations; ++id) {
    const auto& images = experiment.realise(id);
    double product = 0.0;
    for (std::size_t b = 0; b < bands; ++b) {
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          z[b](y, x) = double{images[b].negative(y, x)} /
                       std::sqrt(sky_variance(GetParam(), b, y, x));
        }
      }
      statistics[b].add(z[b]);
    }
    for (std::size_t k = 0; k < z[0].size(); ++k) {
      product += z[0].pixels()[k] * z[1].pixels()[k];
    }
    across.add(product / double(z[0].size()));
  }

  for (std::size_t b = 0; b < bands; ++b) {
    SCOPED_TRACE(b);
    statistics[b].expect_of(correlation_of(b), b);
  }
  EXPECT_NEAR(across.mean(), 0.0,
              most_sigmas * across.error());  // bands are independent
}

/// A linear filter's output for a known signal.
struct Estimator {
  std::vector<double> weights;
  double response = 0.0;
  Average amplitude;

  Estimator(std::vector<double> filter, const Image<float>& signal)
      : weights(std::move(filter)) {
    response = apply(signal);
  }
  double apply(const Image<float>& image) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      sum += weights[k] * double{image.pixels()[k]};
    }
    return sum;
  }
  double scatter() const { return std::sqrt(amplitude.variance()); }
};

std::vector<double> as_vector(const Image<float>& image) {
  return {image.pixels().begin(), image.pixels().end()};
}

class CorrelatedSnr : public testing::TestWithParam<Sky> {};

TEST_P(CorrelatedSnr, EqualsTheScatterOfTheMatchedFilter) {
  Experiment experiment(config_text(), GetParam());
  const auto m = experiment.stamp().measurement;
  const auto truth = experiment.stamp().images;
  // The filters C^-1 a by a dense solution, which knows nothing of the library's.
  std::vector<Estimator> arc, counter_image, aperture;
  for (std::size_t b = 0; b < bands; ++b) {
    Image<float> sky(side, side), poisson(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        sky(y, x) = static_cast<float>(sky_variance(GetParam(), b, y, x));
        poisson(y, x) = static_cast<float>(
            (double{truth[b].host(y, x)} + double{truth[b].arc(y, x)}) / gain[b]);
      }
    }
    const auto covariance =
        test_support::dense_covariance(correlation_of(b), sky, poisson);
    const auto filter = [&](const Image<float>& signal) {
      return Estimator(test_support::solve_dense(covariance, as_vector(signal)),
                       signal);
    };
    arc.push_back(filter(truth[b].arc));
    counter_image.push_back(filter(truth[b].counter_image));
    const auto core = measure::pixel_overlap_weights(
        side, {.x_pix = 11.5, .y_pix = 11.5, .radius_pix = 5.0});
    const auto weights = core.weight.pixels();
    aperture.emplace_back(std::vector<double>(weights.begin(), weights.end()),
                          truth[b].arc);
  }

  Image<float> found(side, side);
  for (int id = 0; id < realisations; ++id) {
    const auto& images = experiment.realise(id);
    for (std::size_t b = 0; b < bands; ++b) {
      for (std::size_t k = 0; k < found.size(); ++k) {
        found.pixels()[k] = images[b].positive.pixels()[k] - truth[b].host.pixels()[k];
      }
      for (auto* estimator : {&arc[b], &counter_image[b], &aperture[b]}) {
        estimator->amplitude.add(estimator->apply(found) / estimator->response);
      }
    }
  }

  // Required; the scatter of 10^4 numbers is known to 0.7 %.
  constexpr double required = 0.03;
  for (std::size_t b = 0; b < bands; ++b) {
    SCOPED_TRACE(b);
    const std::size_t five = m.at(b, 1);
    EXPECT_NEAR(arc[b].amplitude.mean(), 1.0, most_sigmas * arc[b].amplitude.error());
    const double arc_ratio = m.arc_snr_correlated[b] * arc[b].scatter();
    const double counter_ratio =
        m.counter_image_snr_correlated[b] * counter_image[b].scatter();
    const double aperture_ratio =
        m.arc_snr_aperture_correlated[five] * aperture[b].scatter();
    EXPECT_NEAR(arc_ratio, 1.0, required);
    EXPECT_NEAR(counter_ratio, 1.0, required);
    EXPECT_NEAR(aperture_ratio, 1.0, required);
    RecordProperty("snr_times_scatter_of_band_" + std::to_string(b),
                   std::to_string(arc_ratio) + " " + std::to_string(counter_ratio) +
                       " " + std::to_string(aperture_ratio));
    // What these columns are for: white noise promises far more.
    EXPECT_GT(m.arc_snr[b] * arc[b].scatter(), 1.2);
    EXPECT_GT(m.arc_snr_aperture[five] * aperture[b].scatter(), 1.2);
  }
}

std::string name_of(const testing::TestParamInfo<Sky>& info) {
  return info.param == Sky::even ? "EvenSky" : "FollowsInverseVariances";
}
INSTANTIATE_TEST_SUITE_P(Skies, CorrelatedSkyNoise,
                         testing::Values(Sky::even, Sky::follows_maps), name_of);
INSTANTIATE_TEST_SUITE_P(Skies, CorrelatedSnr,
                         testing::Values(Sky::even, Sky::follows_maps), name_of);

}  // namespace
}  // namespace lensmill::stages
