#pragma once

#include <string>

#include "lib/core/column.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/field/band_images.hpp"

namespace lensmill::pipeline {

/// Names of a field's files. Looks at no disk.
class FieldFolder {
 public:
  explicit FieldFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string config() const { return path_ + "/field.yaml"; }
  std::string bands() const { return path_ + "/bands"; }
  std::string band(const std::string& name) const {
    return bands() + "/" + name + ".h5";
  }
  /// what: image, empty, invvar, mask
  std::string fits(const std::string& what, const std::string& band) const {
    return path_ + "/" + what + "-" + band + ".fits";
  }
  std::string truth_fits() const { return path_ + "/truth.fits"; }
  std::string truth_h5() const { return path_ + "/truth.h5"; }

 private:
  std::string path_;
};

/// What the files of a field say of how they were made.
struct FieldIdentity {
  std::string config_hash;
  int ranks = 1;
};

/// Write a band's HDF5 file, whole or not at all: its images [y, x] and the table of
/// its injections. \param mask_bits names of the mask's bits, from bit 0 on. It is a
/// band's last file, so that its being there says that the band is made. \collective
/// \throws IoError
void write_band_file(const FieldFolder& folder, const std::string& band,
                     const BandSlabs& slabs, const canvas::ImageSlab& mask,
                     const Table& injections, std::vector<ColumnInfo> columns,
                     const std::vector<std::string>& mask_bits, std::size_t rows,
                     int ny_pix, const FieldIdentity& identity,
                     const Provenance& provenance, const parallel::Communicator& ranks);

/// Whether a band was made before, by the same configuration on as many ranks.
/// \throws ConfigError if it was made otherwise, DataError, IoError \independent
bool band_is_made(const FieldFolder& folder, const std::string& band,
                  const FieldIdentity& identity);
/// The table of its injections. \independent \throws DataError, IoError
Table read_injections(const FieldFolder& folder, const std::string& band,
                      const std::vector<ColumnInfo>& columns);

/// Write a band's images as FITS files. \collective \throws IoError
void write_band_fits(const FieldFolder& folder, const std::string& band,
                     const BandSlabs& slabs, const canvas::ImageSlab& mask,
                     const std::vector<std::string>& mask_bits,
                     const std::vector<canvas::Range>& image_rows,
                     const FieldConfig& config, const Scene& scene,
                     const FieldIdentity& identity,
                     const parallel::Communicator& ranks);

}  // namespace lensmill::pipeline
