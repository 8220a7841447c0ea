#pragma once

#include "stages/config/run_config.hpp"
#include "stages/stage.hpp"

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
  };
  explicit NoiseStage(Config config);

  std::string_view name() const override { return "noise"; }
  std::vector<Plane> needs() const override {
    return {Plane::injection, Plane::arc, Plane::counter_image, Plane::host};
  }
  std::vector<Plane> gives() const override {
    return {Plane::negative, Plane::positive, Plane::variance};
  }
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  void fill_variance(Stamp& stamp, std::size_t band, const Image<float>& arc) const;
  void solve_target_snr(Stamp& stamp) const;

  Config config_;
};

}  // namespace lensmill::stages
