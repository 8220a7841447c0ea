#include "lib/light/clumpy_sersic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::light {

ClumpySersic::ClumpySersic(const SersicParams& body, std::span<const Knot> knots,
                           double knot_sersic_n)
    : body_(body) {
  double in_knots = 0.0;
  for (const Knot& knot : knots) {
    if (!std::isfinite(knot.x_arcsec) || !std::isfinite(knot.y_arcsec) ||
        !(knot.flux_fraction >= 0.0)) {
      throw DataError(fmt::format(
          "knot of a clumpy source: needs a finite place and a flux fraction >= 0 (got "
          "({}, {}) and {})",
          knot.x_arcsec, knot.y_arcsec, knot.flux_fraction));
    }
    in_knots += knot.flux_fraction;
  }
  constexpr double rounding = 1.0e-12;
  if (in_knots > 1.0 + rounding) {
    throw DataError(fmt::format(
        "clumpy source: its knots have {} of the flux (more than all of it)",
        in_knots));
  }
  body_flux_ = std::max(0.0, 1.0 - in_knots);
  knots_.reserve(knots.size());
  centres_.reserve(knots.size());
  flux_.reserve(knots.size());
  for (const Knot& knot : knots) {
    knots_.push_back(
        Sersic({.reff_arcsec = knot.reff_arcsec, .sersic_n = knot_sersic_n}));
    centres_.push_back({knot.x_arcsec, knot.y_arcsec});
    flux_.push_back(knot.flux_fraction);
  }
}

void ClumpySersic::evaluate(std::span<const double> x_arcsec,
                            std::span<const double> y_arcsec,
                            std::span<double> brightness) const {
  EXPECT(y_arcsec.size() == x_arcsec.size());
  EXPECT(brightness.size() == x_arcsec.size());
  constexpr std::size_t chunk = 256;
  std::array<double, chunk> x;
  std::array<double, chunk> y;
  std::array<double, chunk> part;
  for (std::size_t begin = 0; begin < x_arcsec.size(); begin += chunk) {
    const std::size_t n = std::min(chunk, x_arcsec.size() - begin);
    body_.evaluate(x_arcsec.subspan(begin, n), y_arcsec.subspan(begin, n),
                   brightness.subspan(begin, n));
    for (std::size_t k = 0; k < n; ++k) brightness[begin + k] *= body_flux_;
    for (std::size_t c = 0; c < knots_.size(); ++c) {
      for (std::size_t k = 0; k < n; ++k) {
        x[k] = x_arcsec[begin + k] - centres_[c].x_arcsec;
        y[k] = y_arcsec[begin + k] - centres_[c].y_arcsec;
      }
      knots_[c].evaluate({x.data(), n}, {y.data(), n}, {part.data(), n});
      for (std::size_t k = 0; k < n; ++k) brightness[begin + k] += flux_[c] * part[k];
    }
  }
}

double ClumpySersic::flux_within(double radius_arcsec) const {
  double sum = body_flux_ * body_.flux_within(radius_arcsec);
  for (std::size_t c = 0; c < knots_.size(); ++c) {
    sum += flux_within_cusp(c, radius_arcsec);
  }
  return sum;
}

double ClumpySersic::flux_within_cusp(std::size_t knot, double radius_arcsec) const {
  return flux_[knot] * knots_[knot].flux_within(radius_arcsec);
}

double ClumpySersic::brightest_beyond(double distance_arcsec) const {
  double sum = body_flux_ * body_.brightest_beyond(distance_arcsec);
  for (std::size_t c = 0; c < knots_.size(); ++c) {
    const double offset = std::hypot(centres_[c].x_arcsec, centres_[c].y_arcsec);
    sum +=
        flux_[c] * knots_[c].brightest_beyond(std::max(0.0, distance_arcsec - offset));
  }
  return sum;
}

}  // namespace lensmill::light
