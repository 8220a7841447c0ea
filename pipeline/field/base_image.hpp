#pragma once

#include <string>
#include <vector>

#include "lib/canvas/image_slab.hpp"
#include "pipeline/field/field_config.hpp"

namespace lensmill::pipeline {

/// Shape and header of the images that injections are added to.
struct BaseGeometry {
  int nx_pix = 0, ny_pix = 0;
  std::vector<std::string> header;  ///< of the first band's image, cards of 80
  bool has_wcs = false;
};

/// Hold the files of all bands against each other and the configuration: shapes, unit
/// (BUNIT, MAGZERO: nmgy), pixel scale of the WCS. Reads headers only.
/// \throws DataError, IoError, naming the file \independent
BaseGeometry look_at_base(const FieldConfig& config);

/// Names of a band's masks, in the order of their bits in BaseSlab::masks.
std::vector<std::string> mask_names(const BaseBand& band);

/// This rank's rows of one band's files. \throws IoError, DataError \independent
struct BaseSlab {
  canvas::ImageSlab image;      ///< nmgy; NaN: no data
  canvas::ImageSlab invvar;     ///< nmgy^-2; 0: no data
  canvas::ImageSlab exposures;  ///< empty where the configuration names none
  canvas::ImageSlab masks;      ///< bit k: masked by the k-th mask; empty without masks
};
BaseSlab read_base(const BaseBand& band, canvas::Range rows);

/// Rows of any such file. \throws IoError, DataError \independent
canvas::ImageSlab read_rows(const std::string& path, canvas::Range rows);
/// \throws DataError unless the file's image is of this shape
void check_shape_of(const std::string& path, int ny_pix, int nx_pix);

/// Header cards of a blank image whose middle is at (ra, dec): TAN, north up, east
/// left.
std::vector<std::string> tan_cards(int nx_pix, int ny_pix, double pixel_scale_arcsec,
                                   std::array<double, 2> centre_deg);

}  // namespace lensmill::pipeline
