#include "lib/psf/outer_wings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::psf {
namespace {

constexpr double fit_from_arcsec = 1.8;
constexpr double fit_to_arcsec = 5.0;
constexpr double crossover_from_arcsec = 5.0;
constexpr double crossover_to_arcsec = 6.0;
constexpr double least_beta = 1.8;

/// A raster's distances from its middle, which is not its origin where it has an even
/// number of pixels.
struct Raster {
  double middle_y = 0.0;
  double middle_x = 0.0;
  double step_arcsec = 1.0;

  double radius_arcsec(int y, int x) const {
    return step_arcsec * std::hypot(x - middle_x, y - middle_y);
  }
};

Raster raster_of(const Image<double>& image, double step_arcsec) {
  return {.middle_y = 0.5 * (image.ny() - 1),
          .middle_x = 0.5 * (image.nx() - 1),
          .step_arcsec = step_arcsec};
}

/// Flux of the model's constant image: values are per image pixel, samples closer.
double flux_of(const PsfexModel& model) {
  double sum = 0.0;
  for (const double value : model.basis.front().pixels()) sum += value;
  return sum * model.sampling_pix * model.sampling_pix;
}

struct Sample {
  double radius_arcsec = 0.0;
  double brightness = 0.0;
};

std::vector<Sample> samples_of(const PsfexModel& model, double pixel_scale_arcsec) {
  const auto& image = model.basis.front();
  const Raster raster = raster_of(image, model.sampling_pix * pixel_scale_arcsec);
  const double unit = 1.0 / (flux_of(model) * pixel_scale_arcsec * pixel_scale_arcsec);
  std::vector<Sample> samples;
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      const double radius = raster.radius_arcsec(y, x);
      if (radius > fit_from_arcsec && radius < fit_to_arcsec) {
        samples.push_back({radius, unit * image(y, x)});
      }
    }
  }
  return samples;
}

// Free of bounds: ln alpha and ln (beta - 1.8).
using Parameters = std::array<double, 2>;

MoffatFit fit_of(const Parameters& p) {
  return {.alpha_arcsec = std::exp(p[0]), .beta = least_beta + std::exp(p[1])};
}

double misfit_of(const std::vector<Sample>& samples, const Parameters& p) {
  const MoffatFit fit = fit_of(p);
  double sum = 0.0;
  for (const Sample& sample : samples) {
    const double residual =
        moffat_brightness(sample.radius_arcsec, fit.alpha_arcsec, fit.beta) -
        sample.brightness;
    sum += residual * residual;
  }
  return sum;
}

/// One step of Levenberg and Marquardt from p with damping.
Parameters step_from(const std::vector<Sample>& samples, const Parameters& p,
                     double damping) {
  const auto [alpha, beta] = fit_of(p);
  double aa = 0.0, ab = 0.0, bb = 0.0, ra = 0.0, rb = 0.0;
  for (const Sample& sample : samples) {
    const double t = (sample.radius_arcsec / alpha) * (sample.radius_arcsec / alpha);
    const double model = moffat_brightness(sample.radius_arcsec, alpha, beta);
    // d ln(model) / d ln(alpha), d ln(model) / d ln(beta - 1.8)
    const double da = model * (-2.0 + 2.0 * beta * t / (1.0 + t));
    const double db =
        model * (1.0 / (beta - 1.0) - std::log1p(t)) * (beta - least_beta);
    const double residual = sample.brightness - model;
    aa += da * da;
    ab += da * db;
    bb += db * db;
    ra += da * residual;
    rb += db * residual;
  }
  aa *= 1.0 + damping;
  bb *= 1.0 + damping;
  const double determinant = aa * bb - ab * ab;
  return {p[0] + (bb * ra - ab * rb) / determinant,
          p[1] + (aa * rb - ab * ra) / determinant};
}

[[noreturn]] void refuse(const PsfexModel& model, const char* why) {
  throw DataError(fmt::format("PSFEx model {}: outer wings: {}", model.name, why));
}

/// 1 within the crossover, 0 beyond it.
double share_of_raster(double radius_arcsec) {
  return std::clamp((crossover_to_arcsec - radius_arcsec) /
                        (crossover_to_arcsec - crossover_from_arcsec),
                    0.0, 1.0);
}

}  // namespace

