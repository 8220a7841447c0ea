#include "pipeline/inputs/rows_on_hosts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {

RowsOnHosts::RowsOnHosts(std::shared_ptr<const catalogue::Rows> rows,
                         std::vector<std::int64_t> host_of_row)
    : rows_(std::move(rows)),
      host_of_row_(std::move(host_of_row)),
      given_(rows_->given()) {
  if (std::ranges::find(given_, "host_index") != given_.end()) {
    throw ConfigError(
        "host.cutouts.files: each row of the catalogue names its host's file, and its "
        "column host_index says another thing; leave one out");
  }
  if (static_cast<std::int64_t>(host_of_row_.size()) != rows_->count()) {
    throw DataError(
        fmt::format("host.cutouts.files: the catalogue has {} rows, but {} file names",
                    rows_->count(), host_of_row_.size()));
  }
  given_.push_back("host_index");
}

catalogue::RowBlock RowsOnHosts::read(std::int64_t first, std::int64_t count) const {
  auto block = rows_->read(first, count);
  catalogue::RowBlock with_hosts{.injection_id = block.injection_id,
                                 .values = {},
                                 .columns = block.columns + 1,
                                 .carried = std::move(block.carried)};
  for (std::size_t row = 0; row < block.rows(); ++row) {
    const auto values = block.row(row);
    with_hosts.values.insert(with_hosts.values.end(), values.begin(), values.end());
    with_hosts.values.push_back(
        static_cast<double>(host_of_row_[static_cast<std::size_t>(first) + row]));
  }
  return with_hosts;
}

}  // namespace lensmill::pipeline
