#pragma once

#include <vector>

#include "lib/light/sersic.hpp"

namespace lensmill::light {

/// A round star-forming knot of a clumpy source.
struct Knot {
  double x_arcsec = 0.0;  ///< from the source's centre
  double y_arcsec = 0.0;
  double reff_arcsec = 0.03;   ///< half-light radius, > 0
  double flux_fraction = 0.0;  ///< of the whole source's flux, >= 0
};

/// A Sersic body and knots upon it (round Sersic profiles of one index), of unit total
/// flux: the body has what the knots leave.
class ClumpySersic final : public Brightness {
 public:
  /// \throws DataError when a parameter is outside its range, or the knots have more
  ///   than the whole flux.
  ClumpySersic(const SersicParams& body, std::span<const Knot> knots,
               double knot_sersic_n);

  void evaluate(std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                std::span<double> brightness) const override;
  /// The body's.
  RoundMetric round_metric() const override { return body_.round_metric(); }
  double cusp_radius_arcsec() const override { return 0.0; }
  /// The body's inside that isophote and the most that knots may add.
  double flux_within(double radius_arcsec) const override;
  /// Of the knots.
  std::span<const Cusp> further_cusps() const override { return centres_; }
  double flux_within_cusp(std::size_t knot, double radius_arcsec) const override;
  double brightest_beyond(double distance_arcsec) const override;

 private:
  Sersic body_;
  double body_flux_ = 1.0;  ///< this and the knots' add up to 1
  std::vector<Sersic> knots_;
  std::vector<Cusp> centres_;  ///< of the knots, like the next
  std::vector<double> flux_;
};

}  // namespace lensmill::light
