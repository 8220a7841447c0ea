#pragma once

#include "lib/psf/elliptical_psf.hpp"

namespace lensmill::psf {

/// Moffat (1969, A&A 3, 455) PSF: (beta - 1) / (pi alpha^2) (1 + m^2 / alpha^2)^-beta,
/// m the circularised radius, alpha = fwhm / (2 sqrt(2^(1/beta) - 1)).
class Moffat final : public EllipticalPsf {
 public:
  /// \throws DataError for beta <= 1 (no finite flux) or a bad shape.
  Moffat(const PsfShape& shape, double beta);
  void evaluate(std::span<const double> x_pix, std::span<const double> y_pix,
                std::span<double> density) const override;
  double flux_within(double m_pix) const override;
  double beta() const { return beta_; }

 private:
  double beta_;
  double alpha_pix_;
};

}  // namespace lensmill::psf
