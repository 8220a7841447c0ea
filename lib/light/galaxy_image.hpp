#pragma once

#include <memory>
#include <vector>

#include "lib/light/brightness.hpp"
#include "lib/light/galaxy_stamp.hpp"
#include "lib/light/structure_map.hpp"

namespace lensmill::light {

/// A galaxy's image made ready to be a source of any size and orientation: B-spline
/// coefficients of its light, shape and structure. Immutable; some hundred KB.
class GalaxyTemplate {
 public:
  /// \param galaxy usable
  GalaxyTemplate(const CleanGalaxy& galaxy, SplineDegree degree);

  SplineDegree degree() const { return degree_; }
  const GalaxyShape& shape() const { return shape_; }
  double flux() const { return flux_; }
  ImageView<const double> coefficients() const { return coefficients_.view(); }
  const StructureMap& structure() const { return structure_; }
  /// Bound on the spline at this distance from the centroid and beyond, image units.
  double brightest_beyond(double distance_pix) const;
  std::size_t bytes() const;

 private:
  SplineDegree degree_;
  GalaxyShape shape_;
  double flux_;
  Image<double> coefficients_;
  StructureMap structure_;
  std::vector<double> beyond_;  ///< by whole pixels of distance
};

enum class Mirrored { no, in_x };

/// The angle in (-pi, pi], from +x towards +y, by which a galaxy whose major axis is at
/// `image_phi_rad` on its image has to be turned, once mirrored, for the axis to be at
/// `phi_rad`.
double galaxy_turn_rad(double image_phi_rad, Mirrored mirrored, double phi_rad);

/// A real galaxy as a source, of unit total flux: its image scaled so that its
/// circularised half-light radius is `reff_arcsec`, mirrored or not, turned so that its
/// major axis is at `phi_rad`, its centroid on the source's centre.
class GalaxyImage final : public Brightness {
 public:
  /// \throws DataError for a size or angle that is not finite, or a size <= 0
  GalaxyImage(std::shared_ptr<const GalaxyTemplate> galaxy, double reff_arcsec,
              double phi_rad, Mirrored mirrored = Mirrored::no);

  /// The size of the image's pixels as a source.
  double pixel_arcsec() const { return pixel_arcsec_; }
  void evaluate(std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                std::span<double> brightness) const override;
  RoundMetric round_metric() const override { return {}; }
  double cusp_radius_arcsec() const override { return -1.0; }
  double flux_within(double radius_arcsec) const override;
  double brightest_beyond(double distance_arcsec) const override;
  double structure_error(double x_arcsec, double y_arcsec,
                         double reach_arcsec) const override;
  double structure_scale_arcsec() const override;

 private:
  std::shared_ptr<const GalaxyTemplate> galaxy_;
  double pixel_arcsec_;
  double scale_;  ///< brightness per unit of the spline, 1/arcsec^2
  double cos_ = 1.0;
  double sin_ = 0.0;
  double mirror_ = 1.0;
};

}  // namespace lensmill::light
