#include "lib/imaging/correlated_noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/imaging/noise_spectrum.hpp"

namespace lensmill::imaging {
namespace {

FftShape torus_of(ImageView<const double> lags, int stamp_size) {
  const int reach = std::max(lags.ny(), lags.nx()) / 2;
  // Room for the lags' sides too, where they are larger than the stamp.
  const int size = good_fft_size(std::max(stamp_size + reach, 2 * reach + 1));
  return {.ny = size,
          .nx = size,
          .lattice_size = stamp_size,
          .stamp_size = stamp_size,
          .first_pixel = 0,
          .oversample = 1};
}

void multiply_by(const Image<float>& factor, ImageView<std::complex<float>> spectrum) {
  const auto factors = factor.pixels();
  const auto values = spectrum.pixels();
  for (std::size_t k = 0; k < values.size(); ++k) values[k] *= factors[k];
}

}  // namespace

CorrelatedNoise::CorrelatedNoise(ImageView<const double> lags, int stamp_size_pix) {
  const auto problem = correlation_problem(lags);
  if (!problem.empty()) throw DataError("correlation of the noise: " + problem);
  shape_ = torus_of(lags, stamp_size_pix);
  const int size = shape_.ny;
  spectrum_ = torus_spectrum(lags, size);
  const double least_given = std::ranges::min(spectrum_.pixels());
  clipped_share_ = raise_to_floor(spectrum_, size);
  if (clipped_share_ > most_clipped_share) {
    throw DataError(fmt::format(
        "correlation of the noise: not positive definite (no noise has these "
        "correlations: its spectrum falls to {:.3g} of white noise's, and making it "
        "positive would add {:.1f} % to the variance; at most {:.0f} % is allowed); "
        "`lensmill noise-model` writes correlations that are",
        least_given, 100.0 * clipped_share_, 100.0 * most_clipped_share));
  }
  const double scale = 1.0 / (1.0 + clipped_share_);
  for (double& value : spectrum_.pixels()) value *= scale;
  least_ = std::ranges::min(spectrum_.pixels());
  greatest_ = std::ranges::max(spectrum_.pixels());
  power_.assign(size, size / 2 + 1);
  amplitude_.assign(size, size / 2 + 1);
  const double normalisation = 1.0 / (static_cast<double>(size) * size);
  for (std::size_t k = 0; k < spectrum_.size(); ++k) {
    const double value = spectrum_.pixels()[k];
    power_.pixels()[k] = static_cast<float>(value * normalisation);
    amplitude_.pixels()[k] = static_cast<float>(std::sqrt(value) * normalisation);
  }
}

Image<double> CorrelatedNoise::correlation(int reach_pix) const {
  EXPECT(reach_pix < shape_.stamp_size);
  return torus_correlation(spectrum_, shape_.ny, reach_pix, reach_pix);
}

void CorrelatedNoise::draw(RandomStream stream, ConvolverWorkspace& workspace,
                           ImageView<float> field) const {
  EXPECT(field.ny() == shape_.stamp_size && field.nx() == shape_.stamp_size);
  FftPlans& plans = workspace.impl().plans_for(shape_);
  stream.fill_normal(plans.real().pixels());
  plans.forward_all();
  multiply_by(amplitude_, plans.spectrum());
  plans.backward_stamp();
  for (int y = 0; y < field.ny(); ++y) {
    std::copy_n(plans.real().row(y).begin(), field.nx(), field.row(y).begin());
  }
}

FftPlans& CorrelatedNoise::transform(ImageView<const double> v,
                                     ConvolverWorkspace& workspace) const {
  EXPECT(v.ny() == shape_.stamp_size && v.nx() == shape_.stamp_size);
  FftPlans& plans = workspace.impl().plans_for(shape_);
  for (int y = 0; y < v.ny(); ++y) {
    const auto from = v.row(y);
    const auto to = plans.real().row(y);
    std::ranges::transform(from, to.begin(),
                           [](double value) { return static_cast<float>(value); });
    std::fill(to.begin() + v.nx(), to.end(), 0.0F);
  }
  plans.forward_lattice();
  return plans;
}

void CorrelatedNoise::multiply(ImageView<const double> v, ConvolverWorkspace& workspace,
                               ImageView<double> out) const {
  FftPlans& plans = transform(v, workspace);
  multiply_by(power_, plans.spectrum());
  plans.backward_stamp();
  for (int y = 0; y < out.ny(); ++y) {
    const auto from = plans.real().row(y);
    std::copy_n(from.begin(), out.nx(), out.row(y).begin());
  }
}

double CorrelatedNoise::variance_of_sum(ImageView<const double> weights,
                                        ConvolverWorkspace& workspace) const {
  FftPlans& plans = transform(weights, workspace);
  const auto spectrum = plans.spectrum();
  double sum = 0.0;
  for (int ky = 0; ky < spectrum.ny(); ++ky) {
    const auto values = spectrum.row(ky);
    const auto power = power_.view().row(ky);
    double inner = 0.0;
    for (std::size_t kx = 0; kx < values.size(); ++kx) {
      const double term = double{power[kx]} * double{std::norm(values[kx])};
      inner += kx == 0 || kx + 1 == values.size() ? 0.5 * term : term;
    }
    sum += 2.0 * inner;
  }
  return sum;
}

}  // namespace lensmill::imaging
