#include "lib/measure/aperture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "lib/core/b_spline.hpp"
#include "lib/core/gauss_legendre.hpp"
#include "lib/core/lanes.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::measure {
namespace {

double sum_of_weights(const ApertureWeights& aperture) {
  double sum = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    sum += lane_sum(aperture.weight.view().row(y));
  }
  return sum;
}

// Weights over a stamp from a function of the pixel's offset from the centre.
template <class Weight>
ApertureWeights stamp_weights(int n, double x_pix, double y_pix, double reach_pix,
                              Weight weight) {
  ApertureWeights aperture;
  aperture.weight.assign(n, n, 0.0);
  const auto bound = [n](double value) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(n)));
  };
  aperture.box = {.y_begin = bound(std::floor(y_pix - reach_pix)),
                  .y_end = bound(std::ceil(y_pix + reach_pix) + 1.0),
                  .x_begin = bound(std::floor(x_pix - reach_pix)),
                  .x_end = bound(std::ceil(x_pix + reach_pix) + 1.0)};
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      aperture.weight(y, x) = weight(x - x_pix, y - y_pix);
    }
  }
  aperture.area_pix2 = sum_of_weights(aperture);
  return aperture;
}

template <class T>
double sum_over(const ApertureWeights& aperture, ImageView<const T> image, int offset) {
  double sum = 0.0;
  const auto first = static_cast<std::size_t>(aperture.box.x_begin);
  const auto count =
      static_cast<std::size_t>(std::max(aperture.box.x_end - aperture.box.x_begin, 0));
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    const auto weights = aperture.weight.view().row(y).subspan(first, count);
    const auto pixels =
        image.row(y + offset).subspan(first + static_cast<std::size_t>(offset), count);
    sum += lane_dot(std::span<const T>(pixels), weights);
  }
  return sum;
}

}  // namespace

ApertureWeights pixel_overlap_weights(int stamp_size_pix, const Disc& disc) {
  return stamp_weights(stamp_size_pix, disc.x_pix, disc.y_pix, disc.radius_pix + 0.5,
                       [&](double dx, double dy) {
                         return circle_pixel_overlap(dx, dy, disc.radius_pix);
                       });
}

ApertureWeights pixel_centre_weights(int stamp_size_pix, const Disc& disc) {
  return stamp_weights(stamp_size_pix, disc.x_pix, disc.y_pix, disc.radius_pix,
                       [&](double dx, double dy) {
                         const double square = disc.radius_pix * disc.radius_pix;
                         return dx * dx + dy * dy < square ? 1.0 : 0.0;
                       });
}

ApertureWeights annulus_overlap_weights(int stamp_size_pix, double x_pix, double y_pix,
                                        const Interval& radius_pix) {
  return stamp_weights(
      stamp_size_pix, x_pix, y_pix, radius_pix.upper + 0.5, [&](double dx, double dy) {
        const double inner = radius_pix.lower > 0.0
                                 ? circle_pixel_overlap(dx, dy, radius_pix.lower)
                                 : 0.0;
        return circle_pixel_overlap(dx, dy, radius_pix.upper) - inner;
      });
}

