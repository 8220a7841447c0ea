#pragma once

#include <memory>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/margin_levels.hpp"
#include "stages/stage.hpp"

namespace lensmill::stages {

/// host: the galaxy that the arc is painted onto. A synthetic one is integrated over
/// pixels like the arc and convolved with the row's PSF; a real one is read, oriented
/// and cropped, with its own variance and, where there are any, its mask. A
/// host with an unmasked pixel that is not finite, with one value in all of them,
/// without any valid variance, or with fewer valid pixels than asked for, is bad_host.
class HostStage final : public Stage {
 public:
  struct Config {
    int bands = 1;
    int stamp_size_pix = 64;
    config::HostKind kind = config::HostKind::none;
    /// Synthetic hosts.
    std::shared_ptr<const MarginLevels> margins;
    /// Real hosts.
    std::shared_ptr<const Inputs> inputs;
    bool variance_includes_source_poisson = true;
    double min_valid_fraction = 0.0;  ///< of a stamp's pixels; with masks
    PerBand<double> gain_e_per_nmgy{};
    /// Whether SNRs with the covariance are wanted, for which sky_variance is filled:
    /// inverse variances from maps, times this.
    bool correlated = false;
    PerBand<double> variance_times_invvar{};
  };
  explicit HostStage(Config config);

  Step step() const override { return Step::host; }
  std::vector<Plane> needs() const override;
  std::vector<Plane> gives() const override;
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  void render_sersic(Stamp& stamp) const;
  void read_cutouts(Stamp& stamp) const;
  void read_pixels(Stamp& stamp, int band) const;
  void fill_variance(Stamp& stamp, std::size_t band) const;

  Config config_;
  lens::LensModel no_lens_{lens::LensParams{.theta_e_arcsec = 0.0}};
};

}  // namespace lensmill::stages
