#pragma once

#include <string>
#include <vector>

#include "lib/io/fits/file.hpp"
#include "lib/io/fits/psfex_file.hpp"
#include "stages/config/run_config.hpp"

/// \file
/// What a PSF file says of itself, held against the configuration.

namespace lensmill::pipeline {

/// The band's part of the configuration, and where its messages begin.
struct PsfQuestion {
  const config::PsfSection& section;
  std::string band;
  double pixel_scale_arcsec = 0.0;  ///< of the stamps; 0: not known

  std::string where() const { return "psf." + band; }
  /// The band that the file should be of.
  const std::string& wanted() const {
    return section.file_band.empty() ? band : section.file_band;
  }
};

/// The HDU of a FITS file that contains the band's kernels: that of `hdu`, else the
/// only image, else the only one whose BAND, FILTER (or EXTNAME) is this band's.
/// \throws ConfigError where several images are left, listing them; DataError
int choose_image(const io::fits::File& file, const PsfQuestion& question);

/// The model of a PSFEx file: `hdu`, `ccdname` and `row` say which; none of them is
/// needed where there is only one. \throws ConfigError where none or several are left,
/// listing them; DataError
io::fits::PsfexPlace choose_model(const io::fits::File& file,
                                  const PsfQuestion& question);

/// Hold the band that the header of an HDU (else the primary's) states against the
/// configuration's. \throws ConfigError for another band
void check_band(const io::fits::File& file, int hdu, const PsfQuestion& question,
                std::vector<std::string>& warnings);
/// The same for what an HDF5 dataset's attributes state. \throws ConfigError
void check_band(const std::string& place, const std::string& card,
                const std::string& value, const PsfQuestion& question,
                std::vector<std::string>& warnings);

/// Hold the header's scale of samples (PIXSCALE, PIXELSCL, the WCS, PSF_SAMP) against
/// grid.pixel_scale_arcsec and samples_per_pixel: 1 % is refused, since kernels are not
/// resampled. \param psfex only the scale of pixels is looked at: PSF_SAMP is used
/// \throws ConfigError
void check_scale(const io::fits::File& file, int hdu, bool psfex,
                 const PsfQuestion& question, std::vector<std::string>& warnings);

/// Whether a cube's planes are said to be bands (a card BANDS with as many of them).
/// \throws ConfigError if they are and no `plane` is stated
void check_planes(const io::fits::ImageHdu& image, const PsfQuestion& question);

}  // namespace lensmill::pipeline
