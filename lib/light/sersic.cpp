#include "lib/light/sersic.hpp"

#include <fmt/format.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <string>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/light/sersic_kernel.hpp"

namespace lensmill::light {
namespace {

constexpr double min_index = 0.3;
constexpr double max_index = 8.0;

/// In double throughout: by default Boost.Math computes in long double.
using InDouble =
    boost::math::policies::policy<boost::math::policies::promote_double<false>>;
constexpr InDouble in_double{};

void validate(const SersicParams& p) {
  std::string problems;
  const auto require = [&problems](bool ok, const char* name, const char* range,
                                   double value) {
    if (ok) return;
    if (!problems.empty()) problems += "; ";
    problems += fmt::format("{}: must be {} (got {})", name, range, value);
  };
  require(std::isfinite(p.reff_arcsec) && p.reff_arcsec > 0.0, "reff_arcsec", "> 0",
          p.reff_arcsec);
  require(p.sersic_n >= min_index && p.sersic_n <= max_index, "sersic_n", "in [0.3, 8]",
          p.sersic_n);
  require(p.q > 0.0 && p.q <= 1.0, "q", "in (0, 1]", p.q);
  require(std::isfinite(p.phi_rad), "phi_rad", "finite", p.phi_rad);
  if (!problems.empty()) throw DataError("Sersic profile: " + problems);
}

}  // namespace

double sersic_b(double sersic_n) {
  if (!(sersic_n >= min_index && sersic_n <= max_index)) {
    throw DataError(fmt::format("sersic_n: must be in [0.3, 8] (got {})", sersic_n));
  }
  // Halley's iteration (third order) on P(2n, b) = 1/2, from Ciotti & Bertin's
  // expansion, which is good to 4e-4 at n = 0.5 and to 1e-6 from n = 2 on.
  const double n = sersic_n;
  double b = 2.0 * n - 1.0 / 3.0 + 4.0 / (405.0 * n) + 46.0 / (25515.0 * n * n);
  constexpr int most_steps = 20;
  constexpr double last_step = 1.0e-6;  // the next would be below 1e-17
  for (int step = 0; step < most_steps; ++step) {
    const double slope = boost::math::gamma_p_derivative(2.0 * n, b, in_double);
    const double newton = (boost::math::gamma_p(2.0 * n, b, in_double) - 0.5) / slope;
    const double curvature = (2.0 * n - 1.0) / b - 1.0;  // P''/P'
    const double change = newton / (1.0 - 0.5 * newton * curvature);
    b -= change;
    if (std::abs(change) < last_step * b) break;
  }
  return b;
}

Sersic::Sersic(const SersicParams& params) : params_(params) {
  validate(params);
  const double n = params.sersic_n;
  b_ = sersic_b(n);
  // Total flux = 2 pi n R_eff^2 b^(-2n) Gamma(2n) times the central brightness.
  central_ = std::pow(b_, 2.0 * n) /
             (2.0 * std::numbers::pi * n * params.reff_arcsec * params.reff_arcsec *
              boost::math::tgamma(2.0 * n, in_double));
  cos_phi_ = std::cos(params.phi_rad);
  sin_phi_ = std::sin(params.phi_rad);
}

double Sersic::at(double x_arcsec, double y_arcsec) const {
  const double major = cos_phi_ * x_arcsec + sin_phi_ * y_arcsec;
  const double minor = cos_phi_ * y_arcsec - sin_phi_ * x_arcsec;
  const double square = (params_.q * major * major + minor * minor / params_.q) /
                        (params_.reff_arcsec * params_.reff_arcsec);
  return central_ * std::exp(-b_ * std::pow(square, 0.5 / params_.sersic_n));
}

void Sersic::evaluate(std::span<const double> x_arcsec,
                      std::span<const double> y_arcsec,
                      std::span<double> brightness) const {
  EXPECT(y_arcsec.size() == x_arcsec.size());
  EXPECT(brightness.size() == x_arcsec.size());
  detail::sersic_evaluate(
      {
          .cos_phi = cos_phi_,
          .sin_phi = sin_phi_,
          .major_scale = params_.q / (params_.reff_arcsec * params_.reff_arcsec),
          .minor_scale = 1.0 / (params_.q * params_.reff_arcsec * params_.reff_arcsec),
          .sersic_n = params_.sersic_n,
          .half_inverse_n = 0.5 / params_.sersic_n,
          .b = b_,
          .central = central_,
      },
      x_arcsec, y_arcsec, brightness);
}

RoundMetric Sersic::round_metric() const {
  const double q = params_.q;
  return {.xx = q * cos_phi_ * cos_phi_ + sin_phi_ * sin_phi_ / q,
          .xy = (q - 1.0 / q) * cos_phi_ * sin_phi_,
          .yy = q * sin_phi_ * sin_phi_ + cos_phi_ * cos_phi_ / q};
}

double Sersic::flux_within(double radius_arcsec) const {
  if (!(radius_arcsec > 0.0)) return 0.0;
  const double radius = radius_arcsec / params_.reff_arcsec;
  if (params_.sersic_n == 1.0) {
    // 1 - (1 + x) exp(-x), the commonest case.
    const double x = b_ * radius;
    return -std::expm1(-x) - x * std::exp(-x);
  }
  return boost::math::gamma_p(2.0 * params_.sersic_n,
                              b_ * std::pow(radius, 1.0 / params_.sersic_n), in_double);
}

double Sersic::brightest_beyond(double distance_arcsec) const {
  // It falls outwards, and slowest along the major axis.
  return at(distance_arcsec * cos_phi_, distance_arcsec * sin_phi_);
}

}  // namespace lensmill::light
