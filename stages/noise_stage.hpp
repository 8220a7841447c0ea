#pragma once

#include <memory>
#include <optional>

#include "lib/imaging/correlated_noise.hpp"
#include "lib/imaging/noise.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/stage.hpp"
#include "stages/turned_noise.hpp"

namespace lensmill::stages {

/// noise: the pair. negative = host with its noise, positive = negative + arc + arc
/// noise; the variance behind the SNRs; and, where the catalogue asks for a target SNR,
/// the source flux that gives it.
class NoiseStage final : public Stage {
 public:
  struct Config {
    int bands = 1;
    config::HostKind host = config::HostKind::none;
    bool enabled = true;
    PerBand<double> gain_e_per_nmgy{};
    bool target_snr = false;
    /// Correlations of the noise; null: white. Real hosts keep their own noise, these
    /// are then its correlations.
    PerBand<std::shared_ptr<const TurnedNoise>> correlation{};
    /// Real hosts: whether the variance besides host_variance, which is white, has the
    /// host's Poisson noise too.
    bool adds_host_poisson = false;
    /// Synthetic noise of this inverse variance instead of sky_sigma_nmgy; null: none.
    std::shared_ptr<const InvvarMaps> maps;
    PerBand<double> variance_times_invvar{};  ///< of the maps
  };
  explicit NoiseStage(Config config);

  Step step() const override { return Step::noise; }
  std::vector<Plane> needs() const override;
  std::vector<Plane> gives() const override;
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  bool real() const { return config_.host == config::HostKind::cutouts; }
  bool correlated() const;
  void fill_sky_variance(Stamp& stamp, const InjectionStreams& streams) const;
  bool read_maps(Stamp& stamp, const MapPlace& place) const;
  void fill_variance(Stamp& stamp, std::size_t band, const Image<float>& arc) const;
  std::optional<double> target_scale(Stamp& stamp) const;
  void solve_target_snr(Stamp& stamp) const;
  imaging::NonPositivePixels add_noise(Stamp& stamp, const InjectionStreams& streams,
                                       std::size_t band) const;

  Config config_;
};

}  // namespace lensmill::stages
