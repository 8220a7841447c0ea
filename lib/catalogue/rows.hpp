#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// A block of catalogue rows: ids and the given values, [row, column] row-major.
struct RowBlock {
  std::vector<std::int64_t> injection_id;
  std::vector<double> values;
  std::size_t columns = 0;
  Table carried{};  ///< as Rows::carried() says

  std::size_t rows() const { return injection_id.size(); }
  std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * columns, columns);
  }
};

/// What gives a catalogue its rows: nothing but a count, a grid, or a file. All reads
/// are const, independent of each other, and bounded by the block asked for.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::int64_t count() const = 0;
  /// Columns and aliases every row brings (InjectionSamplerConfig::given).
  virtual const std::vector<std::string>& given() const = 0;
  /// Columns of the user's that go into the output as they are.
  virtual const std::vector<ColumnInfo>& carried() const;
  virtual RowBlock read(std::int64_t first, std::int64_t count) const = 0;
};

/// `count` rows that bring nothing; injection_id = row number from 0. Also for a Sobol
/// catalogue (Design::sobol).
class SampledRows final : public Rows {
 public:
  explicit SampledRows(std::int64_t count);
  std::int64_t count() const override { return count_; }
  const std::vector<std::string>& given() const override { return given_; }
  RowBlock read(std::int64_t first, std::int64_t count) const override;

 private:
  std::int64_t count_;
  std::vector<std::string> given_;
};

/// One axis of a grid: a column or alias and its values.
struct Axis {
  std::string column;
  std::vector<double> values;
};

/// Values from, from + step, ... up to `to`, which is included when it lies within
/// 1e-6 steps of a value.
/// \throws ConfigError for a step that is 0, non-finite, or leads away from `to`, and
/// for
///   more than 10 million values.
std::vector<double> range_values(double from, double to, double step);

/// Cartesian product of the axes, the last one fastest; injection_id = row number.
class GridRows final : public Rows {
 public:
  /// \throws ConfigError: no axes, an empty axis, a repeated column, unknown column or
  ///   value out of its range, more than 2^53 rows.
  explicit GridRows(std::vector<Axis> axes);
  std::int64_t count() const override { return count_; }
  const std::vector<std::string>& given() const override { return given_; }
  RowBlock read(std::int64_t first, std::int64_t count) const override;

 private:
  std::vector<Axis> axes_;
  std::vector<std::string> given_;
  std::int64_t count_ = 0;
};

/// The rows of a file: any subset of the columns and aliases; injection_id optional
/// (else the row number from 0).
class FileRows final : public Rows {
 public:
  /// Does not validate: see validate_file.hpp, which one rank runs once.
  /// \param carried columns of `carried_from` (a source of the same rows), as its
  ///   stored() says
  explicit FileRows(std::unique_ptr<const ColumnSource> source,
                    std::unique_ptr<const ColumnSource> carried_from = nullptr,
                    std::vector<ColumnInfo> carried = {});
  std::int64_t count() const override;
  const std::vector<std::string>& given() const override { return given_; }
  const std::vector<ColumnInfo>& carried() const override { return carried_; }
  RowBlock read(std::int64_t first, std::int64_t count) const override;
  const ColumnSource& source() const { return *source_; }

 private:
  std::unique_ptr<const ColumnSource> source_, carried_from_;
  std::vector<ColumnInfo> carried_;
  std::vector<std::string> given_;
  std::vector<std::string>
      read_columns_;  ///< given_, and injection_id first if present
  bool has_id_ = false;
};

}  // namespace lensmill::catalogue
