#pragma once

#include <cstdint>
#include <vector>

#include "lib/io/hdf5/group.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// Where a row lies.
struct RowPlace {
  std::int64_t shard = 0;
  std::int64_t row_in_shard = 0;
};

/// The row with this injection_id: looked for first where ids are row numbers, then in
/// every shard. \independent
/// \throws DataError when no shard that is there has it
RowPlace find_injection(const RunOnDisk& run, std::int64_t injection_id);

/// The row of the catalogue that a row of the run was made from: the same number, or of
/// a run with `catalogue.keep` the candidate's.
class CatalogueRows {
 public:
  explicit CatalogueRows(const RunOnDisk& run) : run_(run) {}
  /// \independent \throws DataError, IoError
  std::int64_t of(std::int64_t row);

 private:
  const RunOnDisk& run_;
  std::int64_t shard_ = -1;  ///< that ids_ are of
  std::vector<std::int64_t> ids_;
};

/// One stored image product of a row, decoded: [band, y, x] in its unit.
struct ProductImage {
  std::string name;
  std::string unit;
  std::string description;
  int bands = 0;
  int ny = 0;
  int nx = 0;
  std::vector<float> pixels;
  ImageView<const float> band(int b) const {
    return {pixels.data() + std::size_t(b) * std::size_t(ny) * std::size_t(nx), ny, nx};
  }
};

/// One row of a product in a shard's /images, decoded. \independent
/// \throws DataError, IoError
ProductImage read_product(const io::hdf5::Group& images, const std::string& name,
                          const RowRange& row);

/// Everything that a run contains of one injection.
struct StoredInjection {
  RowPlace place;
  std::vector<ProductImage> images;
  Table catalogue;     ///< one row
  Table carried;       ///< the user's own columns
  Table measurements;  ///< one row
};
/// \independent \throws DataError, IoError
StoredInjection read_injection(const RunOnDisk& run, std::int64_t injection_id);

}  // namespace lensmill::pipeline
