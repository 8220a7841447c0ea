#pragma once

#include "lib/canvas/image_slab.hpp"
#include "pipeline/field/base_image.hpp"
#include "pipeline/field/scene.hpp"

namespace lensmill::pipeline {

/// Bits of a mask image; from mask_of_base on, a bit for each of the base's masks.
enum MaskBit : std::int32_t {
  mask_injected = 1,       ///< in the box that an injection is measured in
  mask_injected_core = 2,  ///< one of the 3 x 3 pixels about an injection's centre
  mask_no_data = 4,        ///< no data in the base image, or masked
  mask_of_base = 8,
};

/// Names of all bits of a band's mask image, from bit 0 on.
std::vector<std::string> mask_bit_names(int band, const FieldConfig& config);

/// This rank's rows of one band's images.
struct BandSlabs {
  canvas::ImageSlab arc;       ///< noise-free, nmgy
  canvas::ImageSlab empty;     ///< the same field without arcs: base or sky noise
  canvas::ImageSlab image;     ///< empty + arc + the arc's photon noise
  canvas::ImageSlab variance;  ///< of `image`, nmgy^2; 0: not known
  canvas::ImageSlab masks;     ///< the base's, as BaseSlab::masks
  // With `by_kind`: parts of `arc`.
  canvas::ImageSlab arc_saddle;
  canvas::ImageSlab arc_maximum;
};

/// Sky noise of unit variance: white, or with the configuration's correlations. Random
/// numbers go by the image's rows, so that they are the same on any number of ranks
/// (but for roundings of the transform where it is correlated). \collective
canvas::ImageSlab unit_sky(int band, const FieldConfig& config, const Scene& scene,
                           const std::vector<canvas::Range>& image_rows,
                           const parallel::Communicator& ranks);

/// Noise and base of a band about its arcs. \param sky of unit_sky(); not used with a
/// base image \independent
BandSlabs make_images(int band, canvas::ImageSlab arc, canvas::ImageSlab sky,
                      const FieldConfig& config, const Scene& scene);

/// 1 / variance, 0 where that is not known. \independent
canvas::ImageSlab invvar_of(const canvas::ImageSlab& variance);

/// The mask's bits as numbers. \independent
canvas::ImageSlab mask_of(const BandSlabs& slabs, const FieldConfig& config,
                          const Scene& scene);

}  // namespace lensmill::pipeline
