#pragma once

#include "lib/psf/elliptical_psf.hpp"

namespace lensmill::psf {

/// Gaussian PSF: exp(-m^2 / (2 sigma^2)) / (2 pi sigma^2), m the circularised radius.
class Gaussian final : public EllipticalPsf {
 public:
  explicit Gaussian(const PsfShape& shape);
  void evaluate(std::span<const double> x_pix, std::span<const double> y_pix,
                std::span<double> density) const override;
  double flux_within(double m_pix) const override;
  double sigma_pix() const { return sigma_pix_; }

 private:
  double sigma_pix_;
};

}  // namespace lensmill::psf
