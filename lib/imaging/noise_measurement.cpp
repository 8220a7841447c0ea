#include "lib/imaging/noise_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "lib/imaging/fft_plans.hpp"
#include "lib/imaging/noise_spectrum.hpp"

namespace lensmill::imaging {
namespace {

constexpr double least_blank_share = 0.25;
constexpr int least_pixels_per_lag = 2;
constexpr int least_cells = 4;
// Of positive_definite(): the floor then adds no more than rounding.
constexpr double settled_share = 1.0e-5;
constexpr int most_projections = 500;

int count_of(ImageView<const std::uint8_t> blank, const PixelBox& box) {
  int count = 0;
  for (int y = box.y; y < box.y + box.ny; ++y) {
    for (int x = box.x; x < box.x + box.nx; ++x) count += blank(y, x) != 0 ? 1 : 0;
  }
  return count;
}

double mean_of(ImageView<const float> image, ImageView<const std::uint8_t> blank,
               const PixelBox& box, int count) {
  double sum = 0.0;
  for (int y = box.y; y < box.y + box.ny; ++y) {
    for (int x = box.x; x < box.x + box.nx; ++x) {
      if (blank(y, x) != 0) sum += double{image(y, x)};
    }
  }
  return sum / count;
}

/// Per lag: sum of products and number of pairs.
struct PairSums {
  explicit PairSums(int max_lag)
      : product(2 * max_lag + 1, 2 * max_lag + 1),
        pairs(2 * max_lag + 1, 2 * max_lag + 1) {}
  void add(const PairSums& other, double sign) {
    for (std::size_t k = 0; k < product.size(); ++k) {
      product.pixels()[k] += sign * other.product.pixels()[k];
      pairs.pixels()[k] += sign * other.pairs.pixels()[k];
    }
    cells += sign * other.cells;
  }
  Image<double> product;
  Image<double> pairs;
  double cells = 1.0;
};

/// sum_i f_i f_(i + lag) of what is in plans.field(), by its power spectrum.
void autocorrelate(FftPlans& plans, int max_lag, Image<double>& out) {
  plans.forward_lattice();
  for (auto& value : plans.field().pixels()) value = std::norm(value);
  plans.backward_stamp();
  const int n = plans.shape().ny;
  const double normalisation = 1.0 / (static_cast<double>(n) * n);
  for (int dy = 0; dy <= max_lag; ++dy) {
    for (int dx = -max_lag; dx <= max_lag; ++dx) {
      const double sum = normalisation * double{plans.field()(dy, (dx + n) % n).real()};
      out(max_lag + dy, max_lag + dx) = sum;
      out(max_lag - dy, max_lag - dx) = sum;
    }
  }
}

void put(FftPlans& plans, const PixelBox& box, const auto& value) {
  std::ranges::fill(plans.field().pixels(), std::complex<float>{});
  for (int y = 0; y < box.ny; ++y) {
    for (int x = 0; x < box.nx; ++x) {
      plans.field()(y, x) = value(box.y + y, box.x + x);
    }
  }
}

PairSums cell_sums(ImageView<const float> image, ImageView<const std::uint8_t> blank,
                   const PixelBox& box, double mean, int max_lag, FftPlans& plans) {
  PairSums sums(max_lag);
  put(plans, box, [&](int y, int x) {
    return blank(y, x) != 0 ? static_cast<float>(double{image(y, x)} - mean) : 0.0F;
  });
  autocorrelate(plans, max_lag, sums.product);
  put(plans, box, [&](int y, int x) { return blank(y, x) != 0 ? 1.0F : 0.0F; });
  autocorrelate(plans, max_lag, sums.pairs);
  for (double& pairs : sums.pairs.pixels()) pairs = std::round(pairs);
  return sums;
}

/// Covariances per lag. The mean of a cell of m pixels has the variance
/// sum_l c(l) f(l) / m, f(l) the pairs per pixel at lag l, and subtracting it takes
/// that from every lag.
Image<double> covariance_of(const PairSums& sums, int max_lag) {
  const double pixels = sums.pairs(max_lag, max_lag);
  const double pixels_per_cell = pixels / sums.cells;
  Image<double> covariance(2 * max_lag + 1, 2 * max_lag + 1);
  double weighted = 0.0;
  double weights = 0.0;
  for (std::size_t k = 0; k < covariance.size(); ++k) {
    const double pairs = sums.pairs.pixels()[k];
    covariance.pixels()[k] = pairs > 0.0 ? sums.product.pixels()[k] / pairs : 0.0;
    weighted += covariance.pixels()[k] * pairs / pixels;
    weights += pairs / pixels;
  }
  const double taken = weighted / (pixels_per_cell - weights);
  for (double& value : covariance.pixels()) value += taken;
  return covariance;
}

Image<double> correlation_of(const PairSums& sums, int max_lag) {
  Image<double> correlation = covariance_of(sums, max_lag);
  const double variance = correlation(max_lag, max_lag);
  for (double& value : correlation.pixels()) value /= variance;
  return correlation;
}

/// Jackknife over cells.
Image<double> uncertainty_of(const PairSums& total, const std::vector<PairSums>& cells,
                             int max_lag) {
  const auto n = static_cast<double>(cells.size());
  Image<double> sum(2 * max_lag + 1, 2 * max_lag + 1);
  Image<double> squares(2 * max_lag + 1, 2 * max_lag + 1);
  const Image<double> centre = correlation_of(total, max_lag);
  for (const auto& cell : cells) {
    PairSums rest = total;
    rest.add(cell, -1.0);
    const Image<double> without = correlation_of(rest, max_lag);
    for (std::size_t k = 0; k < sum.size(); ++k) {
      const double change = without.pixels()[k] - centre.pixels()[k];
      sum.pixels()[k] += change;
      squares.pixels()[k] += change * change;
    }
  }
  for (std::size_t k = 0; k < sum.size(); ++k) {
    const double mean = sum.pixels()[k] / n;
    squares.pixels()[k] =
        std::sqrt((n - 1.0) * std::max(0.0, squares.pixels()[k] / n - mean * mean));
  }
  return squares;
}

}  // namespace

Scatter blank_scatter(ImageView<const float> image, ImageView<const std::uint8_t> blank,
                      int cell_pix) {
  const CellGrid cells(image.ny(), image.nx(), cell_pix);
  std::vector<float> deviations;
  double squares = 0.0;
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const PixelBox box = cells.box(row, column);
      const int count = count_of(blank, box);
      if (count < 2) continue;
      const double mean = mean_of(image, blank, box, count);
      for (int y = box.y; y < box.y + box.ny; ++y) {
        for (int x = box.x; x < box.x + box.nx; ++x) {
          if (blank(y, x) == 0) continue;
          const double deviation = double{image(y, x)} - mean;
          squares += deviation * deviation;
          deviations.push_back(static_cast<float>(std::abs(deviation)));
        }
      }
    }
  }
  if (deviations.empty()) return {};
  return {.rms = std::sqrt(squares / static_cast<double>(deviations.size())),
          .mad = sigma_per_mad * double{upper_median(std::span(deviations))}};
}

