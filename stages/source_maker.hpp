#pragma once

#include <memory>
#include <variant>

#include "lib/catalogue/injection.hpp"
#include "lib/light/clumpy_sersic.hpp"
#include "lib/light/galaxy_image.hpp"
#include "stages/config/run_config.hpp"
#include "stages/galaxy_cache.hpp"
#include "stages/inputs.hpp"

namespace lensmill::stages {

/// What one rank needs to make sources, reused from row to row.
struct SourceBuffers {
  std::variant<std::monostate, light::Sersic, light::ClumpySersic, light::GalaxyImage>
      source;
  GalaxyCache galaxies;
  Image<float> image;
};

/// How a galaxy of this pixel scale is cleaned by the configuration.
light::GalaxyCleaning cleaning_of(const config::GalaxySection& section,
                                  double pixel_scale_arcsec);

/// Makes the source of an injection, or the extended part of one with a point: a Sersic
/// profile, a clumpy one, or a real galaxy.
class SourceMaker {
 public:
  SourceMaker(config::SourceSection section, std::shared_ptr<const Inputs> inputs);

  /// The source, which lives in `buffers` until the next is made. A row's galaxy must
  /// be usable. \throws IoError, DataError when the galaxy's image cannot be read
  const light::Brightness& make(const catalogue::Injection& injection,
                                SourceBuffers& buffers) const;

 private:
  light::GalaxyImage galaxy_of(const catalogue::Injection& injection,
                               SourceBuffers& buffers) const;

  config::SourceSection section_;
  std::shared_ptr<const Inputs> inputs_;
};

}  // namespace lensmill::stages
