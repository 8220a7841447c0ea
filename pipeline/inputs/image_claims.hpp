#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/io/fits/image_hdu.hpp"
#include "lib/io/hdf5/dataset.hpp"
#include "pipeline/inputs/band_of_header.hpp"
#include "pipeline/inputs/local_scale.hpp"
#include "stages/config/host_files.hpp"

/// \file
/// What a file says of its images, held against what a run takes them for.

namespace lensmill::pipeline {

/// A number and the keyword that it stands in.
struct StatedNumber {
  std::string keyword;
  double value = 0.0;
};

/// What an image's header (FITS; the image's own cards, else the primary HDU's) or its
/// attributes (HDF5) state. Nothing is required; what cannot be read is not there.
struct ImageClaims {
  std::string place;                  ///< "FILE, HDU 1"
  std::optional<std::string> unit{};  ///< BUNIT; attribute `unit`
  bool unit_is_own = true;  ///< stated by the image itself, not for the whole file
  std::string name{};       ///< EXTNAME, of the image itself
  std::optional<StatedNumber> zero_point_mag{};  ///< MAGZERO, MAGZP, ZP, FLUXMAG0
  std::optional<double> wcs_scale_arcsec{};    ///< root of a pixel's area by CD, CDELT
  std::optional<LocalScale> local_scale{};     ///< at its middle, distortion included
  std::optional<StatedNumber> scale_arcsec{};  ///< nominal: PIXSCALE, PIXSCAL1, SECPIX
  std::vector<StatedBand> filters{};           ///< BAND, FILTER, FILTNAM, else EXTNAME
  std::optional<std::string> type{};           ///< IMTYPE, PRODTYPE
  std::vector<std::string> bands{};  ///< of a cube's planes: BANDS, BAND0, BAND1, ...
  int planes = 1;
  int axes = 2;
};
/// \throws IoError
ImageClaims claims_of(const io::fits::ImageHdu& image);
ImageClaims claims_of(const io::hdf5::Dataset& dataset);

/// The pixel scale that a header's celestial CD or CDELT keywords give, arcsec.
std::optional<double> wcs_scale_arcsec(const io::fits::Hdu& hdu);

/// The bands of a cube's planes by one HDU's own cards, each list as long as it is
/// stated.
struct PlaneBands {
  std::vector<std::string> numbered;  ///< BAND0, BAND1, ...
  std::vector<std::string> letters;   ///< of BANDS
};
PlaneBands plane_bands_of(const io::fits::Hdu& hdu);

/// What the run takes an image for.
struct ImageUse {
  std::string key;      ///< "host.survey.r"
  std::string section;  ///< "host.survey": where `accept_header_mismatch` goes
  std::string band{};   ///< "" for all bands
  std::optional<double> zero_point_mag{};  ///< none: nmgy
  std::optional<double> pixel_scale_arcsec{};
  /// What the WCS's linear part may be off: more where the optics distort.
  double largest_scale_mismatch = 0.01;
  /// Whether distortion and the shape of pixels count: for a whole survey image they
  /// are looked at where hosts are.
  bool is_whole_image = false;
  bool is_weight = false;
  config::WeightKind weight_kind = config::WeightKind::invvar;
  bool is_cube_of_hosts = false;
};

/// What cannot both be right, one sentence each, with what to do.
struct ClaimFindings {
  std::vector<std::string> problems;  ///< refused unless accepted
  std::vector<std::string> warnings;
};
void compare_claims(const ImageClaims& claims, const ImageUse& use,
                    ClaimFindings& findings);

}  // namespace lensmill::pipeline
