#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// Some rows of a table, in their order there.
class SelectedSource final : public ColumnSource {
 public:
  /// \pre rows ascend. Memory: 8 bytes per row
  SelectedSource(std::unique_ptr<const ColumnSource> source,
                 std::vector<std::int64_t> rows)
      : source_(std::move(source)), selected_(std::move(rows)) {}

  const std::string& path() const override { return source_->path(); }
  const std::vector<std::string>& columns() const override {
    return source_->columns();
  }
  std::int64_t rows() const override {
    return static_cast<std::int64_t>(selected_.size());
  }
  ColumnFacts facts(const std::string& column) const override {
    return source_->facts(column);
  }
  std::vector<UnreadColumn> unread() const override { return source_->unread(); }
  std::vector<std::string> problems() const override { return source_->problems(); }
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<BadCell>& bad) const override;
  std::vector<std::string> read_texts(std::int64_t first, std::int64_t count,
                                      const std::string& column) const override;
  ColumnInfo stored(const std::string& column) const override {
    return source_->stored(column);
  }
  Column read_stored(std::int64_t first, std::int64_t count,
                     const ColumnInfo& info) const override;
  std::string where(std::int64_t row) const override {
    return source_->where(selected_[static_cast<std::size_t>(row)]);
  }
  std::string origin(const std::string& column) const override {
    return source_->origin(column);
  }

 private:
  /// Calls visit(first in source, count, first row of ours) for stretches of rows that
  /// are read at once.
  template <class Visit>
  void for_stretches(std::int64_t first, std::int64_t count, Visit&& visit) const;

  std::unique_ptr<const ColumnSource> source_;
  std::vector<std::int64_t> selected_;
};

}  // namespace lensmill::catalogue
