#include "lib/recovery/position_offset.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/statistics.hpp"

namespace lensmill::recovery {
namespace {

constexpr std::int64_t least_matches = 5;
constexpr double significant_sigma = 3.0;
constexpr double significant_share_of_radius = 0.1;
constexpr double chance_of_peak = 1.0e-4;  // in a search
// Of a median of normal values over that of their mean.
const double median_inefficiency = std::sqrt(0.5 * std::numbers::pi);

struct Robust {
  double median, standard_error;
};

Robust robust(std::vector<double> values) {
  const double centre = median(std::span(values));
  const auto n = static_cast<double>(values.size());
  for (double& value : values) value = std::abs(value - centre);
  const double sigma = sigma_per_mad * median(std::span(values));
  return {centre, median_inefficiency * sigma / std::sqrt(n)};
}

}  // namespace

Offset offset_between(const Position& injection, const Position& detection,
                      Frame frame) {
  const Position d{detection[0] - injection[0], detection[1] - injection[1],
                   detection[2] - injection[2]};
  if (frame == Frame::image) return {d[0], d[1]};
  // East and north on the sphere; at a pole any direction is east.
  const double axis = std::hypot(injection[0], injection[1]);
  const double radius = std::hypot(axis, injection[2]);
  const double cos_ra = axis > 0.0 ? injection[0] / axis : 1.0;
  const double sin_ra = axis > 0.0 ? injection[1] / axis : 0.0;
  const double outwards = d[0] * cos_ra + d[1] * sin_ra;
  return {d[1] * cos_ra - d[0] * sin_ra,
          (d[2] * axis - outwards * injection[2]) / radius};
}

MedianOffset median_offset(std::span<const Offset> matched, double radius_arcsec) {
  MedianOffset result{.matches = static_cast<std::int64_t>(matched.size())};
  if (matched.empty()) return result;
  std::vector<double> x, y;
  for (const auto& offset : matched) {
    x.push_back(offset.x_arcsec);
    y.push_back(offset.y_arcsec);
  }
  const auto along_x = robust(std::move(x));
  const auto along_y = robust(std::move(y));
  result.median = {along_x.median, along_y.median};
  if (result.matches < 2) return result;
  result.standard_error = {along_x.standard_error, along_y.standard_error};
  const auto is_far = [](const Robust& value) {
    return std::abs(value.median) > significant_sigma * value.standard_error;
  };
  result.is_significant = result.matches >= least_matches &&
                          (is_far(along_x) || is_far(along_y)) &&
                          std::hypot(along_x.median, along_y.median) >
                              significant_share_of_radius * radius_arcsec;
  return result;
}

std::optional<CommonOffset> common_offset(std::span<const Offset> offsets,
                                          double radius_arcsec) {
  const double side = 2.0 * radius_arcsec;
  const double reach = offset_search_radii * radius_arcsec;
  // Cells from -half to half along each axis, the one in the middle about zero.
  const auto half = static_cast<std::int64_t>(std::lround(reach / side));
  const auto width = 2 * half + 1;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(width * width), 0);
  const auto cell_of = [&](double value) {
    return std::clamp<std::int64_t>(std::lround(value / side), -half, half) + half;
  };
  for (const auto& offset : offsets) {
    ++counts[static_cast<std::size_t>(cell_of(offset.y_arcsec) * width +
                                      cell_of(offset.x_arcsec))];
  }
  const auto best = std::ranges::max_element(counts);
  const auto place = static_cast<std::int64_t>(best - counts.begin());
  const std::int64_t cell_x = place % width - half;
  const std::int64_t cell_y = place / width - half;
  const double area_cells = std::numbers::pi * reach * reach / (side * side);
  CommonOffset found{.offset = {static_cast<double>(cell_x) * side,
                                static_cast<double>(cell_y) * side},
                     .pairs = *best,
                     .at_zero = counts[static_cast<std::size_t>(half * width + half)],
                     .expected = static_cast<double>(offsets.size()) / area_cells};
  const double mean = std::max(found.expected, static_cast<double>(found.at_zero));
  if (found.pairs == 0 || static_cast<double>(found.pairs) <= mean) return std::nullopt;
  // P(n >= pairs) of a Poisson distribution, in any of the cells.
  const double chance =
      area_cells * boost::math::gamma_p(static_cast<double>(found.pairs), mean);
  if (chance > chance_of_peak) return std::nullopt;
  return found;
}

}  // namespace lensmill::recovery
