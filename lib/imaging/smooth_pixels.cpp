#include "lib/imaging/smooth_pixels.hpp"

#include <algorithm>
#include <cmath>

#include "lib/imaging/cell.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
namespace {

constexpr double lens_distance_pix = 2.5;  // inside, the lens map is not smooth
constexpr double cusp_footprints = 2.5;    // inside, the source's profile is not

}  // namespace

void CentreGrid::shoot(const PixelGrid& grid, int margin_pix,
                       const LensedSource& object) {
  margin_ = margin_pix;
  side_ = grid.stamp_size_pix + 2 * margin_pix;
  const std::size_t n = stride();
  rays_.resize(n * n);
  const auto x = rays_.x();
  const auto y = rays_.y();
  const int first = -margin_ - 1;
  for (std::size_t j = 0; j < n; ++j) {
    const double y_arcsec =
        grid.arcsec_from_pix(first + static_cast<int>(j)) - object.lens_y_arcsec;
    for (std::size_t i = 0; i < n; ++i) {
      x[j * n + i] =
          grid.arcsec_from_pix(first + static_cast<int>(i)) - object.lens_x_arcsec;
      y[j * n + i] = y_arcsec;
    }
  }
  rays_.shoot(object);
  const auto brightness = rays_.brightness();
  peak_ = *std::max_element(brightness.begin(), brightness.end());
}

void mark_rough_pixels(const CentreGrid& centres, const RoughnessLimits& limits,
                       std::vector<std::uint8_t>& rough) {
  const int side = centres.side();
  const int margin = centres.margin();
  const auto brightness = centres.rays().brightness();
  const auto determinant = centres.rays().determinant();
  const auto source_x = centres.rays().source_x();
  const auto source_y = centres.rays().source_y();
  const auto n = static_cast<std::ptrdiff_t>(centres.stride());
  const std::ptrdiff_t neighbour[8] = {-n - 1, -n, -n + 1, -1, 1, n - 1, n, n + 1};
  const double variation = limits.variation * centres.peak_brightness();
  const double core = (limits.core_radius_pix + 1.0) * (limits.core_radius_pix + 1.0);

  rough.assign(std::size_t(side) * std::size_t(side), 0);
  for (int row = -margin; row < side - margin; ++row) {
    for (int column = -margin; column < side - margin; ++column) {
      const auto c = static_cast<std::ptrdiff_t>(centres.index(row, column));
      const auto at = [c](auto span, std::ptrdiff_t step) {
        return span[static_cast<std::size_t>(c + step)];
      };
      double largest_step = 0.0;
      double footprint = 0.0;
      bool crossed = false;
      for (const auto step : neighbour) {
        largest_step =
            std::max(largest_step, std::abs(at(brightness, step) - at(brightness, 0)));
        const double dx = at(source_x, step) - at(source_x, 0);
        const double dy = at(source_y, step) - at(source_y, 0);
        footprint = std::max(footprint, dx * dx + dy * dy);
        crossed =
            crossed || (at(determinant, step) < 0.0) != (at(determinant, 0) < 0.0);
      }
      const double cusp =
          std::hypot(at(source_x, 0), at(source_y, 0)) - limits.cusp_radius_arcsec;
      const double lens_x = column - limits.lens_x_pix;
      const double lens_y = row - limits.lens_y_pix;
      const double core_x = column - limits.core_x_pix;
      const double core_y = row - limits.core_y_pix;
      const bool is_rough =
          largest_step > variation || crossed ||
          (limits.cusp_radius_arcsec >= 0.0 &&
           cusp < cusp_footprints * std::sqrt(footprint)) ||
          (limits.singular_lens &&
           lens_x * lens_x + lens_y * lens_y < lens_distance_pix * lens_distance_pix) ||
          core_x * core_x + core_y * core_y < core;
      rough[std::size_t(row + margin) * std::size_t(side) +
            std::size_t(column + margin)] = is_rough ? 1 : 0;
    }
  }
}

