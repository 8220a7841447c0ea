#include "lib/canvas/kernel_columns.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <numbers>
#include <stdexcept>

#include "lib/core/contracts.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::canvas {
namespace {

double inverse_response(int frequency, int n, DepositedBy deposit) {
  return deposit == DepositedBy::splines
             ? 1.0 / imaging::spline_response(static_cast<double>(frequency) / n)
             : 1.0;
}

/// Written out: the operator looks for infinities, which takes as long as a transform.
std::complex<float> product(std::complex<float> a, std::complex<float> b) {
  return {a.real() * b.real() - a.imag() * b.imag(),
          a.real() * b.imag() + a.imag() * b.real()};
}

/// Calls use(column of the spectrum, column of the kernel's) for this rank's columns.
template <class Use>
void for_each_column(const psf::LatticeKernel& kernel, SlabTransform& field, Use use) {
  if (field.columns().count() == 0) return;
  KernelColumns columns(kernel, field.ny(), field.nx(), DepositedBy::splines);
  for (int u = field.columns().begin; u < field.columns().end; ++u) {
    use(u, field.column(u), columns.column(u));
  }
}

}  // namespace

KernelColumns::KernelColumns(const psf::LatticeKernel& kernel, int ny, int nx,
                             DepositedBy deposit)
    : kernel_(kernel),
      ny_(ny),
      nx_(nx),
      deposit_(deposit),
      line_(fftwf_alloc_complex(static_cast<std::size_t>(ny))) {
  EXPECT(kernel.samples.ny() <= ny && kernel.samples.nx() <= nx);
  if (!line_) throw std::bad_alloc();
  plan_.reset(
      fftwf_plan_dft_1d(ny, line_.get(), line_.get(), FFTW_FORWARD, FFTW_ESTIMATE));
  if (!plan_) throw std::runtime_error("FFTW could not make a plan");
  for (int v = 0; v < ny; ++v) factor_y_.push_back(inverse_response(v, ny, deposit));
}

std::span<const std::complex<float>> KernelColumns::column(int u) {
  auto* line = reinterpret_cast<std::complex<float>*>(line_.get());
  const std::span values(line, static_cast<std::size_t>(ny_));
  std::ranges::fill(values, std::complex<float>{});
  const auto& samples = kernel_.samples;
  std::vector<std::complex<double>> turn;
  for (int i = 0; i < samples.nx(); ++i) {
    // The product is reduced first: whole turns would cost digits.
    const auto turns =
        static_cast<std::int64_t>(u) * (i - kernel_.origin_x) % std::int64_t{nx_};
    const double angle =
        -2.0 * std::numbers::pi * static_cast<double>(turns) / static_cast<double>(nx_);
    turn.emplace_back(std::cos(angle), std::sin(angle));
  }
  for (int j = 0; j < samples.ny(); ++j) {
    const auto row = samples.view().row(j);
    std::complex<double> sum;
    for (std::size_t i = 0; i < row.size(); ++i) sum += row[i] * turn[i];
    const int at = ((j - kernel_.origin_y) % ny_ + ny_) % ny_;
    values[static_cast<std::size_t>(at)] = std::complex<float>(sum);
  }
  fftwf_execute(plan_.get());
  const double factor = inverse_response(u, nx_, deposit_) /
                        (static_cast<double>(ny_) * static_cast<double>(nx_));
  for (std::size_t v = 0; v < values.size(); ++v) {
    values[v] *= static_cast<float>(factor * factor_y_[v]);
  }
  return values;
}

void multiply_by_kernel(const psf::LatticeKernel& kernel, SlabTransform& field) {
  for_each_column(kernel, field, [](int, auto spectrum, auto factors) {
    for (std::size_t v = 0; v < spectrum.size(); ++v) {
      spectrum[v] = product(spectrum[v], factors[v]);
    }
  });
}

void SpectrumSum::add(const psf::LatticeKernel& kernel, SlabTransform& field) {
  const auto length = static_cast<std::size_t>(field.ny());
  const auto size = static_cast<std::size_t>(field.columns().count()) * length;
  if (sum_.size() != size) sum_.assign(size, {});
  for_each_column(kernel, field, [&](int u, auto spectrum, auto factors) {
    auto* sum =
        sum_.data() + static_cast<std::size_t>(u - field.columns().begin) * length;
    for (std::size_t v = 0; v < length; ++v) {
      sum[v] += product(spectrum[v], factors[v]);
    }
  });
}

void SpectrumSum::put(SlabTransform& field) const {
  const auto length = static_cast<std::size_t>(field.ny());
  for (int u = field.columns().begin; u < field.columns().end; ++u) {
    const auto* sum =
        sum_.data() + static_cast<std::size_t>(u - field.columns().begin) * length;
    std::copy_n(sum, length, field.column(u).begin());
  }
}

}  // namespace lensmill::canvas
