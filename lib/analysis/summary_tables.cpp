#include "lib/analysis/summary_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "lib/analysis/summary_state.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::analysis {
namespace {

// In the order of state::CoreTerm.
constexpr std::array<const char*, state::core_terms> core_columns{
    "core_flux_fraction",
    "core_flux_fraction_saddle_intrinsic",
    "core_flux_fraction_minimum_intrinsic",
    "core_flux_fraction_maximum_intrinsic",
    "core_flux_fraction_saddle_psf",
    "core_flux_fraction_minimum_psf",
    "core_flux_fraction_maximum_psf",
};
// The square of a mean's largest term must fit a FixedSum.
constexpr double largest_core_flux = 1024.0;

/// One of the two tables of a block, by the name of its group in a file.
struct Source {
  const Table& table;
  const char* group;
  std::size_t rows;
};

/// The values of a column, all rows one after the other.
template <class T>
std::span<const T> values_of(const Source& source, const char* name,
                             const std::vector<std::size_t>& row_shape = {}) {
  const auto fail = [&](const std::string& problem) {
    throw DataError(fmt::format("{}/{}: {} (the run's summary reads it)", source.group,
                                name, problem));
  };
  const Column* column = find_column(source.table, name);
  if (column == nullptr) fail("the column is missing");
  const ColumnInfo& info = column->info();
  if (info.type != element_type_of<T>()) {
    fail(fmt::format("must be {}, is {}", to_string(element_type_of<T>()),
                     to_string(info.type)));
  }
  if (info.row_shape != row_shape) {
    fail(fmt::format("must have rows of shape {}, has {}", row_shape, info.row_shape));
  }
  if (column->rows() != source.rows) {
    fail(fmt::format("has {} rows, its block {}", column->rows(), source.rows));
  }
  return column->values<T>();
}

/// Which counter a row's status has; nothing for a number that is no status.
std::optional<std::size_t> place_of(std::int32_t status) {
  for (std::size_t i = 0; i < all_statuses.size(); ++i) {
    if (static_cast<std::int32_t>(all_statuses[i]) == status) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> bin_of(double theta_e, const std::vector<double>& edges) {
  if (!(theta_e >= edges.front() && theta_e <= edges.back())) return std::nullopt;
  const auto above = std::ranges::upper_bound(edges, theta_e);
  const auto bin = static_cast<std::size_t>(above - edges.begin()) - 1;
  return std::min(bin, edges.size() - 2);
}

void add_radius(std::span<std::int64_t> counters, double radius_pix) {
  if (!(radius_pix >= 0.0)) return;  // NaN: the row has no such image
  if (radius_pix < 3.0) ++counters[state::within_3];
  if (radius_pix < 5.0) ++counters[state::within_5];
  state::add_to_histogram(
      state::radius_shape,
      counters.subspan(state::radius_histogram, state::radius_shape.size()),
      radius_pix);
}

using CoreValues = std::array<double, state::core_terms>;

void add_core(std::span<std::int64_t> group, const CoreValues& values) {
  const bool defined = std::ranges::all_of(
      values, [](double v) { return std::abs(v) <= largest_core_flux; });
  if (!defined) return;
  ++group[state::core_rows];
  const auto sum_at = [&](std::size_t first) {
    return state::FixedSum(group.subspan(first, 2));
  };
  for (std::size_t k = 0; k < values.size(); ++k) {
    state::add_to_sum(sum_at(state::core_sums + 2 * k), values[k]);
  }
  state::add_to_sum(sum_at(state::core_square), values[0] * values[0]);
}

/// The columns of one block that the summary reads.
struct Block {
  std::span<const double> theta_e, src_x, src_y, sis, saddle;
  std::span<const std::int32_t> status, saddles;
  std::span<const std::uint8_t> rendered;
  std::array<std::span<const double>, state::core_terms> core;
};

Block block_of(const Table& catalogue, const Table& measurements,
               const SummaryConfig& config) {
  const Column* first = find_column(measurements, "status");
  const std::size_t rows = first == nullptr ? 0 : first->rows();
  const Source truth{catalogue, "/catalogue", rows};
  const Source measured{measurements, "/measurements", rows};
  const auto status = values_of<std::int32_t>(measured, "status");
  Block block{
      .theta_e = values_of<double>(truth, "theta_e_arcsec"),
      .src_x = values_of<double>(truth, "src_x_arcsec"),
      .src_y = values_of<double>(truth, "src_y_arcsec"),
      .sis = values_of<double>(measured, "sis_inner_radius_pix"),
      .saddle = values_of<double>(measured, "counter_image_radius_pix"),
      .status = status,
      .saddles = values_of<std::int32_t>(measured, "n_saddles"),
      .rendered = values_of<std::uint8_t>(measured, "rendered"),
      .core = {},
  };
  for (std::size_t k = 0; k < core_columns.size(); ++k) {
    block.core[k] =
        values_of<double>(measured, core_columns[k],
                          {config.bands.size(), config.aperture_radius_pix.size()});
  }
  return block;
}

}  // namespace

const std::vector<std::string>& summary_catalogue_columns() {
  static const std::vector<std::string> names{"theta_e_arcsec", "src_x_arcsec",
                                              "src_y_arcsec"};
  return names;
}

const std::vector<std::string>& summary_measurement_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"status", "rendered", "n_saddles",
                                 "sis_inner_radius_pix", "counter_image_radius_pix"};
    all.insert(all.end(), core_columns.begin(), core_columns.end());
    return all;
  }();
  return names;
}

