#include "lib/imaging/fft_convolver.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/b_spline.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/lanes.hpp"
#include "lib/imaging/render_accuracy.hpp"
#include "lib/imaging/spectrum_loops.hpp"

namespace lensmill::imaging {
namespace {

/// Lattice points after which the spline coefficients past the kernel's edge are below
/// wrapped_tail: they alternate in sign, fall by 0.5638 a point, and light put on the
/// lattice by splines passes 0.05 of what alternates.
int tail_of_coefficients(const psf::LatticeKernel& kernel) {
  const auto& samples = kernel.samples;
  double edge = 0.0;
  double peak = 0.0;
  for (int j = 0; j < samples.ny(); ++j) {
    const auto row = samples.view().row(j);
    const bool edge_row = j == 0 || j == samples.ny() - 1;
    const double largest = lane_max_of_sizes(row);
    peak = std::max(peak, largest);
    if (edge_row) edge = std::max(edge, largest);
    edge = std::max({edge, std::abs(row.front()), std::abs(row.back())});
  }
  constexpr double passed = 0.0501;
  constexpr double decay = -moms_pole;
  const double start = passed * edge;
  if (start <= render_accuracy.wrapped_tail * peak) return 0;
  return static_cast<int>(std::ceil(
      std::log(render_accuracy.wrapped_tail * peak / start) / std::log(decay)));
}

/// The offsets of one axis on which the kernel acts.
struct Reach {
  int low, high;
};

Reach reach_of_axis(const Lattice& lattice, int size, int origin, int tail) {
  const int first = lattice.first_pixel();
  const int last = lattice.index_of_pixel(lattice.stamp_size_pix - 1);
  return {std::max(-origin, first - (lattice.size() - 1) - tail),
          std::min(size - 1 - origin, last + tail)};
}

/// Transform length at which what wraps around is not read.
int length_of_axis(const Lattice& lattice, const Reach& reach, int tail) {
  const int first = lattice.first_pixel();
  const int last = lattice.index_of_pixel(lattice.stamp_size_pix - 1);
  return good_fft_size(
      std::max({lattice.size(), reach.high + tail + lattice.size() - first,
                last - reach.low + tail + 1, reach.high - reach.low + 1}));
}

int wrapped(int index, int n) { return ((index % n) + n) % n; }

const float* parts_of(std::span<const std::complex<float>> values) {
  return reinterpret_cast<const float*>(values.data());
}
float* mutable_parts_of(std::span<std::complex<float>> values) {
  return reinterpret_cast<float*>(values.data());
}

/// out = spectrum factor_y factor_x, rows of `spectrum` and `out` being alike.
void multiply_by_axes(ImageView<const std::complex<float>> spectrum,
                      std::span<const float> factor_y, std::span<const float> factor_x,
                      std::span<std::complex<float>> out) {
  const auto stride = static_cast<std::size_t>(spectrum.nx());
  for (int j = 0; j < spectrum.ny(); ++j) {
    const auto row = static_cast<std::size_t>(j);
    scale_parts(parts_of(spectrum.row(j)), factor_x.data(), factor_y[row],
                factor_x.size(), mutable_parts_of(out.subspan(row * stride, stride)));
  }
}

/// Power of two that brings the largest of `values` into [1/2, 1); 1 if all are zero or
/// one is not finite (it then shows in the result).
double binary_scale(std::span<const double> values) {
  const double largest = lane_max_of_sizes(values);
  if (!(largest > 0.0) || !std::isfinite(largest)) return 1.0;
  int exponent = 0;
  std::frexp(largest, &exponent);
  return std::ldexp(1.0, std::clamp(-exponent, -1000, 1000));
}

/// One or two real images as real and imaginary part of a field.
struct ImagePair {
  ImageView<const double> re, im;
  double scale_re, scale_im;
  bool two;

  explicit ImagePair(std::span<const ImageView<const double>> images)
      : re(images[0]),
        im(images.size() > 1 ? images[1] : images[0]),
        scale_re(binary_scale(re.pixels())),
        scale_im(images.size() > 1 ? binary_scale(im.pixels()) : 0.0),
        two(images.size() > 1) {}

