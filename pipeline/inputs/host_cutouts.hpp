#pragma once

#include <memory>
#include <string>

#include "lib/core/bands.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// The real hosts of a run, from one FITS cube [n, y, x] per band (an image [y, x] is
/// one host) or from one HDF5 dataset [n, band, y, x] whose bands are the run's, in its
/// order; with their weights and masks if the config names them. Every file is opened
/// once; a cutout's pixels are read when they are asked for, scaled to nmgy.
/// \throws IoError; DataError, naming the file: truncated, not an image, shapes that
///   differ between bands or from their inverse variance, another number of bands than
///   the run's, no cutouts, cutouts smaller than the stamp, gzip above 16 MiB
/// \independent
std::shared_ptr<const stages::HostCutouts> open_host_cutouts(
    const config::HostSection& host, const BandNames& bands, int stamp_size_pix);

/// \throws DataError, beginning with `place`: no cutouts, too many, larger than cutouts
/// are, smaller than the stamp
void check_cutouts(const stages::HostCutouts& hosts, const std::string& place,
                   int stamp_size_pix);

}  // namespace lensmill::pipeline
