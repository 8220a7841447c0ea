#pragma once

#include <string>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// The stored PSF of one band, checked; nothing for analytic kinds. Pixelised kernels
/// come from a FITS image [y, x] or cube [k, y, x] (`hdu`, else the first image) or an
/// HDF5 dataset of the same shapes, named "FILE: /dataset [k]"; PSFEx models from the
/// file's first table with a PSF_MASK.
/// \throws IoError; ConfigError: a dataset or hdu that the file's format has not;
///   DataError, naming file, dataset and index: truncated, of another shape, no
///   kernels, values that are not finite, a sum of zero, more than 1 GiB, an unusable
///   model
/// PSFEx models get the wings that the config states, as far as they act on the stamp.
/// \independent
stages::PsfInput open_psf(const config::PsfSection& section, const std::string& band,
                          const PixelGrid& grid = {});

}  // namespace lensmill::pipeline
