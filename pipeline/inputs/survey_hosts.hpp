#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/core/pixel_grid.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// Hosts cut from survey images (`host.survey`): plain or tile-compressed FITS images,
/// aligned between bands by their world coordinates alone. Nothing is resampled.

namespace lensmill::pipeline {

/// Cutouts of an odd number of pixels (the stamp's, or one more) about the positions.
/// In the first band the position's own pixel is the middle one. In the others the
/// middle is the pixel that brings the position closest to where it is in the first
/// band's cutout: within half a pixel per axis. Each image is opened once; a cutout
/// reads its own pixels (of a compressed image: the tiles that they are in).
///
/// Pixels outside the image, undefined ones, and those whose weight is not positive are
/// masked. With `sky_subtracted: false` each cutout loses a constant: the stated `sky`,
/// or the median of its own outer frame (imaging::frame_background).
/// \throws IoError; DataError, naming the file: not an image, a weight of another
/// shape,
///   no usable WCS where one is needed, a pixel scale or an orientation that does not
///   fit the grid or the first band, `position_offset_pix: header` without LTV keywords
/// \param warnings gets what is noticed, for the user
/// \independent
std::shared_ptr<const stages::HostCutouts> open_survey_hosts(
    const config::RunConfig& config, std::vector<std::string>& warnings);

/// What the user should know of them, one sentence each: hosts off an image, bands more
/// than half a pixel apart, hosts outside the area that a PSFEx model was fitted on.
/// \independent
std::vector<std::string> survey_warnings(const stages::HostCutouts& hosts,
                                         const config::RunConfig& config,
                                         const PerBand<stages::PsfInput>& psf);

}  // namespace lensmill::pipeline
