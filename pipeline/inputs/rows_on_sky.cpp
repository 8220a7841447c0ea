#include "pipeline/inputs/rows_on_sky.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

constexpr auto key = "catalogue.file.conventions.angle_zero: north";
constexpr auto without_wcs =
    "; where north is up and east is left on every stamp, say angle_zero: y and "
    "angle_direction: counterclockwise";

bool draws(const catalogue::Priors& priors, const std::string& quantity) {
  const auto has = [&](const catalogue::JointTable& table) {
    return std::ranges::find(table.quantities, quantity) != table.quantities.end();
  };
  return std::ranges::find(priors.entries, quantity,
                           &catalogue::PriorEntry::quantity) != priors.entries.end() ||
         std::ranges::any_of(priors.joint_tables, has);
}

}  // namespace

RowsOnSky::RowsOnSky(std::shared_ptr<const catalogue::Rows> rows,
                     const std::vector<std::string>& angles,
                     std::shared_ptr<const stages::HostCutouts> hosts,
                     const config::HostSection& section,
                     const catalogue::Priors& priors)
    : rows_(std::move(rows)), hosts_(std::move(hosts)) {
  if (!hosts_ || !hosts_->knows_sky()) {
    throw ConfigError(fmt::format(
        "{}: north is taken from the hosts' WCS, which only host.cutouts.files and "
        "host.survey with positions on the sky have{}",
        key, without_wcs));
  }
  if (section.random_rotation || section.random_flip) {
    throw ConfigError(fmt::format(
        "{}: the hosts are turned or mirrored at random, after which a lens with its "
        "host's angle would not lie along it; leave host.cutouts.random_rotation and "
        "random_flip out",
        key));
  }
  const auto& given = rows_->given();
  for (const char* turn : {"host_rotation", "host_flip"}) {
    if (std::ranges::find(given, turn) == given.end() && !draws(priors, turn)) continue;
    throw ConfigError(
        fmt::format("{}: {} turns or mirrors the hosts on their stamps, after which a "
                    "lens with its "
                    "host's angle would not lie along it; leave {} out",
                    key, turn, turn));
  }
  const auto host = std::ranges::find(given, "host_index");
  if (host == given.end()) {
    throw ConfigError(fmt::format(
        "{}: each row must say its host, whose north it is: by a column host_index, or "
        "by the host's file (host.cutouts: {{files: {{column: NAME}}}})",
        key));
  }
  host_column_ = static_cast<std::size_t>(host - given.begin());
  for (const auto& name : angles) {
    const auto at = std::ranges::find(given, name);
    EXPECT(at != given.end());
    angles_.push_back(
        {.column = static_cast<std::size_t>(at - given.begin()),
         .per_rad = name.ends_with("_deg") ? 180.0 / std::numbers::pi : 1.0});
  }
}

catalogue::RowBlock RowsOnSky::read(std::int64_t first, std::int64_t count) const {
  auto block = rows_->read(first, count);
  for (std::size_t row = 0; row < block.rows(); ++row) {
    double* values = block.values.data() + row * block.columns;
    const auto host = static_cast<std::int64_t>(values[host_column_]);
    auto known = norths_.find(host);
    if (known == norths_.end())
      known = norths_.emplace(host, hosts_->north(host)).first;
    const auto& north = known->second;
    for (const auto& [column, per_rad] : angles_) {
      const double through_east = north.east_is_anticlockwise ? 1.0 : -1.0;
      values[column] = north.phi_rad * per_rad + through_east * values[column];
    }
  }
  return block;
}

}  // namespace lensmill::pipeline