void subtract_cell_means(ImageView<const std::uint8_t> blank, int cell_pix,
                         ImageView<float> image) {
  const CellGrid cells(image.ny(), image.nx(), cell_pix);
  Image<double> means(cells.rows(), cells.columns(), std::nan(""));
  double sum = 0.0;
  int known = 0;
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const PixelBox box = cells.box(row, column);
      const int count = count_of(blank, box);
      const bool enough = count >= least_blank_share * box.ny * box.nx;
      if (!enough) continue;
      means(row, column) = mean_of(image, blank, box, count);
      sum += means(row, column);
      ++known;
    }
  }
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const PixelBox box = cells.box(row, column);
      double mean = means(row, column);
      if (std::isnan(mean)) mean = known > 0 ? sum / known : 0.0;
      for (int y = box.y; y < box.y + box.ny; ++y) {
        for (int x = box.x; x < box.x + box.nx; ++x) {
          image(y, x) = static_cast<float>(double{image(y, x)} - mean);
        }
      }
    }
  }
}

CorrelationMeasurement measure_correlation(ImageView<const float> image,
                                           ImageView<const std::uint8_t> blank,
                                           int max_lag, int cell_pix) {
  EXPECT(max_lag >= 1);
  const CellGrid cells(image.ny(), image.nx(), cell_pix);
  const int lags = (2 * max_lag + 1) * (2 * max_lag + 1);
  // Boxes differ in side by a pixel at most, and are below one and a half cells.
  const PixelBox first = cells.box(cells.rows() - 1, cells.columns() - 1);
  const int side = std::max(first.ny, first.nx) + 1;
  const int size = good_fft_size(side + max_lag);
  FftPlans plans({.ny = size, .nx = size, .lattice_size = side, .stamp_size = size});
  std::vector<PairSums> used;
  PairSums total(max_lag);
  total.cells = 0.0;
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const PixelBox box = cells.box(row, column);
      const int count = count_of(blank, box);
      if (count < least_pixels_per_lag * lags ||
          count < least_blank_share * box.ny * box.nx) {
        continue;
      }
      const double mean = mean_of(image, blank, box, count);
      used.push_back(cell_sums(image, blank, box, mean, max_lag, plans));
      total.add(used.back(), 1.0);
    }
  }
  if (used.size() < least_cells) {
    throw DataError(fmt::format(
        "too few blank pixels: {} of {} cells of {} pixels have enough of them, at "
        "least "
        "{} are needed; use a larger image, or fewer lags",
        used.size(), cells.rows() * cells.columns(), cell_pix, least_cells));
  }
  const Image<double> covariance = covariance_of(total, max_lag);
  if (!(covariance(max_lag, max_lag) > 0.0)) {
    throw DataError(
        "its blank pixels do not vary: there is no noise to measure; give an image as "
        "it "
        "was observed");
  }
  return {.correlation = correlation_of(total, max_lag),
          .uncertainty = uncertainty_of(total, used, max_lag),
          .variance = covariance(max_lag, max_lag),
          .blank_pixels = std::llround(total.pairs(max_lag, max_lag)),
          .cells = static_cast<int>(used.size())};
}

Image<double> positive_definite(ImageView<const double> lags) {
  const int reach_y = lags.ny() / 2;
  const int reach_x = lags.nx() / 2;
  // Fine enough that the spectrum has no room to fall between the frequencies looked
  // at.
  const int size = 4 * std::max(lags.ny(), lags.nx());
  Image<double> best(lags.ny(), lags.nx());
  std::ranges::copy(lags.pixels(), best.pixels().begin());
  for (int step = 0; step < most_projections; ++step) {
    auto spectrum = torus_spectrum(best, size);
    if (raise_to_floor(spectrum, size) < settled_share) break;
    best = torus_correlation(spectrum, size, reach_y, reach_x);
    const double variance = best(reach_y, reach_x);
    for (double& value : best.pixels()) value /= variance;
  }
  return best;
}

}  // namespace lensmill::imaging
