#include "lib/psf/gaussian.hpp"

#include <cmath>
#include <numbers>

#include "lib/core/units.hpp"
#include "lib/psf/radial_profiles.hpp"

namespace lensmill::psf {

Gaussian::Gaussian(const PsfShape& shape)
    : EllipticalPsf(shape), sigma_pix_(shape.fwhm_pix / fwhm_per_sigma) {}

void Gaussian::evaluate(std::span<const double> x_pix, std::span<const double> y_pix,
                        std::span<double> density) const {
  const double scale = 0.5 / (sigma_pix_ * sigma_pix_);
  gaussian_profile({form().xx * scale, form().xy * scale, form().yy * scale},
                   scale / std::numbers::pi, x_pix, y_pix, density);
}

double Gaussian::flux_within(double m_pix) const {
  const double u = m_pix / sigma_pix_;
  return -std::expm1(-0.5 * u * u);
}

}  // namespace lensmill::psf
