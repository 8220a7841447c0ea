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

template <class T>
void copy_real(FftPlans& plans, ImageView<T> to) {
  for (int y = 0; y < to.ny(); ++y) {
    const auto from = plans.field().row(y);
    const auto row = to.row(y);
    for (std::size_t x = 0; x < row.size(); ++x) row[x] = T{from[x].real()};
  }
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
  const int stride = FftPlans::row_stride(size);
  power_.assign(size, stride);
  amplitude_.assign(size, stride);
  const double normalisation = 1.0 / (static_cast<double>(size) * size);
  for (int ky = 0; ky < size; ++ky) {
    for (int kx = 0; kx < size; ++kx) {
      // The other half is the same: the eigenvalues of -k are those of k.
      const bool stored = kx <= size / 2;
      const double value =
          stored ? spectrum_(ky, kx) : spectrum_((size - ky) % size, size - kx);
      power_(ky, kx) = static_cast<float>(value * normalisation);
      amplitude_(ky, kx) = static_cast<float>(std::sqrt(value) * normalisation);
    }
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
  auto& normals = workspace.impl().reals;
  const auto size = static_cast<std::size_t>(shape_.nx);
  normals.resize(size * size);
  stream.fill_normal(normals);
  for (int y = 0; y < shape_.ny; ++y) {
    const auto from =
        std::span(normals).subspan(static_cast<std::size_t>(y) * size, size);
    std::ranges::copy(from, plans.field().row(y).begin());
  }
  plans.forward_all();
  multiply_by(amplitude_, plans.field());
  plans.backward_stamp();
  copy_real(plans, field);
}

FftPlans& CorrelatedNoise::transform(ImageView<const double> v,
                                     ConvolverWorkspace& workspace) const {
  EXPECT(v.ny() == shape_.stamp_size && v.nx() == shape_.stamp_size);
  FftPlans& plans = workspace.impl().plans_for(shape_);
  for (int y = 0; y < v.ny(); ++y) {
    const auto from = v.row(y);
    const auto to = plans.field().row(y);
    std::ranges::transform(from, to.begin(),
                           [](double value) { return static_cast<float>(value); });
    std::fill(to.begin() + v.nx(), to.end(), std::complex<float>{});
  }
  plans.forward_lattice();
  return plans;
}

void CorrelatedNoise::multiply(ImageView<const double> v, ConvolverWorkspace& workspace,
                               ImageView<double> out) const {
  FftPlans& plans = transform(v, workspace);
  multiply_by(power_, plans.field());
  plans.backward_stamp();
  copy_real(plans, out);
}

double CorrelatedNoise::variance_of_sum(ImageView<const double> weights,
                                        ConvolverWorkspace& workspace) const {
  FftPlans& plans = transform(weights, workspace);
  // The gaps between rows add zeros.
  double sum = 0.0;
  for (int ky = 0; ky < shape_.ny; ++ky) {
    const auto values = plans.field().row(ky);
    const auto power = power_.view().row(ky);
    double inner = 0.0;
    for (std::size_t kx = 0; kx < values.size(); ++kx) {
      inner += double{power[kx]} * double{std::norm(values[kx])};
    }
    sum += inner;
  }
  return sum;
}

}  // namespace lensmill::imaging
