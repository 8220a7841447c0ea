#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/catalogue/rows.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// Rows whose position angles are given from the sky's north through east: each is put
/// on the stamp by the WCS of its row's host.
class RowsOnSky final : public catalogue::Rows {
 public:
  /// \param angles columns in rad or deg (OpenedRows::sky_angles)
  /// \throws ConfigError: no hosts with WCS, rows that do not say their host, hosts
  ///   that are turned or mirrored on the stamp
  RowsOnSky(std::shared_ptr<const catalogue::Rows> rows,
            const std::vector<std::string>& angles,
            std::shared_ptr<const stages::HostCutouts> hosts,
            const config::HostSection& section, const catalogue::Priors& priors);

  std::int64_t count() const override { return rows_->count(); }
  const std::vector<std::string>& given() const override { return rows_->given(); }
  const std::vector<ColumnInfo>& carried() const override { return rows_->carried(); }
  /// \throws DataError: a row's host has no usable WCS
  catalogue::RowBlock read(std::int64_t first, std::int64_t count) const override;

 private:
  struct Angle {
    std::size_t column = 0;
    double per_rad = 1.0;  ///< the column's unit
  };
  std::shared_ptr<const catalogue::Rows> rows_;
  std::shared_ptr<const stages::HostCutouts> hosts_;
  /// Of hosts met so far: a file may have to be opened for each.
  mutable std::unordered_map<std::int64_t, stages::North> norths_;
  std::size_t host_column_ = 0;
  std::vector<Angle> angles_;
};

}  // namespace lensmill::pipeline