ApertureWeights circle_lattice_weights(const imaging::Lattice& lattice,
                                       const Disc& disc) {
  // Strips in y between lattice half steps; in each, Gauss points in y and, along the
  // chord, Gauss points between lattice half steps in x: the integrand is a smooth
  // function, the disc's edge is followed exactly by the chords. The chord's length has
  // a square root's slope at the poles: an angle as variable removes it.
  constexpr int strips_per_step = 2;
  const double steps = lattice.oversample * strips_per_step;
  const double edge = lattice.stamp_size_pix - 0.5;
  const int strips =
      std::max(8, static_cast<int>(std::ceil(2.0 * disc.radius_pix * steps)));
  ApertureWeights aperture;
  aperture.weight.assign(lattice.size(), lattice.size(), 0.0);
  aperture.box = {0, lattice.size(), 0, lattice.size()};
  // Splines at the stamp's edge reach past a lattice without a border, where there are
  // no samples: their share there is dropped in the end.
  constexpr int reach = imaging::spline_support / 2 + 1;
  Image<double> on_splines(lattice.size() + 2 * reach, lattice.size() + 2 * reach);
  const auto lattice_of = [&](double pix) {
    return reach + lattice.first_pixel() + lattice.oversample * pix;
  };
  for (int strip = 0; strip < strips; ++strip) {
    for (std::size_t j = 0; j < gauss_5.node.size(); ++j) {
      // y = R sin(t), t across [-pi/2, pi/2]: dy = R cos(t) dt.
      const double half = 0.5 * std::numbers::pi / strips;
      const double t =
          -0.5 * std::numbers::pi + half * (2.0 * strip + 1.0 + gauss_5.node[j]);
      const double dy = disc.radius_pix * std::cos(t) * half * gauss_5.weight[j];
      const double y = disc.y_pix + disc.radius_pix * std::sin(t);
      if (y < -0.5 || y > edge) continue;
      const double chord = disc.radius_pix * std::cos(t);
      const double low = std::max(disc.x_pix - chord, -0.5);
      const double high = std::min(disc.x_pix + chord, edge);
      if (!(high > low)) continue;
      const int pieces = std::max(2, static_cast<int>(std::ceil((high - low) * steps)));
      const double half_piece = 0.5 * (high - low) / pieces;
      const double floor_y = std::floor(lattice_of(y));
      const auto weight_y = imaging::spline_weights(lattice_of(y) - floor_y);
      for (int piece = 0; piece < pieces; ++piece) {
        for (std::size_t i = 0; i < gauss_5.node.size(); ++i) {
          const double x = low + half_piece * (2.0 * piece + 1.0 + gauss_5.node[i]);
          const double weight = dy * half_piece * gauss_5.weight[i];
          const double floor_x = std::floor(lattice_of(x));
          const auto weight_x = imaging::spline_weights(lattice_of(x) - floor_x);
          for (int b = 0; b < imaging::spline_support; ++b) {
            for (int a = 0; a < imaging::spline_support; ++a) {
              on_splines(static_cast<int>(floor_y) - 2 + b,
                         static_cast<int>(floor_x) - 2 + a) +=
                  weight * weight_y[static_cast<std::size_t>(b)] *
                  weight_x[static_cast<std::size_t>(a)];
            }
          }
        }
      }
    }
  }
  // The splines have spread every point; their inverse filter (symmetric, so its own
  // transpose) turns weights on coefficients into weights on samples.
  const Image<double> on_samples =
      spline_coefficients(on_splines.view(), SplineDegree::moms);
  constexpr int offset = reach + moms_padding;
  for (int j = 0; j < lattice.size(); ++j) {
    for (int i = 0; i < lattice.size(); ++i) {
      aperture.weight(j, i) = on_samples(j + offset, i + offset);
    }
  }
  aperture.area_pix2 = sum_of_weights(aperture);
  return aperture;
}

ApertureWeights without_masked(ApertureWeights aperture, ImageView<const float> mask) {
  EXPECT(mask.size() == aperture.weight.size());
  const auto weights = aperture.weight.pixels();
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (mask.pixels()[k] != 0.0F) weights[k] = 0.0;
  }
  aperture.area_pix2 = sum_of_weights(aperture);
  return aperture;
}

double masked_share(const ApertureWeights& aperture, ImageView<const float> mask) {
  if (!aperture.has_area()) return std::numeric_limits<double>::quiet_NaN();
  const ApertureWeights rest = without_masked(aperture, mask);
  return rest.has_area() ? 1.0 - rest.area_pix2 / aperture.area_pix2 : 1.0;
}

double aperture_sum(const ApertureWeights& aperture, ImageView<const double> image,
                    int offset) {
  return sum_over(aperture, image, offset);
}

double aperture_sum(const ApertureWeights& aperture, ImageView<const float> image,
                    int offset) {
  return sum_over(aperture, image, offset);
}

}  // namespace lensmill::measure
