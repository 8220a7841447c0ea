#pragma once

#include <string>
#include <vector>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// The stored PSF of one band, checked; nothing for analytic kinds. Pixelised kernels
/// come from a FITS image [y, x] or cube [k, y, x] (choose_image) or an HDF5 dataset of
/// the same shapes, named "FILE: /dataset [k]"; `plane` takes one of a cube. PSFEx
/// models come from the file's tables with a PSF_MASK (choose_model). What the file
/// says of its band and its scale is held against the configuration (psf_header.hpp).
/// \param warnings gets what is noticed, for the user
/// \throws IoError; ConfigError: a dataset, hdu, plane or model that the file has not,
///   several that could be meant, another band or scale; DataError, naming file,
///   dataset and index: truncated, of another shape, no kernels, values that are not
///   finite, a sum that is not positive, more than 1 GiB, an unusable model
/// What is tied to hosts is opened by open_psf_of_hosts, but for `plane: host`.
/// PSFEx models get the wings that the config states, as far as they act on the stamp.
/// \independent
stages::PsfInput open_psf(const config::PsfSection& section, const std::string& band,
                          const PixelGrid& grid, std::vector<std::string>& warnings);
/// The same without a word of the warnings.
stages::PsfInput open_psf(const config::PsfSection& section, const std::string& band,
                          const PixelGrid& grid = {});

/// A kernel of a file. \throws DataError, by name, for values that are no PSF's: not
/// finite, a sum that is not positive
psf::PixelKernel checked_kernel(const config::PsfSection& section, Image<double> values,
                                std::string name);

/// \throws DataError if so many samples are too many to be held on every rank
void check_memory(const std::string& what, std::size_t pixels);

/// Whether two or more bands were given one and the same cube with as many planes as
/// there are bands: that is one PSF in several bands, not several kernels per band.
/// \throws ConfigError unless each such band says `plane: all`
void refuse_bands_as_kernels(const config::RunConfig& config,
                             const PerBand<stages::PsfInput>& psf);

}  // namespace lensmill::pipeline
