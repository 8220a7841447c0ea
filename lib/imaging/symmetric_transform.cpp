#include "lib/imaging/symmetric_transform.hpp"

#include <algorithm>

#include "lib/core/contracts.hpp"
#include "lib/imaging/fftw_plan.hpp"
#include "lib/imaging/spectrum_loops.hpp"

namespace lensmill::imaging {
namespace {

float* parts(std::complex<float>* values) { return reinterpret_cast<float*>(values); }

/// Complex numbers from one row of the column pairs to the next.
int stride_of(int pairs) {
  constexpr int aligned = 8;
  return (pairs + aligned - 1) / aligned * aligned + aligned;
}

}  // namespace

float* SymmetricTransform::line(AlignedVector<std::complex<float>>& buffer,
                                int j) const {
  return parts(buffer.data() + std::ptrdiff_t(j) * stride_);
}

bool is_mirror_symmetric(const psf::LatticeKernel& kernel) {
  const auto& samples = kernel.samples;
  if (samples.ny() != 2 * kernel.origin_y + 1) return false;
  if (samples.nx() != 2 * kernel.origin_x + 1) return false;
  for (int j = 0; j <= kernel.origin_y; ++j) {
    const auto row = samples.view().row(j);
    const auto mirrored = samples.view().row(samples.ny() - 1 - j);
    if (!std::equal(row.begin(), row.end(), mirrored.begin())) return false;
    for (std::size_t low = 0, high = row.size() - 1; low < high; ++low, --high) {
      if (row[low] != row[high]) return false;
    }
  }
  return true;
}

struct SymmetricTransform::Plans {
  FftwPlan row, columns;
};

SymmetricTransform::SymmetricTransform(int ny, int nx)
    : ny_(ny),
      nx_(nx),
      pairs_(nx / 4 + 1),
      stride_(stride_of(pairs_)),
      row_(static_cast<std::size_t>(nx)),
      row_spectrum_(static_cast<std::size_t>(nx)),
      unused_(static_cast<std::size_t>(nx)),
      columns_(static_cast<std::size_t>(ny) * static_cast<std::size_t>(stride_)),
      column_spectra_(columns_.size()),
      plans_(std::make_unique<Plans>()) {
  EXPECT(ny % 4 == 0 && nx % 4 == 0);
  plans_->row = checked_plan(fftwf_plan_dft_1d(nx, fftw_pointer(row_.data()),
                                               fftw_pointer(row_spectrum_.data()),
                                               FFTW_FORWARD, FFTW_ESTIMATE));
  plans_->columns = checked_plan(
      fftwf_plan_many_dft(1, &ny, pairs_, fftw_pointer(columns_.data()), nullptr,
                          stride_, 1, fftw_pointer(column_spectra_.data()), nullptr,
                          stride_, 1, FFTW_FORWARD, FFTW_ESTIMATE));
}

SymmetricTransform::~SymmetricTransform() = default;

void SymmetricTransform::transform(const psf::LatticeKernel& kernel, int reach_y,
                                   int reach_x, std::span<const float> factor_y,
                                   std::span<const float> factor_x,
                                   ImageView<std::complex<float>> spectrum) {
  EXPECT(reach_y >= 0 && 2 * reach_y < ny_ && reach_x >= 0 && 2 * reach_x < nx_);
  EXPECT(spectrum.ny() == ny_ && spectrum.nx() >= nx_);
  const auto kept = static_cast<std::size_t>(nx_) / 2 + 1;
  std::ranges::fill(columns_, std::complex<float>{});
  std::ranges::fill(row_, std::complex<float>{});
  for (int j = 0; j <= reach_y; j += 2) {
    const bool two = j < reach_y;
    const double* one = &kernel.samples(kernel.origin_y + j, kernel.origin_x);
    const double* other =
        &kernel.samples(kernel.origin_y + (two ? j + 1 : j), kernel.origin_x);
    const auto value = [&](int i) {
      return std::complex<float>(static_cast<float>(one[i]),
                                 static_cast<float>(other[i]));
    };
    row_[0] = value(0);
    for (int i = 1; i <= reach_x; ++i) {
      row_[static_cast<std::size_t>(i)] = value(i);
      row_[static_cast<std::size_t>(nx_ - i)] = value(i);
    }
    fftwf_execute(plans_->row.get());
    separate(parts(row_spectrum_.data()), 1, kept, 1.0f, 1.0f, line(columns_, j),
             two ? line(columns_, j + 1) : unused_.data());
  }
  for (int j = 1; j <= reach_y; ++j) {
    std::copy_n(line(columns_, j), kept, line(columns_, ny_ - j));
  }
  fftwf_execute(plans_->columns.get());
  for (int ky = 0; ky < ny_; ++ky) {
    spread_symmetric(line(column_spectra_, ky), factor_x.data(),
                     factor_y[static_cast<std::size_t>(ky)],
                     static_cast<std::size_t>(nx_), parts(spectrum.row(ky).data()));
  }
}

}  // namespace lensmill::imaging
