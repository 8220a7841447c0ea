#pragma once

#include "lib/psf/kernel_size.hpp"
#include "lib/psf/psf_function.hpp"

namespace lensmill::psf {

/// Shape of an analytic PSF. Isophotes are ellipses of constant circularised radius
/// m = sqrt(q x'^2 + y'^2 / q), x' along the major axis; `fwhm_pix` is on m, i.e. the
/// full width on the axes' geometric mean.
struct PsfShape {
  double fwhm_pix = 0.0;  ///< > 0
  double q = 1.0;         ///< minor over major axis, in (0, 1]
  double phi_rad = 0.0;   ///< major axis, from +x towards +y
};

/// A PSF that is a function of one elliptical radius: Gaussian and Moffat.
class EllipticalPsf : public PsfFunction {
 public:
  /// \throws DataError for a width <= 0, q outside (0, 1] or non-finite values.
  explicit EllipticalPsf(const PsfShape& shape);

  const PsfShape& shape() const { return shape_; }
  double sharpest_fwhm_pix() const override;
  bool eightfold_symmetric() const override { return shape_.q == 1.0; }
  /// Share of the flux inside the circularised radius `m_pix`.
  virtual double flux_within(double m_pix) const = 0;
  /// Share of the flux inside a rectangle about the origin, by quadrature over polar
  /// angle of flux_within (relative error below 1e-9 for q >= 0.2).
  double enclosed_energy(const KernelSize& rectangle) const;

 protected:
  /// m^2 = xx x^2 + xy x y + yy y^2.
  struct Form {
    double xx = 1.0, xy = 0.0, yy = 1.0;
  };
  const Form& form() const { return form_; }

 private:
  PsfShape shape_;
  Form form_;
};

/// Smallest odd square that contains `enclosed_energy` of the PSF's flux.
/// \throws DataError if that needs more than `largest_pix` pixels a side (say
/// size_pix).
KernelSize size_for_enclosed_energy(const EllipticalPsf& psf, double enclosed_energy,
                                    int largest_pix = 1023);

/// Smallest odd square outside which the PSF's density is at most `density_per_pix2`;
/// no larger than 2 * largest_half_pix + 1.
KernelSize size_for_density(const EllipticalPsf& psf, double density_per_pix2,
                            int largest_half_pix);

}  // namespace lensmill::psf
