#pragma once

#include "lib/light/brightness.hpp"

namespace lensmill::light {

struct SersicParams {
  double reff_arcsec = 0.3;  ///< circularised half-light radius sqrt(ab), > 0
  double sersic_n = 1.0;     ///< [0.3, 8]
  double q = 1.0;            ///< (0, 1]
  double phi_rad = 0.0;      ///< major axis, from +x towards +y
};

/// Exact b_n: gammainc(2n, b_n) = 1/2 (Ciotti & Bertin 1999, A&A 352, 447), to
/// 1e-14 relative. \throws DataError for n outside [0.3, 8].
double sersic_b(double sersic_n);

/// Elliptical Sersic profile I = I_e exp(-b_n [(R/R_eff)^(1/n) - 1]) with
/// R = sqrt(q x'^2 + y'^2/q), of unit total flux to infinity.
class Sersic final : public Brightness {
 public:
  /// \throws DataError when a parameter is outside its range.
  explicit Sersic(const SersicParams& params);

  const SersicParams& params() const { return params_; }
  /// Central brightness for unit flux, 1/arcsec^2 (finite for every n).
  double central_brightness() const { return central_; }
  double at(double x_arcsec, double y_arcsec) const;
  void evaluate(std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                std::span<double> brightness) const override;
  /// That of the circularised radius R.
  RoundMetric round_metric() const override;
  double cusp_radius_arcsec() const override { return 0.0; }
  /// Exact: the flux inside the isophote R = radius.
  double flux_within(double radius_arcsec) const override;
  double brightest_beyond(double distance_arcsec) const override;

 private:
  SersicParams params_;
  double b_ = 0.0;
  double central_ = 0.0;
  double cos_phi_ = 1.0;
  double sin_phi_ = 0.0;
};

}  // namespace lensmill::light
