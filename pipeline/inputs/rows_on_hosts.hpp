#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/rows.hpp"

namespace lensmill::pipeline {

/// Rows of a catalogue that names each row's host by its file: they bring host_index.
class RowsOnHosts final : public catalogue::Rows {
 public:
  /// \throws ConfigError where the rows bring host_index themselves, DataError where
  ///   there are not as many
  RowsOnHosts(std::shared_ptr<const catalogue::Rows> rows,
              std::vector<std::int64_t> host_of_row);

  std::int64_t count() const override { return rows_->count(); }
  const std::vector<std::string>& given() const override { return given_; }
  const std::vector<ColumnInfo>& carried() const override { return rows_->carried(); }
  catalogue::RowBlock read(std::int64_t first, std::int64_t count) const override;

 private:
  std::shared_ptr<const catalogue::Rows> rows_;
  std::vector<std::int64_t> host_of_row_;
  std::vector<std::string> given_;  ///< host_index last
};

}  // namespace lensmill::pipeline
