#include "lib/imaging/fft_plans.hpp"

#include <algorithm>
#include <array>

#include "lib/imaging/fftw_plan.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
struct FftPlans::Plans {
  FftwPlan rows_all, rows_lattice, columns_forward, columns_backward, rows_stamp,
      rows_lattice_back;
};

int good_fft_size(int n) {
  // Measured with Debian 12's FFTW (SSE2 + AVX), single precision, the row and column
  // passes below: microseconds for forward + inverse. Lengths left out (84, 90, 100,
  // 108, 120 ...) are no faster than the next one here.
  //  64 11 | 80 28 | 96 40 | 128 51 | 144 111 | 160 131 | 200 230 | 256 332 | 320 625
  static constexpr std::array<int, 9> measured{64,  80,  96,  128, 144,
                                               160, 200, 256, 320};
  if (n > 48 && n <= measured.back()) {
    return *std::ranges::find_if(measured, [n](int size) { return size >= n; });
  }
  for (int size = std::max(4, (n + 3) / 4 * 4);; size += 4) {
    int rest = size;
    while (rest % 2 == 0) rest /= 2;
    if (rest == 1 || rest == 3 || rest == 5 || rest == 25) return size;
  }
}

int FftPlans::row_stride(int nx) {
  constexpr int gap = 8;
  constexpr int conflict = 64;  // complex numbers: rows half a kilobyte apart
  const int stride = nx + gap;
  return stride % conflict == 0 ? stride + gap / 2 : stride;
}

FftPlans::FftPlans(const FftShape& shape)
    : shape_(shape),
      stride_(row_stride(shape.nx)),
      field_(std::size_t(shape.ny) * std::size_t(stride_)),
      between_(std::size_t(shape.ny) * std::size_t(stride_)),
      plans_(std::make_unique<Plans>()) {
  const int nx = shape_.nx;
  const int ny = shape_.ny;
  const int stride = stride_;
  auto* field = fftw_pointer(field_.data());
  auto* between = fftw_pointer(between_.data());
  const auto forward_rows = [&](int rows) {
    return checked_plan(fftwf_plan_many_dft(1, &nx, rows, field, nullptr, 1, stride,
                                            between, nullptr, 1, stride, FFTW_FORWARD,
                                            FFTW_ESTIMATE));
  };
  const auto columns = [&](fftwf_complex* in, fftwf_complex* out, int sign) {
    return checked_plan(fftwf_plan_many_dft(1, &ny, nx, in, nullptr, stride, 1, out,
                                            nullptr, stride, 1, sign, FFTW_ESTIMATE));
  };
  const auto backward_rows = [&](int first, int step, int rows) {
    return checked_plan(fftwf_plan_many_dft(
        1, &nx, rows, between + std::ptrdiff_t(first) * stride, nullptr, 1,
        step * stride, field, nullptr, 1, stride, FFTW_BACKWARD, FFTW_ESTIMATE));
  };
  plans_->rows_all = forward_rows(ny);
  plans_->rows_lattice = forward_rows(std::min(ny, shape_.lattice_size));
  plans_->columns_forward = columns(between, field, FFTW_FORWARD);
  plans_->columns_backward = columns(field, between, FFTW_BACKWARD);
  plans_->rows_stamp =
      backward_rows(shape_.first_pixel, shape_.oversample, shape_.stamp_size);
  plans_->rows_lattice_back = backward_rows(0, 1, std::min(ny, shape_.lattice_size));
  // Planning may have written; the gaps between rows must be zero.
  std::ranges::fill(field_, std::complex<float>{});
  std::ranges::fill(between_, std::complex<float>{});
}

FftPlans::~FftPlans() = default;

void FftPlans::forward_all() {
  fftwf_execute(plans_->rows_all.get());
  fftwf_execute(plans_->columns_forward.get());
}

void FftPlans::forward_lattice() { forward_lattice(field_.data()); }

void FftPlans::forward_lattice(AlignedVector<std::complex<float>>& spectrum) {
  // The gaps between rows stay zero.
  if (spectrum.size() != field_.size()) spectrum.assign(field_.size(), {});
  forward_lattice(spectrum.data());
}

void FftPlans::forward_lattice(std::complex<float>* spectrum) {
  fftwf_execute(plans_->rows_lattice.get());
  std::fill(between_.begin() + std::ptrdiff_t(shape_.lattice_size) * stride_,
            between_.end(), std::complex<float>{});
  fftwf_execute_dft(plans_->columns_forward.get(), fftw_pointer(between_.data()),
                    fftw_pointer(spectrum));
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

SymmetricTransform& ConvolverWorkspace::Impl::symmetric_for(int ny, int nx) {
  for (auto& entry : symmetric) {
    if (entry->ny() == ny && entry->nx() == nx) return *entry;
  }
  symmetric.push_back(std::make_unique<SymmetricTransform>(ny, nx));
  return *symmetric.back();
}

std::span<const float> ConvolverWorkspace::Impl::inverse_responses(int n,
                                                                   Deposit deposit) {
  for (const auto& entry : responses_) {
    if (entry.n == n && entry.deposit == deposit) return entry.inverse;
  }
  auto& entry =
      responses_.emplace_back(Responses{.n = n, .deposit = deposit, .inverse = {}});
  for (int k = 0; k < n; ++k) {
    const double response =
        deposit == Deposit::spline ? spline_response(static_cast<double>(k) / n) : 1.0;
    entry.inverse.push_back(static_cast<float>(1.0 / (n * response)));
  }
  return entry.inverse;
}

ConvolverWorkspace::ConvolverWorkspace() : impl_(std::make_unique<Impl>()) {}
ConvolverWorkspace::~ConvolverWorkspace() = default;
ConvolverWorkspace::ConvolverWorkspace(ConvolverWorkspace&&) noexcept = default;
ConvolverWorkspace& ConvolverWorkspace::operator=(ConvolverWorkspace&&) noexcept =
    default;

}  // namespace lensmill::imaging
