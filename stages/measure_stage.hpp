#pragma once

#include <memory>
#include <vector>

#include "lib/core/interval.hpp"
#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/measure/aperture.hpp"
#include "lib/measure/core_leakage.hpp"
#include "stages/config/run_config.hpp"
#include "stages/margin_levels.hpp"
#include "stages/stage.hpp"
#include "stages/turned_noise.hpp"

namespace lensmill::stages {

/// measure: every column of /measurements, from the planes of the stages before.
class MeasureStage final : public Stage {
 public:
  struct Config {
    int bands = 1;
    PixelGrid grid;
    std::vector<double> aperture_radius_pix;
    config::ApertureMask mask = config::ApertureMask::pixel_overlap;
    Interval annulus_pix;
    int profile_bins = 32;
    std::shared_ptr<const MarginLevels> margins;
    double pixel_tolerance = 1.0e-3;  ///< of the integration
    /// Correlations of the noise, for SNRs with its covariance; null: none.
    PerBand<std::shared_ptr<const TurnedNoise>> correlation{};
  };
  explicit MeasureStage(Config config);

  Step step() const override { return Step::measure; }
  std::vector<Plane> needs() const override;
  /// It adds to the arc's transforms those that only the split by kind needs.
  std::vector<Plane> gives() const override {
    return {Plane::arc_fields, Plane::measurement};
  }
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  const imaging::Convolver& convolver_of(const Stamp& stamp) const;
  measure::ApertureWeights core_weights(const measure::Disc& disc) const;
  void update_apertures(Stamp& stamp) const;
  void update_masked(Stamp& stamp, std::size_t band) const;
  /// CoreSums::transported: flux in each core aperture after the band's PSF, by kind,
  /// for unit source flux: w~ . I_k of the split.
  void transport_flux(Stamp& stamp, std::size_t band) const;
  void measure_point_images(Stamp& stamp) const;
  void measure_core(Stamp& stamp) const;
  void measure_split(Stamp& stamp, std::size_t band) const;
  void measure_covariance(Stamp& stamp, std::size_t band) const;
  void measure_band(Stamp& stamp, std::size_t band) const;

  Config config_;
};

}  // namespace lensmill::stages
