#include "lib/imaging/fft_plans.hpp"

#include <fftw3.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lensmill::imaging {
namespace {

/// Frees an FFTW plan.
struct DestroyPlan {
  void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, DestroyPlan>;

Plan checked(fftwf_plan plan) {
  if (plan == nullptr) throw std::runtime_error("FFTW could not make a plan");
  return Plan(plan);
}

}  // namespace

struct FftPlans::Plans {
  Plan rows_all, rows_lattice, columns_forward, columns_backward, rows_stamp,
      rows_lattice_back;
};

int good_fft_size(int n) {
  // Measured with Debian 12's FFTW (SSE2 + AVX), single precision, the row and column
  // passes below: microseconds for forward + inverse. Lengths left out (90, 96, 112,
  // 120, 125 ...) are slower than the next one here.
  //  64 15 | 72 19 | 80 18 | 84 26 | 100 32 | 108 43 | 128 44 | 144 48 | 160 58 | 192
  //  88
  // 240 140 | 256 163 | 320 230 | 400 355
  static constexpr std::array<int, 14> measured{64,  72,  80,  84,  100, 108, 128,
                                                144, 160, 192, 240, 256, 320, 400};
  if (n > 48 && n <= measured.back()) {
    return *std::ranges::find_if(measured, [n](int size) { return size >= n; });
  }
  for (int size = std::max(4, (n + 3) / 4 * 4);; size += 4) {
    int rest = size;
    while (rest % 2 == 0) rest /= 2;
    if (rest == 1 || rest == 3 || rest == 5 || rest == 25) return size;
  }
}

FftPlans::FftPlans(const FftShape& shape)
    : shape_(shape),
      real_(std::size_t(shape.ny) * std::size_t(shape.nx)),
      spectrum_(std::size_t(shape.ny) * std::size_t(half_nx())),
      plans_(std::make_unique<Plans>()) {
  const int nx = shape_.nx;
  const int ny = shape_.ny;
  const int half = half_nx();
  float* real = real_.data();
  auto* spectrum = reinterpret_cast<fftwf_complex*>(spectrum_.data());
  const auto forward_rows = [&](int rows) {
    return checked(fftwf_plan_many_dft_r2c(1, &nx, rows, real, nullptr, 1, nx, spectrum,
                                           nullptr, 1, half, FFTW_ESTIMATE));
  };
  const auto columns = [&](int sign) {
    return checked(fftwf_plan_many_dft(1, &ny, half, spectrum, nullptr, half, 1,
                                       spectrum, nullptr, half, 1, sign,
                                       FFTW_ESTIMATE));
  };
  const auto backward_rows = [&](int first, int step, int rows) {
    return checked(fftwf_plan_many_dft_c2r(
        1, &nx, rows, spectrum + std::ptrdiff_t(first) * half, nullptr, 1, step * half,
        real, nullptr, 1, nx, FFTW_ESTIMATE));
  };
  plans_->rows_all = forward_rows(ny);
  plans_->rows_lattice = forward_rows(std::min(ny, shape_.lattice_size));
  plans_->columns_forward = columns(FFTW_FORWARD);
  plans_->columns_backward = columns(FFTW_BACKWARD);
  plans_->rows_stamp =
      backward_rows(shape_.first_pixel, shape_.oversample, shape_.stamp_size);
  plans_->rows_lattice_back = backward_rows(0, 1, std::min(ny, shape_.lattice_size));
  std::ranges::fill(real_, 0.0f);
}

FftPlans::~FftPlans() = default;

void FftPlans::forward_all() {
  fftwf_execute(plans_->rows_all.get());
  fftwf_execute(plans_->columns_forward.get());
}

void FftPlans::forward_lattice() {
  fftwf_execute(plans_->rows_lattice.get());
  std::fill(spectrum_.begin() + std::ptrdiff_t(shape_.lattice_size) * half_nx(),
            spectrum_.end(), std::complex<float>{});
  fftwf_execute(plans_->columns_forward.get());
}

void FftPlans::backward_stamp() {
  fftwf_execute(plans_->columns_backward.get());
  fftwf_execute(plans_->rows_stamp.get());
}

void FftPlans::backward_lattice() {
  fftwf_execute(plans_->columns_backward.get());
  fftwf_execute(plans_->rows_lattice_back.get());
}

FftPlans& ConvolverWorkspace::Impl::plans_for(const FftShape& shape) {
  for (auto& entry : plans) {
    if (entry->shape() == shape) return *entry;
  }
  plans.push_back(std::make_unique<FftPlans>(shape));
  return *plans.back();
}

ConvolverWorkspace::ConvolverWorkspace() : impl_(std::make_unique<Impl>()) {}
ConvolverWorkspace::~ConvolverWorkspace() = default;
ConvolverWorkspace::ConvolverWorkspace(ConvolverWorkspace&&) noexcept = default;
ConvolverWorkspace& ConvolverWorkspace::operator=(ConvolverWorkspace&&) noexcept =
    default;

}  // namespace lensmill::imaging
