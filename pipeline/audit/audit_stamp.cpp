#include "pipeline/audit/audit_stamp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/analysis/reported_core.hpp"
#include "lib/core/errors.hpp"
#include "lib/measure/aperture.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::AuditMatch;
using analysis::AuditVerdict;

constexpr int coarse_reach_pix = 2;
// Beyond this a stamp is not called shifted: it is another image.
constexpr double largest_shift_pix = 4.0;
constexpr int shift_iterations = 10;
constexpr double largest_step_pix = 1.0;
// A thousandth of a pixel moves a stamp's core flux by 0.03 %.
constexpr double converged_pix = 1.0e-3;
constexpr double width_step = 0.05;
constexpr double refined_step = 0.01;

struct BandFits {
  AuditMatch match;
  std::vector<double> amplitude;
  double expected_squared = 0.0;  ///< for amplitudes of 1
  double snr_sum = 0.0;
};

BandFits fit_bands(const std::vector<AuditBand>& bands,
                   std::span<const Image<float>> arcs) {
  BandFits result;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const auto& band = bands[b];
    const auto fit =
        band.whitening
            ? analysis::fit_amplitude(
                  band.white_data.pixels(),
                  band.whitening->apply(arcs[b].view(), band.pixel_variance).pixels(),
                  band.white_noise)
            : analysis::fit_amplitude(band.data.pixels(), arcs[b].pixels(), band.noise);
    result.match += fit.match;
    result.amplitude.push_back(fit.amplitude);
    result.snr_sum += fit.amplitude / fit.amplitude_error;
    result.expected_squared += 1.0 / (fit.amplitude_error * fit.amplitude_error);
  }
  return result;
}

std::vector<Image<float>> copied(std::span<const Image<float>> arcs) {
  return {arcs.begin(), arcs.end()};
}

Image<float> moved(const Image<float>& image, int dx, int dy) {
  Image<float> result(image.ny(), image.nx());
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      const int from_y = y - dy;
      const int from_x = x - dx;
      const bool inside =
          from_y >= 0 && from_y < image.ny() && from_x >= 0 && from_x < image.nx();
      result(y, x) = inside ? image(from_y, from_x) : 0.0F;
    }
  }
  return result;
}

/// The best whole-pixel shift: where the linearised fit starts.
AuditChange coarse_shift(const std::vector<AuditBand>& bands,
                         const std::vector<Image<float>>& arcs) {
  AuditChange best;
  double greatest = -std::numeric_limits<double>::infinity();
  std::vector<Image<float>> trial(arcs.size());
  for (int dy = -coarse_reach_pix; dy <= coarse_reach_pix; ++dy) {
    for (int dx = -coarse_reach_pix; dx <= coarse_reach_pix; ++dx) {
      for (std::size_t b = 0; b < arcs.size(); ++b) trial[b] = moved(arcs[b], dx, dy);
      const double value = fit_bands(bands, trial).match.log_likelihood;
      if (!(value > greatest)) continue;
      greatest = value;
      best = {.dx_pix = double(dx), .dy_pix = double(dy)};
    }
  }
  return best;
}

struct ShiftFit {
  analysis::Shift shift;
  BandFits fits;
};

std::optional<ShiftFit> fit_shift(const std::vector<AuditBand>& bands,
                                  AuditRenderer& renderer, AuditChange change) {
  analysis::Shift errors;
  for (int iteration = 0; iteration < shift_iterations; ++iteration) {
    const auto arcs = renderer.correct(change);
    const auto fits = fit_bands(bands, arcs);
    analysis::ShiftEquations equations;
    for (std::size_t b = 0; b < bands.size(); ++b) {
      const auto& band = bands[b];
      if (band.whitening) {
        // A filter's image of a moved arc is the moved image of it.
        const auto white = band.whitening->apply(arcs[b].view(), band.pixel_variance);
        analysis::add_shift_equations(band.white_data.pixels(), white.view(),
                                      fits.amplitude[b], band.white_noise, equations);
      } else {
        analysis::add_shift_equations(band.data.pixels(), arcs[b].view(),
                                      fits.amplitude[b], band.noise, equations);
      }
    }
    const auto step = analysis::solve_shift(equations);
    if (!step) return std::nullopt;
    errors = *step;
    change.dx_pix += std::clamp(step->x_pix, -largest_step_pix, largest_step_pix);
    change.dy_pix += std::clamp(step->y_pix, -largest_step_pix, largest_step_pix);
    const bool far =
        std::max(std::abs(change.dx_pix), std::abs(change.dy_pix)) > largest_shift_pix;
    // NaN is far, too.
    if (far || !std::isfinite(change.dx_pix + change.dy_pix)) return std::nullopt;
    if (std::max(std::abs(step->x_pix), std::abs(step->y_pix)) > converged_pix)
      continue;
    auto final_fits = fit_bands(bands, renderer.correct(change));
    return ShiftFit{.shift = {.x_pix = change.dx_pix,
                              .y_pix = change.dy_pix,
                              .x_error_pix = errors.x_error_pix,
                              .y_error_pix = errors.y_error_pix},
                    .fits = std::move(final_fits)};
  }
  return std::nullopt;
}

