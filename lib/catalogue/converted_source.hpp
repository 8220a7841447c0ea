#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// A table whose columns are held against the units that it states itself: where a unit
/// is another than the quantity's, values are converted (column_units.hpp), or the
/// column is a problem. Columns that are no quantities pass as they are.
class ConvertedSource final : public ColumnSource {
 public:
  explicit ConvertedSource(std::unique_ptr<const ColumnSource> source);

  const std::string& path() const override { return source_->path(); }
  const std::vector<std::string>& columns() const override {
    return source_->columns();
  }
  std::int64_t rows() const override { return source_->rows(); }
  ColumnFacts facts(const std::string& column) const override {
    return source_->facts(column);
  }
  std::vector<UnreadColumn> unread() const override { return source_->unread(); }
  std::vector<std::string> problems() const override { return problems_; }
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<BadCell>& bad) const override;
  std::string where(std::int64_t row) const override { return source_->where(row); }

  /// What was converted, one sentence for each column.
  const std::vector<std::string>& conversions() const { return conversions_; }

 private:
  std::unique_ptr<const ColumnSource> source_;
  std::map<std::string, std::pair<double, std::string>> factors_;  ///< and the unit
  std::vector<std::string> problems_;
  std::vector<std::string> conversions_;
};

}  // namespace lensmill::catalogue