SummaryTables::SummaryTables(SummaryConfig config) : config_(std::move(config)) {
  const auto& edges = config_.theta_e_edges_arcsec;
  EXPECT(edges.size() >= 2);
  EXPECT(std::ranges::adjacent_find(edges, std::ranges::greater_equal()) ==
         edges.end());
  core_ = reported_core(config_.bands, config_.aperture_radius_pix);
  state_.resize(state::size(edges.size() - 1));
}

void SummaryTables::add(const Table& catalogue, const Table& measurements) {
  const Block block = block_of(catalogue, measurements, config_);
  const std::span<std::int64_t> all = state_;
  const std::size_t radii = config_.aperture_radius_pix.size();
  for (std::size_t row = 0; row < block.status.size(); ++row) {
    ++all[state::rows];
    if (block.rendered[row] == 0) {
      ++all[state::not_rendered];
      continue;
    }
    const auto status = place_of(block.status[row]);
    if (!status) {
      ++all[state::unknown_status];
      continue;
    }
    ++all[state::first_status + *status];
    if (is_failure(all_statuses[*status])) continue;

    const double theta_e = block.theta_e[row];
    const double relative = std::hypot(block.src_x[row], block.src_y[row]) / theta_e;
    if (theta_e > 0.0 && relative >= 0.0) {
      state::add_to_histogram(
          state::offset_shape,
          all.subspan(state::offset_histogram(), state::offset_shape.size()), relative);
    }
    if (all_statuses[*status] == Status::ok) {
      const auto saddles = block.saddles[row];
      ++all[saddles <= 0   ? state::no_saddle
            : saddles == 1 ? state::one_saddle
                           : state::more_saddles];
    }
    CoreValues core{};
    const std::size_t place =
        (row * config_.bands.size() + core_.band) * radii + core_.radius;
    for (std::size_t k = 0; k < core.size(); ++k) core[k] = block.core[k][place];
    const auto add_to_group = [&](std::size_t index) {
      const auto group = all.subspan(state::group(index), state::group_size);
      ++group[state::group_rows];
      add_radius(group.subspan(state::sis_proxy, state::radius_size), block.sis[row]);
      add_radius(group.subspan(state::saddle, state::radius_size), block.saddle[row]);
      add_core(group, core);
    };
    add_to_group(0);
    if (const auto bin = bin_of(theta_e, config_.theta_e_edges_arcsec)) {
      add_to_group(1 + *bin);
    } else {
      ++all[state::outside_bins];
    }
  }
}

void SummaryTables::combine(std::span<const std::int64_t> other_state) {
  EXPECT(other_state.size() == state_.size());
  std::ranges::transform(state_, other_state, state_.begin(), std::plus());
}

std::int64_t SummaryTables::rows() const { return state_[state::rows]; }

}  // namespace lensmill::analysis
