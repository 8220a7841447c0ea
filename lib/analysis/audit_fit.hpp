#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lib/core/image.hpp"

/// \file
/// How well a rendered arc matches a stamp, given the stamp's noise: what `lensmill
/// audit` compares renders by. Definitions in docs/physics.md, "Audit".

namespace lensmill::analysis {

/// The noise of one band's stamp: the variance of pixel i, for an arc of a m_i nmgy, is
///   V_i = fixed_i + floor + max(a m_i, 0) / gain.
struct AuditNoise {
  /// nmgy^2, one per pixel; infinite: the pixel is left out.
  std::vector<double> fixed_variance;
  /// nmgy^2; keeps pixels without expected electrons from having no variance at all. No
  /// noise is expected to have it: expected_chi2 does not count it.
  double floor_variance = 0.0;
  double inverse_gain = 0.0;  ///< nmgy per electron of the arc; 0: no Poisson noise
  /// Of the model's pixels: how far a right model may be off. It widens what chi2 may
  /// be (expected_chi2), not V.
  double model_error_fraction = 0.0;
};

/// chi^2 and log-likelihood of residuals; sums over pixels, bands, stamps. The
/// log-likelihood is the quasi-likelihood of the variance V (Wedderburn 1974,
/// Biometrika 61, 439), relative to a model that is the data: its score is (data -
/// light)/V, so that the model's own effect on V does not pull the fit. Without
/// `inverse_gain` it is -chi2/2; with it, electrons k + c follow a Poisson law of mean
/// mu + c, c being the variance without the arc's.
struct AuditMatch {
  double chi2 = 0.0;
  /// Mean and variance of chi2 if the model and the noise are right: with a floor and
  /// with few electrons they are not the number of pixels and twice that.
  double expected_chi2 = 0.0;
  double chi2_variance = 0.0;
  double log_likelihood = 0.0;
  double pixels = 0.0;
  /// Sum of light^2/V: the square of the model's signal-to-noise ratio.
  double signal = 0.0;

  AuditMatch& operator+=(const AuditMatch& other);
  /// (chi2 - expected) in standard deviations.
  double deviation() const;
  /// chi2 over what is expected; 1 when model and noise are right.
  double reduced() const;
  /// What the model leaves beyond the noise, over its own light, both weighted by the
  /// noise: sqrt((chi2 - expected)/signal); 0 where chi2 is not above its expectation,
  /// infinite where the model has no light.
  double misfit() const;
};

/// A match with its free amplitude.
struct AuditFit {
  AuditMatch match;
  double amplitude = 0.0;  ///< flux of the stamp's arc over the model's; any sign
  double amplitude_error = 0.0;
};

/// Fit data = a * model by weighted least squares, V following a (five iterations).
/// A model without light has amplitude 0 and an infinite error.
AuditFit fit_amplitude(std::span<const float> data, std::span<const float> model,
                       const AuditNoise& noise);

/// Normal equations of a small shift common to several bands, their amplitudes profiled
/// out: data = a (model - dx d(model)/dx - dy d(model)/dy).
struct ShiftEquations {
  double xx = 0.0, xy = 0.0, yy = 0.0;  ///< Fisher matrix, pix^-2
  double x = 0.0, y = 0.0;              ///< right-hand side
};
/// Add a band; `model` is [y, x] for amplitude 1, its derivatives central differences.
void add_shift_equations(std::span<const float> data, ImageView<const float> model,
                         double amplitude, const AuditNoise& noise,
                         ShiftEquations& equations);

struct Shift {
  double x_pix = 0.0, y_pix = 0.0;
  double x_error_pix = 0.0, y_error_pix = 0.0;
};
/// Solve them; nothing where they do not determine a shift.
std::optional<Shift> solve_shift(const ShiftEquations& equations);

/// Where the largest of y(x) on an even grid lies: the vertex of the parabola through
/// the greatest value and its neighbours; at the grid's ends the end itself.
double parabola_peak(std::span<const double> x, std::span<const double> y);

}  // namespace lensmill::analysis
