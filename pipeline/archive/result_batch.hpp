#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/core/column.hpp"
#include "stages/chain.hpp"

namespace lensmill::pipeline {

/// A column and where it lies in a shard: "images/positive", "catalogue/lens_q".
struct ShardColumn {
  std::string path;
  const Column* column = nullptr;
};

/// The finished rows of one rank until they are written: every dataset of a shard as a
/// column, in the order images, catalogue, carried columns, measurements.
class ResultBatch {
 public:
  /// \param carried the user's own columns (catalogue::Rows::carried)
  explicit ResultBatch(const stages::Chain& chain,
                       const std::vector<ColumnInfo>& carried = {});

  /// Bytes that one row takes.
  std::size_t row_bytes() const;
  std::size_t rows() const { return rows_; }
  /// Make room for `rows` rows; their contents are undefined until stored.
  void resize(std::size_t rows);
  /// Copy what the chain made of one injection into a row.
  void store(std::size_t row, const stages::Stamp& stamp);
  /// Copy row `from` of the user's columns, as the catalogue's rows bring them.
  void store_carried(std::size_t row, const Table& carried, std::size_t from);

  /// All columns; the pointers hold until the batch is gone.
  const std::vector<ShardColumn>& columns() const { return columns_; }
  /// Names with their group, as datasets of a shard.
  std::vector<ColumnInfo> datasets() const;
  const Table& catalogue() const { return catalogue_; }
  const Table& measurements() const { return measurements_; }
  /// Rows stored so far of which an int16 image has steps above half its noise.
  std::int64_t coarse_rows() const { return coarse_rows_; }

 private:
  /// Whether int16 steps, if any, are fine enough.
  bool store_image(std::size_t row, std::size_t product, const stages::Stamp& stamp);

  const stages::Chain& chain_;
  std::size_t rows_ = 0;
  std::int64_t coarse_rows_ = 0;
  Table images_;  ///< per product: pixels; int16: pixels, scale, offset
  Table catalogue_;
  Table carried_;
  Table measurements_;
  std::vector<ShardColumn> columns_;
};

/// Rows that one rank keeps before they are written: as many as fit `budget_bytes`.
std::int64_t rows_in_memory(std::size_t row_bytes, std::size_t budget_bytes);

/// What a rank's finished rows may take in memory.
inline constexpr std::size_t batch_budget_bytes = std::size_t{48} << 20U;
/// The same of rows that a selection has kept: how many there are is known when the
/// whole shard has been tried. What is above it is rendered a second time.
inline constexpr std::size_t kept_budget_bytes = std::size_t{256} << 20U;

/// One image as int16: pixel = offset + scale * value, value -32768 for a pixel that is
/// not finite; the error is at most half a step of (max - min) / 65534. A constant
/// image is stored exactly, with scale 0.
struct Int16Scaling {
  double scale = 0.0;
  double offset = 0.0;
};
/// Whether a step is no larger than half the least noise of an image with this variance
/// (then rounding adds at most 1 % to the noise); true where nothing has a variance.
bool is_fine(const Int16Scaling& scaling, std::span<const float> variance);
Int16Scaling encode_int16(std::span<const float> pixels, std::span<std::int16_t> out);
/// The pixel of a code; NaN for -32768.
float decode_int16(std::int16_t code, const Int16Scaling& scaling);

}  // namespace lensmill::pipeline
