#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// The galaxies of a catalogue in the layout of GalSim's RealGalaxyCatalog (Mandelbaum
/// et al. 2012): a FITS table with a row per galaxy, whose columns GAL_FILENAME (beside
/// the catalogue), GAL_HDU (0 is the primary) and PIXEL_SCALE (arcsec) say where its
/// image is. Those that pass all cuts, in the catalogue's order.
class CatalogueGalaxies : public stages::SourceGalaxies {
 public:
  /// "FILE, row 3 (IDENT 93315)", rows from 1, for messages.
  virtual std::string place(std::int64_t index) const = 0;
  /// "IMAGES.fits[12]": the file and HDU of its image.
  virtual std::string image_place(std::int64_t index) const = 0;
  /// The files that hold their images, each once, in order of first use.
  virtual const std::vector<std::string>& image_files() const = 0;
};

/// Open the catalogue and make the cuts; images are read when they are asked for, with
/// few files open at a time.
/// \throws ConfigError: a cut's column that is not there (with the nearest that is) or
///   has no numbers; DataError: not a table, a column missing, cuts that leave no
///   galaxy, image files that are missing (with the first rows that need them); IoError
/// \independent
std::shared_ptr<const CatalogueGalaxies> open_source_galaxies(
    const config::GalaxySection& section);

}  // namespace lensmill::pipeline
