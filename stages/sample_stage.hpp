#pragma once

#include <memory>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"
#include "lib/core/pixel_grid.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/stage.hpp"
#include "stages/survey_place.hpp"

namespace lensmill::stages {

/// sample: the row's complete truth, from what the catalogue gives and the priors. A
/// row that needs what its real host could not be measured for (flux, centroid), or
/// whose host is off a survey image, is bad_host, one whose source galaxy is unusable
/// bad_source; one whose place on the CCD is beyond its PSFEx model is bad_psf.
class SampleStage final : public Stage {
 public:
  /// Where the lens stands on a real host that the catalogue does not place it on.
  struct Config {
    std::shared_ptr<const catalogue::InjectionSampler> sampler;
    LensPlace lens_place = LensPlace::as_sampled;
    int bands = 1;
    PixelGrid grid;
    std::shared_ptr<const Inputs> inputs;
    /// Of the run, for PSFs by position.
    std::vector<config::PsfSection> psf;
  };
  explicit SampleStage(Config config);

  Step step() const override { return Step::sample; }
  std::vector<Plane> needs() const override { return {}; }
  std::vector<Plane> gives() const override { return {Plane::injection}; }
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  /// The injection, placed on its host.
  void place(Stamp& stamp) const;

  Config config_;
};

}  // namespace lensmill::stages