SmoothDeposit::SmoothDeposit(const Lattice& lattice, Deposit deposit)
    : lattice_(lattice), deposit_(deposit) {
  if (deposit_ == Deposit::pixels) return;
  // The spline is a polynomial between lattice points: Gauss's rule is exact piecewise
  // up to degree 5, so integrate each half step (u^2 beta has degree 7) with two cells.
  const int os = lattice_.oversample;
  first_ = static_cast<int>(std::floor(-0.5 * os)) - 2;
  const int last = static_cast<int>(std::floor(0.5 * os)) + 3;
  for (auto& moment : moment_) moment.assign(std::size_t(last - first_ + 1), 0.0);
  const int pieces = 8 * os;
  for (int piece = 0; piece < pieces; ++piece) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double u = -0.5 + (piece + 0.5 + 0.5 * gauss_node[k]) / pieces;
      const double weight = 0.5 * gauss_weight[k] / pieces;
      const double position = os * u;
      const double floor = std::floor(position);
      const auto spline = spline_weights(position - floor);
      for (std::size_t p = 0; p < spline_support; ++p) {
        const auto slot = static_cast<std::size_t>(static_cast<int>(floor) - 2 +
                                                   static_cast<int>(p) - first_);
        moment_[0][slot] += weight * spline[p];
        moment_[1][slot] += weight * spline[p] * u;
        moment_[2][slot] += weight * spline[p] * u * u;
      }
    }
  }
}

void SmoothDeposit::add(const CentreGrid& centres,
                        const std::vector<std::uint8_t>& rough, double area,
                        Workspace& workspace, ArcPlanes& out) const {
  const int side = centres.side();
  const int margin = centres.margin();
  const auto brightness = centres.rays().brightness();
  const auto determinant = centres.rays().determinant();
  const auto trace = centres.rays().trace();
  const std::size_t n = centres.stride();
  const std::size_t size = std::size_t(lattice_.size());
  const std::size_t taps = moment_[0].size();

  for (int kind = 0; kind < lens::kind_count; ++kind) {
    const auto wanted = static_cast<lens::ImageKind>(kind + 1);
    auto& pixel = out.pixel[wanted];
    auto& lattice = out.lattice[wanted];
    // rows: the x-filtered fields A0, A1, A2 that the y pass combines (spline moments
    // of u^a), one lattice row after another for each pixel row.
    auto& rows = workspace.rows;
    bool present = false;
    for (int row = 0; row < side; ++row) {
      bool row_present = false;
      for (int column = 0; column < side; ++column) {
        const std::size_t slot =
            std::size_t(row) * std::size_t(side) + std::size_t(column);
        const std::size_t c = centres.index(row - margin, column - margin);
        if (rough[slot] || brightness[c] <= 0.0 ||
            lens::kind_of(determinant[c], trace[c]) != wanted) {
          continue;
        }
        const double centre = brightness[c];
        const double left = brightness[c - 1];
        const double right = brightness[c + 1];
        const double below = brightness[c - n];
        const double above = brightness[c + n];
        const double xx = left - 2.0 * centre + right;
        const double yy = below - 2.0 * centre + above;
        pixel(row, column) += area * (centre + (xx + yy) / 24.0);
        present = true;
        if (deposit_ == Deposit::pixels) continue;
        if (!row_present) {
          rows.assign(3 * size, 0.0);
          row_present = true;
        }
        const double x1 = 0.5 * (right - left);
        const double y1 = 0.5 * (above - below);
        const double xy = 0.25 * (brightness[c + n + 1] - brightness[c + n - 1] -
                                  brightness[c - n + 1] + brightness[c - n - 1]);
        const std::size_t start =
            std::size_t(lattice_.index_of_pixel(column - margin) + first_);
        for (std::size_t t = 0; t < taps; ++t) {
          const double m0 = area * moment_[0][t];
          const double m1 = area * moment_[1][t];
          const double m2 = area * moment_[2][t];
          rows[start + t] += m0 * centre + m1 * x1 + 0.5 * m2 * xx;
          rows[size + start + t] += m0 * y1 + m1 * xy;
          rows[2 * size + start + t] += 0.5 * m0 * yy;
        }
      }
      if (!row_present) continue;
      const int y0 = lattice_.index_of_pixel(row - margin) + first_;
      for (std::size_t t = 0; t < taps; ++t) {
        double* line = lattice.view().row(y0 + static_cast<int>(t)).data();
        const double m0 = moment_[0][t];
        const double m1 = moment_[1][t];
        const double m2 = moment_[2][t];
        for (std::size_t i = 0; i < size; ++i) {
          line[i] += m0 * rows[i] + m1 * rows[size + i] + m2 * rows[2 * size + i];
        }
      }
    }
    if (present) out.present[static_cast<std::size_t>(kind)] = true;
  }
}

}  // namespace lensmill::imaging
