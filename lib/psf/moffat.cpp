#include "lib/psf/moffat.hpp"

#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/psf/radial_profiles.hpp"

namespace lensmill::psf {

Moffat::Moffat(const PsfShape& shape, double beta) : EllipticalPsf(shape), beta_(beta) {
  if (!std::isfinite(beta) || beta <= 1.0) {
    throw DataError(fmt::format(
        "PSF beta: must be > 1, else a Moffat has no finite flux (got {})", beta));
  }
  // expm1: 2^(1/beta) - 1 cancels for large beta.
  const double width = std::expm1(std::numbers::ln2 / beta);
  alpha_pix_ = shape.fwhm_pix / (2.0 * std::sqrt(width));
}

void Moffat::evaluate(std::span<const double> x_pix, std::span<const double> y_pix,
                      std::span<double> density) const {
  const double scale = 1.0 / (alpha_pix_ * alpha_pix_);
  moffat_profile({form().xx * scale, form().xy * scale, form().yy * scale},
                 (beta_ - 1.0) * scale / std::numbers::pi, beta_, x_pix, y_pix,
                 density);
}

double Moffat::flux_within(double m_pix) const {
  const double u = m_pix / alpha_pix_;
  return -std::expm1((1.0 - beta_) * std::log1p(u * u));
}

}  // namespace lensmill::psf
