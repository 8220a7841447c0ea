#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/column_mapping.hpp"
#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// A user's table as one with this program's columns: those that a mapping names, in
/// our units and conventions. Its other columns can be carried, and are passed over
/// else.
class MappedSource final : public ColumnSource {
 public:
  /// \throws ConfigError with all that is wrong with the mapping: columns that the file
  ///   does not have (with the nearest one), text or several numbers in each row, units
  ///   that are missing or contradict the file's
  MappedSource(std::unique_ptr<const ColumnSource> source, ColumnMapping mapping);

  const std::string& path() const override { return source_->path(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::int64_t rows() const override { return source_->rows(); }
  ColumnFacts facts(const std::string& column) const override;
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<BadCell>& bad) const override;
  std::string where(std::int64_t row) const override { return source_->where(row); }
  std::string origin(const std::string& column) const override;

  /// Columns that are angles from north through east (RowMapping::sky_angles).
  const std::vector<std::string>& sky_angles() const { return rows_.sky_angles(); }

 private:
  static RowMapping made_ready(const ColumnSource& source, ColumnMapping& mapping,
                               std::string& id_column);
  Column read_ids(std::int64_t first, std::int64_t count,
                  std::vector<BadCell>& bad) const;

  std::unique_ptr<const ColumnSource> source_;
  std::string id_column_;  ///< theirs for injection_id, "" for none
  ColumnMapping mapping_;  ///< without injection_id
  RowMapping rows_;
  std::vector<std::string> columns_;
};

}  // namespace lensmill::catalogue
