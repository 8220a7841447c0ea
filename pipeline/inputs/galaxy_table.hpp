#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// One row of a galaxy catalogue: where its image is.
struct GalaxyRow {
  std::int64_t row = 0;    ///< in the catalogue, from 0
  std::int64_t ident = 0;  ///< IDENT; the row where there is no such column
  std::string file;        ///< absolute
  std::int64_t hdu = 0;    ///< 0: the primary
  double pixel_scale_arcsec = 0.0;
};

/// The rows that pass all cuts, in the catalogue's order. Cuts are made on scalar
/// numeric columns by name and on elements of array columns as NAME[i], i from 0, of
/// the catalogue or else of `fits_catalogue`, which must have the same IDENTs row by
/// row. \throws as open_source_galaxies
std::vector<GalaxyRow> select_galaxies(const config::GalaxySection& section);

}  // namespace lensmill::pipeline