double core_excess(const std::vector<AuditBand>& bands,
                   const std::vector<Image<float>>& arcs,
                   const std::vector<double>& amplitude, AuditRenderer& renderer) {
  const auto aperture = measure::pixel_overlap_weights(
      arcs[0].ny(), {.x_pix = renderer.lens_x_pix(),
                     .y_pix = renderer.lens_y_pix(),
                     .radius_pix = analysis::reported_radius_pix});
  double area = 0.0;
  double excess = 0.0;
  double flux = 0.0;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const auto& fixed = bands[b].noise.fixed_variance;
    const auto data = bands[b].data.pixels();
    const auto model = arcs[b].pixels();
    const auto weight = aperture.weight.pixels();
    for (std::size_t i = 0; i < data.size(); ++i) {
      const double light = amplitude[b] * double{model[i]};
      flux += light;
      if (!std::isfinite(fixed[i])) continue;
      area += weight[i];
      excess += weight[i] * (double{data[i]} - light);
    }
  }
  // Without a pixel in the core nothing is known of its excess.
  return flux > 0.0 && area > measure::smallest_area_pix2
             ? excess / flux
             : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

const std::vector<double>& audit_widths() {
  static const std::vector<double> widths = [] {
    std::vector<double> list;
    for (int k = 14; k <= 28; ++k) list.push_back(width_step * k);
    return list;
  }();
  return widths;
}

std::vector<double> refined_widths(double width) {
  std::vector<double> list;
  for (int k = -2; k <= 2; ++k) list.push_back(width + refined_step * k);
  return list;
}

AuditMatch match_change(const std::vector<AuditBand>& bands, AuditRenderer& renderer,
                        const AuditChange& change) {
  return fit_bands(bands, renderer.correct(change)).match;
}

AuditStamp fit_stamp(const std::vector<AuditBand>& bands, AuditRenderer& renderer) {
  AuditStamp result;
  const auto arcs = copied(renderer.correct({}));
  const auto correct = fit_bands(bands, arcs);
  result.scores.correct = correct.match;

  std::optional<BandFits> legacy;
  if (renderer.has_legacy()) {
    try {
      legacy = fit_bands(bands, renderer.legacy());
      result.scores.legacy = legacy->match;
    } catch (const DataError&) {
      // This row's kernel is larger than the stamp: the placement cannot have acted.
    }
  }

  for (const double width : audit_widths()) {
    result.width_scan.push_back(
        match_change(bands, renderer, {.width = width}).log_likelihood);
  }
  result.width = analysis::parabola_peak(audit_widths(), result.width_scan);
  const auto near = refined_widths(result.width);
  std::vector<double> values;
  values.reserve(near.size());
  for (const double width : near) {
    values.push_back(match_change(bands, renderer, {.width = width}).log_likelihood);
  }
  result.width = analysis::parabola_peak(near, values);
  const auto widened = fit_bands(bands, renderer.correct({.width = result.width}));
  result.scores.width = widened.match;

  const auto moved_fit = fit_shift(bands, renderer, coarse_shift(bands, arcs));
  if (moved_fit) {
    result.shift = moved_fit->shift;
    result.scores.shift = moved_fit->fits.match;
  }

  const auto best = analysis::best_model(result.scores);
  const BandFits& fits = best == AuditVerdict::legacy        ? *legacy
                         : best == AuditVerdict::wrong_width ? widened
                         : best == AuditVerdict::shifted     ? moved_fit->fits
                                                             : correct;
  const auto n = static_cast<double>(bands.size());
  result.scores.amplitude_snr = fits.snr_sum / std::sqrt(n);
  result.scores.expected_snr = std::sqrt(fits.expected_squared);
  result.flux_ratio = fits.amplitude;
  result.core_excess = core_excess(bands, arcs, fits.amplitude, renderer);
  result.verdict = analysis::verdict_of(result.scores, {});
  const bool slight = (result.verdict == AuditVerdict::wrong_width &&
                       std::abs(result.width - 1.0) < analysis::least_width_change) ||
                      (result.verdict == AuditVerdict::shifted &&
                       std::hypot(result.shift->x_pix, result.shift->y_pix) <
                           analysis::least_shift_pix);
  if (slight) result.verdict = AuditVerdict::correct;
  return result;
}

}  // namespace lensmill::pipeline
