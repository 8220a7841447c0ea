#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/analysis/audit_fit.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/core/image.hpp"
#include "pipeline/audit/mapping.hpp"
#include "pipeline/audit/stamp_noise.hpp"

namespace lensmill::pipeline {

/// One band of a row: what is fitted, and its noise.
struct AuditBand {
  Image<float> data;  ///< positive - negative or the arc, nmgy; 0 where not finite
  analysis::AuditNoise noise;
  /// Of integers, in nmgy^2; in `noise` already unless stamps are normalised each.
  double rounding_variance = 0.0;
  /// In correlated noise: data over the root of the pixels' variance and made white,
  /// and its noise; null: the noise is white.
  std::shared_ptr<const Whitening> whitening{};
  std::vector<double> pixel_variance{};
  Image<float> white_data{};
  analysis::AuditNoise white_noise{};
};

/// The sampled rows whose truth is complete.
struct AuditRows {
  std::vector<std::int64_t> row;   ///< in the file, ascending
  std::vector<std::string> given;  ///< columns that each row brings
  std::vector<double> values;      ///< [row, given]
  std::int64_t rows_in_file = 0;
  std::int64_t sampled = 0;
  std::int64_t incomplete = 0;    ///< left out: a parameter is not finite
  std::int64_t out_of_range = 0;  ///< left out: a parameter cannot be
  std::string first_problem{};    ///< of these
};

/// Draw `sample` rows without repetition (all, if there are no more) and read their
/// truth. Rows with values out of range are left out and counted.
/// \throws DataError: shapes that do not agree with the mapping; half of the rows or
/// more
///   with values out of range (with row and dataset)
AuditRows read_rows(const AuditMapping& map, const io::hdf5::File& file,
                    std::int64_t sample, std::uint64_t seed);

/// The stamps of one row, [band]; nothing where fewer than half of a band's pixels are
/// finite in all datasets.
class AuditStampReader {
 public:
  /// \throws DataError: a dataset's shape is not what the mapping says
  AuditStampReader(const AuditMapping& map, const io::hdf5::File& file);
  bool read(std::int64_t row, std::vector<AuditBand>& bands) const;

 private:
  /// A dataset of stamps; with scale and offset [N, band] beside it (NAME_scale,
  /// NAME_offset) it is int16 as `output.encoding: int16` writes it.
  struct Planes {
    io::hdf5::Dataset pixels;
    std::unique_ptr<io::hdf5::Dataset> scale, offset;
  };
  /// One plane, and the variance that rounding to int16 adds.
  struct Plane {
    std::vector<float> pixels;
    double rounding_variance = 0.0;
  };
  Planes open(const io::hdf5::File& file, const std::string& name) const;
  std::unique_ptr<Planes> open_beside(const io::hdf5::File& file,
                                      const std::string& name) const;
  Plane plane(const Planes& planes, std::int64_t row, std::size_t band) const;

  const AuditMapping& map_;
  Planes stamps_;
  std::unique_ptr<Planes> negative_, variance_;
};

/// Rows in memory, for stages::Inputs.
class MemoryRows final : public catalogue::Rows {
 public:
  explicit MemoryRows(const AuditRows& rows) : rows_(rows) {}
  std::int64_t count() const override {
    return static_cast<std::int64_t>(rows_.row.size());
  }
  const std::vector<std::string>& given() const override { return rows_.given; }
  catalogue::RowBlock read(std::int64_t first, std::int64_t count) const override;

 private:
  AuditRows rows_;
};

}  // namespace lensmill::pipeline
