#pragma once

#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/core/random_stream.hpp"

/// \file
/// Distributions that a quantity may be drawn from. Each is a plain struct; every draw
/// is the inverse distribution function of *one* uniform number, so that the same
/// samplers serve random streams and low-discrepancy designs.

namespace lensmill::catalogue {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Always `value`.
struct Constant {
  double value = 0.0;
};

/// Uniform in (min, max); min < max.
struct Uniform {
  double min = 0.0;
  double max = 1.0;
};

/// What a bounded normal does with the part of the distribution outside its bounds.
enum class Tails {
  truncate,  ///< the density is cut at the bounds and renormalised
  clip,      ///< values outside are moved onto the bound, which gets a finite weight
};

/// Normal with mean and standard deviation (sigma > 0) *before* truncation or clipping.
struct Normal {
  double mean = 0.0;
  double sigma = 1.0;
  double min = -infinity;
  double max = infinity;
  Tails tails = Tails::truncate;
};

/// log10(x) is normal about log10(median) with standard deviation sigma_dex; truncated
/// to [min, max]. median > 0, sigma_dex > 0, 0 <= min < max.
struct Lognormal {
  double median = 1.0;
  double sigma_dex = 0.1;
  double min = 0.0;
  double max = infinity;
};

/// One of `values`; with probability proportional to `weights` (>= 0, same length) or,
/// without weights, equally likely.
struct Choice {
  std::vector<double> values{};
  std::vector<double> weights{};
};

/// Density proportional to x^index on [min, max], 0 < min < max; any real index.
struct PowerLaw {
  double index = -1.0;
  double min = 1.0;
  double max = 10.0;
};

/// Empirical histogram: bin i is [edges[i], edges[i+1]] with probability proportional
/// to weights[i] >= 0, uniform inside a bin. Edges ascend strictly.
struct Histogram {
  std::vector<double> edges{};
  std::vector<double> weights{};
};

/// A distribution of one number.
using Sampler =
    std::variant<Constant, Uniform, Normal, Lognormal, Choice, PowerLaw, Histogram>;

/// Two numbers (x, y), uniform over the area of a disc about the origin. Exactly one of
/// the radii is given. `radius_over_theta_e` is in units of the row's theta_e_arcsec
/// (0 there puts the source on the axis).
struct Disc {
  std::optional<double> radius_arcsec{};
  std::optional<double> radius_over_theta_e{};
};

/// `factor` times another column or alias of the same row, e.g. host_phi_rad =
/// lens_phi_rad.
struct MultipleOf {
  std::string column;
  double factor = 1.0;
};

/// The lens's shape scattered about that of the host's light (synthetic hosts):
/// lens_q = host_q (1 + x), x normal with `sigma`, truncated to lens_q in (min, 1];
/// lens_phi_rad = host_phi_rad + x, `sigma` in rad. sigma = 0: the host's own value.
struct FromHost {
  double sigma = 0.1;
  double min = 0.0;  ///< lens_q only
};

/// lens_sigma_v_km_s from the host's luminosity (Faber & Jackson 1976):
/// sigma_v = sigma_v_star 10^(-0.4 (M - mag_star) / exponent + scatter_dex x), x
/// standard normal and M the row's host_absolute_mag. Where nothing gives that, M =
/// host_mag_<band> - distance modulus - K(z) - E(z) at z = lens_redshift, with
/// polynomials K(z) = k_correction_mag[0] z + k_correction_mag[1] z^2 + ..., likewise
/// E.
struct FaberJackson {
  std::string band;
  double sigma_v_star_km_s = 0.0;
  double mag_star = 0.0;  ///< for the run's H0
  double exponent = 4.0;  ///< L ~ sigma_v^exponent
  double scatter_dex = 0.0;
  std::vector<double> k_correction_mag{};
  std::vector<double> evolution_mag{};  ///< negative: brighter in the past
};

/// What a quantity's prior may be. Disc is for `src_offset` only, FromHost for `lens_q`
/// and `lens_phi_rad`, FaberJackson for `lens_sigma_v_km_s`.
using Prior = std::variant<Sampler, Disc, MultipleOf, FromHost, FaberJackson>;

/// What is wrong with the parameters, as "must ..." / "..." without a place, or "" if
/// they are good.
std::string problem_of(const Sampler& sampler);
std::string problem_of(const Prior& prior);

/// The value at cumulative probability u in (0, 1). Parameters must be valid.
double quantile(const Sampler& sampler, double u);

/// One draw; takes exactly one uniform number from the stream.
double draw(const Sampler& sampler, RandomStream& stream);

/// Smallest and largest value the sampler can give (infinite for an unbounded tail).
struct Support {
  double min = -infinity;
  double max = infinity;
};
Support support_of(const Sampler& sampler);

/// Inverse of the standard normal distribution function for u in (0, 1); relative
/// accuracy 1e-15 (Wichura 1988, Applied Statistics 37, 477: algorithm AS 241, PPND16).
double standard_normal_quantile(double u);

}  // namespace lensmill::catalogue