double moffat_brightness(double radius_arcsec, double alpha_arcsec, double beta) {
  const double t = radius_arcsec / alpha_arcsec;
  return (beta - 1.0) / (std::numbers::pi * alpha_arcsec * alpha_arcsec) *
         std::pow(1.0 + t * t, -beta);
}

double OuterWings::brightness(double radius_arcsec) const {
  return power_law / (radius_arcsec * radius_arcsec) +
         moffat_weight *
             moffat_brightness(radius_arcsec, moffat_alpha_arcsec, moffat_beta);
}

std::optional<OuterWings> legacysurvey_dr9_wings(std::string_view band, bool compact) {
  if (compact && band != "z") return std::nullopt;
  if (band == "g") return OuterWings{.power_law = 0.00045};
  if (band == "r" || band == "i") return OuterWings{.power_law = 0.00033};
  if (band != "z") return std::nullopt;
  return compact ? OuterWings{.moffat_weight = 0.0095,
                              .moffat_alpha_arcsec = 16.0,
                              .moffat_beta = 2.3}
                 : OuterWings{.moffat_weight = 0.0145,
                              .moffat_alpha_arcsec = 17.65,
                              .moffat_beta = 1.7};
}

MoffatFit fit_moffat(const PsfexModel& model, double pixel_scale_arcsec) {
  check(model);
  if (!(std::abs(flux_of(model)) > 0.0))
    refuse(model, "its constant image has no flux");
  const auto samples = samples_of(model, pixel_scale_arcsec);
  if (samples.size() < 3) {
    refuse(model, "no pixels between 1.8 and 5 arcsec to fit a Moffat profile to");
  }
  constexpr int most_steps = 500;
  constexpr double still = 1.0e-10;  // of ln alpha and ln (beta - 1.8)
  Parameters best{0.0, 0.0};         // alpha 1 arcsec, beta 2.8
  double misfit = misfit_of(samples, best);
  double damping = 1.0e-3;
  for (int step = 0; step < most_steps; ++step) {
    const Parameters next = step_from(samples, best, damping);
    const double moved = std::hypot(next[0] - best[0], next[1] - best[1]);
    const double next_misfit = misfit_of(samples, next);
    if (next_misfit <= misfit) {
      best = next;
      misfit = next_misfit;
      damping *= 0.1;
      if (moved < still) return fit_of(best);
    } else {
      if (moved < still) return fit_of(best);
      damping *= 10.0;
    }
  }
  refuse(model, "the fit of a Moffat profile did not converge");
}

PsfexModel with_outer_wings(const PsfexModel& model, const OuterWings& wings,
                            double pixel_scale_arcsec, double reach_pix) {
  const MoffatFit inner = fit_moffat(model, pixel_scale_arcsec);
  const auto& old = model.basis.front();
  const double step_arcsec = model.sampling_pix * pixel_scale_arcsec;
  const double half_side = 0.5 * (std::min(old.ny(), old.nx()) - 1) * step_arcsec;
  if (half_side < crossover_to_arcsec) {
    refuse(model, "its raster ends within 6 arcsec of its middle, where they set in");
  }
  const int reach = static_cast<int>(std::ceil(reach_pix / model.sampling_pix));
  // The origin (n-1)//2 stays the origin, and an even raster stays even.
  const int grow_y = std::max(0, reach - (old.ny() - 1) / 2);
  const int grow_x = std::max(0, reach - (old.nx() - 1) / 2);
  const double unit = flux_of(model) * pixel_scale_arcsec * pixel_scale_arcsec;
  PsfexModel winged = model;
  for (std::size_t k = 0; k < model.basis.size(); ++k) {
    auto& image = winged.basis[k];
    image.assign(old.ny() + 2 * grow_y, old.nx() + 2 * grow_x);
    const Raster raster = raster_of(image, step_arcsec);
    for (int y = 0; y < image.ny(); ++y) {
      for (int x = 0; x < image.nx(); ++x) {
        const double radius = raster.radius_arcsec(y, x);
        const double share = share_of_raster(radius);
        double value = 0.0;
        if (share > 0.0) value += share * model.basis[k](y - grow_y, x - grow_x);
        if (k == 0 && share < 1.0) {
          value += (1.0 - share) * unit *
                   (moffat_brightness(radius, inner.alpha_arcsec, inner.beta) +
                    wings.brightness(radius));
        }
        image(y, x) = value;
      }
    }
  }
  return winged;
}

}  // namespace lensmill::psf
