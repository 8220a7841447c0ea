#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include "lib/imaging/point_light.hpp"
#include "lib/lens/point_images.hpp"
#include "stages/config/run_config.hpp"
#include "stages/margin_levels.hpp"
#include "stages/source_maker.hpp"
#include "stages/stage.hpp"

namespace lensmill::stages {

/// Whether both error estimates keep the renderer's tolerances. Fixed supersampling has
/// no estimates (NaN), and none that is missed.
bool keeps_tolerances(const imaging::ArcPlanes& planes,
                      const imaging::RenderConfig& tolerances);

/// lens: the lensed source before the PSF, for unit flux, split by image kind, with the
/// margin that its light outside the stamp asks for; the lens and the centre of the
/// apertures. A point source is its images, each of its magnification; with a host
/// galaxy, its share of them.
class LensStage final : public Stage {
 public:
  struct Config {
    int bands = 1;
    std::shared_ptr<const MarginLevels> margins;
    std::shared_ptr<const SourceMaker> source;
    /// Of point sources; none: the source is not one.
    std::optional<config::PointSection> point;
    /// Centre of the apertures, [x, y]; none: the lens.
    std::optional<std::array<double, 2>> aperture_centre_pix;
  };
  explicit LensStage(Config config) : config_(std::move(config)) {}

  Step step() const override { return Step::lens; }
  std::vector<Plane> needs() const override { return {Plane::injection}; }
  std::vector<Plane> gives() const override {
    return {Plane::lens, Plane::aperture, Plane::arc_planes};
  }
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  /// The least margin whose left-out light, by planes that were rendered with the
  /// least, keeps half of the tolerances; else the largest.
  std::size_t choose_level(Stamp& stamp) const;

  /// A source's point images, and their share of its flux.
  struct Points {
    double share = 0.0;
    std::array<imaging::PointLight, lens::PointImages::capacity> light{};
    std::size_t count = 0;
    int left_out = 0;  ///< for their magnification
  };
  /// Those of a row of point sources; its status where they are not to be had.
  Points find_points(Stamp& stamp) const;

  Config config_;
};

}  // namespace lensmill::stages
