#pragma once

#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/core/pixel_grid.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::stages {

/// Where a row's lens is put.
enum class LensPlace { as_sampled, host_geometric, host_centroid, host_position };

/// Set what a row takes from where its host (cut from survey images) is: host_ra_deg,
/// host_x_pix, host_offset_x_pix, ... and the PSF model's position in the bands with
/// `position: host`. The lens, with LensPlace::host_position, goes exactly onto the
/// host of the first band; host_offset_x_pix is how far the others' are from that,
/// since their cutouts are shifted by whole pixels only. \return false if the host is
/// not on every band's image
bool place_on_survey(const HostCutouts& hosts,
                     const std::vector<config::PsfSection>& psf, const PixelGrid& grid,
                     LensPlace lens_place, catalogue::Injection& injection);

}  // namespace lensmill::stages