  /// Put them into `field` at rows and columns first + k * step; the rest of the rows
  /// [0, rows) is zero.
  void embed(int first, int step, int rows,
             ImageView<std::complex<float>> field) const {
    constexpr std::complex<float> zero;
    const auto n = static_cast<std::size_t>(re.nx());
    const bool whole_rows = first == 0 && step == 1 && re.ny() == rows;
    if (!whole_rows) {
      std::fill_n(field.data(), std::size_t(rows) * std::size_t(field.nx()), zero);
    }
    for (int j = 0; j < re.ny(); ++j) {
      const double* from_re = re.row(j).data();
      const double* from_im = im.row(j).data();
      const auto out = field.row(first + j * step).subspan(std::size_t(first));
      if (step == 1) {
        interleave(n, from_re, scale_re, from_im, scale_im,
                   reinterpret_cast<float*>(out.data()));
        if (whole_rows) std::ranges::fill(out.subspan(n), zero);
        continue;
      }
      for (std::size_t i = 0; i < n; ++i) {
        out[i * static_cast<std::size_t>(step)] = {
            static_cast<float>(from_re[i] * scale_re),
            static_cast<float>(from_im[i] * scale_im)};
      }
    }
  }
};

/// Pair `index` of those held, made by `fill` unless it is there.
template <class Fill>
const ImageSpectra::Pair& pair_of(ImageSpectra::OfSize& held, std::size_t index,
                                  Fill fill) {
  if (index >= held.current) {
    if (index >= held.pairs.size()) held.pairs.resize(index + 1);
    fill(held.pairs[index]);
    held.current = index + 1;
  }
  return held.pairs[index];
}

/// Calls `use` with the first and the number (1 or 2) of each pair of `count` images.
template <class Use>
void for_each_pair(std::size_t count, Use use) {
  for (std::size_t k = 0; k < count; k += 2)
    use(k, std::min<std::size_t>(2, count - k));
}

}  // namespace

FftConvolver::FftConvolver(const Lattice& lattice, Deposit deposit,
                           KernelPlacement placement)
    : Convolver(lattice, deposit), placement_(placement) {
  const bool own_pixels = lattice.oversample == 1 && lattice.border == 0 &&
                          lattice.margin_pix == 0 && deposit == Deposit::pixels;
  if (placement == KernelPlacement::legacy_ifftshift && !own_pixels) {
    throw ConfigError(
        "convolve.operator legacy_ifftshift: works on the stamp's own pixels only; set "
        "convolve.oversample: 1 and render.margin_pix: 0");
  }
}

ConvolutionOperator FftConvolver::kind() const {
  return placement_ == KernelPlacement::legacy_ifftshift
             ? ConvolutionOperator::legacy_ifftshift
             : ConvolutionOperator::fft;
}

std::pair<int, int> FftConvolver::fft_size(const psf::LatticeKernel& kernel,
                                           int tail) const {
  if (placement_ == KernelPlacement::legacy_ifftshift) {
    return {lattice().stamp_size_pix, lattice().stamp_size_pix};
  }
  const Reach y = reach_of_axis(lattice(), kernel.samples.ny(), kernel.origin_y, tail);
  const Reach x = reach_of_axis(lattice(), kernel.samples.nx(), kernel.origin_x, tail);
  return {length_of_axis(lattice(), y, tail), length_of_axis(lattice(), x, tail)};
}

FftPlans& FftConvolver::plans_for(int ny, int nx, ConvolverWorkspace& workspace) const {
  return workspace.impl().plans_for({.ny = ny,
                                     .nx = nx,
                                     .lattice_size = lattice().size(),
                                     .stamp_size = lattice().stamp_size_pix,
                                     .first_pixel = lattice().first_pixel(),
                                     .oversample = lattice().oversample});
}

void FftConvolver::prepare(const psf::LatticeKernel& kernel,
                           ConvolverWorkspace& workspace,
                           PreparedKernel& prepared) const {
  EXPECT(kernel.oversample == lattice().oversample);
  EXPECT(kernel.samples.size() > 0);
  const int n = lattice().stamp_size_pix;
  const bool legacy = placement_ == KernelPlacement::legacy_ifftshift;
  if (legacy && (kernel.samples.ny() > n || kernel.samples.nx() > n)) {
    throw DataError(fmt::format(
        "convolve.operator legacy_ifftshift: the kernel ({} x {} pixels) must not be "
        "larger than the stamp ({} x {}), whose array held it; use a smaller size_pix",
        kernel.samples.ny(), kernel.samples.nx(), n, n));
  }
  const int tail =
      legacy || deposit() != Deposit::spline ? 0 : tail_of_coefficients(kernel);
  const auto [ny, nx] = fft_size(kernel, tail);
  auto& work = workspace.impl();
  const std::size_t size = std::size_t(ny) * std::size_t(FftPlans::row_stride(nx));
  if (prepared.spectrum.size() != size) {
    prepared.spectrum.assign(size, {});  // the gaps between rows stay zero
  }
  prepared.fft_ny = ny;
  prepared.fft_nx = nx;
  const auto factor_y = work.inverse_responses(ny, deposit());
  const auto factor_x = work.inverse_responses(nx, deposit());
  const int origin_y = legacy ? n / 2 : kernel.origin_y;
  const int origin_x = legacy ? n / 2 : kernel.origin_x;
  const Reach whole_y{-origin_y, kernel.samples.ny() - 1 - origin_y};
  const Reach whole_x{-origin_x, kernel.samples.nx() - 1 - origin_x};
  const Reach y =
      legacy ? whole_y : reach_of_axis(lattice(), kernel.samples.ny(), origin_y, tail);
  const Reach x =
      legacy ? whole_x : reach_of_axis(lattice(), kernel.samples.nx(), origin_x, tail);
  if (!legacy && y.low == -y.high && x.low == -x.high && is_mirror_symmetric(kernel)) {
    work.symmetric_for(ny, nx).transform(
        kernel, y.high, x.high, factor_y, factor_x,
        {prepared.spectrum.data(), ny, FftPlans::row_stride(nx)});
    return;
  }
  FftPlans& plans = plans_for(ny, nx, workspace);
  auto field = plans.field();
  std::ranges::fill(field.pixels(), std::complex<float>{});
  for (int dy = y.low; dy <= y.high; ++dy) {
    const double* in = kernel.samples.view().row(dy + origin_y).data() + origin_x;
    std::complex<float>* out = field.row(wrapped(dy, ny)).data();
    // Columns left of the origin wrap to the row's end (legacy: perhaps more than
    // once).
    for (int dx = x.low; dx <= x.high;) {
      const int at = wrapped(dx, nx);
      const int run = std::min(x.high - dx + 1, nx - at);
      for (int k = 0; k < run; ++k) out[at + k] = static_cast<float>(in[dx + k]);
      dx += run;
    }
  }
  plans.forward_all();
  multiply_by_axes(field, factor_y, factor_x, prepared.spectrum);
}

FftConvolver::Placing FftConvolver::placing(WeightsOn on) const {
  if (on == WeightsOn::lattice) return {.first = 0, .step = 1};
  return {.first = lattice().first_pixel(), .step = lattice().oversample};
}

void FftConvolver::transform(std::span<const ImageView<const double>> one_or_two,
                             Placing at, FftPlans& plans,
                             ImageSpectra::Pair& out) const {
  const ImagePair pair(one_or_two);
  pair.embed(at.first, at.step, lattice().size(), plans.field());
  plans.forward_lattice(out.spectrum);
  out.scale_re = pair.scale_re;
  out.scale_im = pair.scale_im;
}

void FftConvolver::convolve(std::span<const ImageView<const double>> planes,
                            const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                            std::span<const ImageView<float>> stamps,
                            ImageSpectra* spectra) const {
  EXPECT(planes.size() == stamps.size());
  FftPlans& plans = plans_for(kernel.fft_ny, kernel.fft_nx, workspace);
  const auto step = static_cast<std::size_t>(lattice().oversample);
  const int n = lattice().stamp_size_pix;
  if (spectra == nullptr) {
    spectra = &workspace.impl().passing;
    spectra->clear();
  }
  auto& held = spectra->of_size(kernel.fft_ny, kernel.fft_nx);
  for_each_pair(planes.size(), [&](std::size_t k, std::size_t count) {
    EXPECT(planes[k].ny() == lattice().size() && planes[k].nx() == planes[k].ny());
    EXPECT(stamps[k].ny() == n && stamps[k].nx() == n);
    const auto& pair = pair_of(held, k / 2, [&](ImageSpectra::Pair& out) {
      transform(planes.subspan(k, count), placing(WeightsOn::lattice), plans, out);
    });
    EXPECT(kernel.spectrum.size() == pair.spectrum.size());
    multiply_parts(parts_of(pair.spectrum), parts_of(kernel.spectrum),
                   2 * kernel.spectrum.size(),
                   mutable_parts_of(plans.field().pixels()));
    plans.backward_stamp();
    const bool two = count == 2;
    const float unscale_re = static_cast<float>(1.0 / pair.scale_re);
    const float unscale_im = two ? static_cast<float>(1.0 / pair.scale_im) : 0.0f;
    auto& unread = workspace.impl().reals;
    unread.resize(static_cast<std::size_t>(n));
    for (int j = 0; j < n; ++j) {
      const auto in = plans.field().row(j).subspan(
          static_cast<std::size_t>(lattice().first_pixel()));
      separate(parts_of(in), step, static_cast<std::size_t>(n), unscale_re, unscale_im,
               stamps[k].row(j).data(),
               two ? stamps[k + 1].row(j).data() : unread.data());
    }
  });
}

void FftConvolver::adjoint(std::span<const ImageView<const double>> weights,
                           WeightsOn on, const PreparedKernel& kernel,
                           ConvolverWorkspace& workspace,
                           std::span<const ImageView<double>> lattice_weights) const {
  EXPECT(weights.size() == lattice_weights.size());
  FftPlans& plans = plans_for(kernel.fft_ny, kernel.fft_nx, workspace);
  const int side = lattice().size();
  ImageSpectra::Pair pair;
  for_each_pair(weights.size(), [&](std::size_t k, std::size_t count) {
    transform(weights.subspan(k, count), placing(on), plans, pair);
    EXPECT(kernel.spectrum.size() == pair.spectrum.size());
    multiply_parts_conjugate(parts_of(pair.spectrum), parts_of(kernel.spectrum),
                             2 * kernel.spectrum.size(),
                             mutable_parts_of(plans.field().pixels()));
    plans.backward_lattice();
    for (std::size_t part = 0; part < count; ++part) {
      auto& to = lattice_weights[k + part];
      EXPECT(to.ny() == side && to.nx() == side);
      const double unscale = 1.0 / (part == 0 ? pair.scale_re : pair.scale_im);
      for (int j = 0; j < side; ++j) {
        take_part(parts_of(plans.field().row(j)), part, static_cast<std::size_t>(side),
                  unscale, to.row(j).data());
      }
    }
  });
}

void FftConvolver::adjoint_fluxes(const WeightsAndPlanes& of,
                                  const PreparedKernel& kernel,
                                  ConvolverWorkspace& workspace,
                                  std::span<double> flux) const {
  const auto weights = of.weights;
  const auto planes = of.planes;
  EXPECT(flux.size() == weights.size() * planes.size());
  FftPlans& plans = plans_for(kernel.fft_ny, kernel.fft_nx, workspace);
  auto& of_weights = of.weight_spectra.of_size(kernel.fft_ny, kernel.fft_nx);
  auto& of_planes = of.plane_spectra.of_size(kernel.fft_ny, kernel.fft_nx);
  for (std::size_t r = 0; r < weights.size(); ++r) {
    // Weights singly: a sum's real and imaginary part are two planes'.
    pair_of(of_weights, r, [&](ImageSpectra::Pair& out) {
      transform(weights.subspan(r, 1), placing(of.on), plans, out);
    });
  }
  auto& sum = workspace.impl().sums;
  sum.resize(weights.size());
  for_each_pair(planes.size(), [&](std::size_t k, std::size_t count) {
    const auto& pair = pair_of(of_planes, k / 2, [&](ImageSpectra::Pair& out) {
      transform(planes.subspan(k, count), placing(WeightsOn::lattice), plans, out);
    });
    EXPECT(kernel.spectrum.size() == pair.spectrum.size());
    std::ranges::fill(sum, std::complex<double>{});
    constexpr std::size_t block = 1024;  // that all weights meet while it is near
    std::array<std::complex<float>, block> convolved;
    for (std::size_t first = 0; first < pair.spectrum.size(); first += block) {
      const std::size_t terms = std::min(block, pair.spectrum.size() - first);
      const auto at_block = [&](const AlignedVector<std::complex<float>>& values) {
        return parts_of(std::span(values).subspan(first, terms));
      };
      multiply_parts(at_block(pair.spectrum), at_block(kernel.spectrum), 2 * terms,
                     mutable_parts_of(convolved));
      for (std::size_t r = 0; r < weights.size(); ++r) {
        sum[r] += dot_conjugate(at_block(of_weights.pairs[r].spectrum),
                                parts_of(convolved), 2 * terms);
      }
    }
    for (std::size_t r = 0; r < weights.size(); ++r) {
      const double scale = of_weights.pairs[r].scale_re;
      flux[r * planes.size() + k] = sum[r].real() / (scale * pair.scale_re);
      if (count == 2) {
        flux[r * planes.size() + k + 1] = sum[r].imag() / (scale * pair.scale_im);
      }
    }
  });
}

}  // namespace lensmill::imaging
