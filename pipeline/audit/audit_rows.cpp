#include "pipeline/audit/audit_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/draw_rows.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/audit/prepare_bands.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::Dataset;
using io::hdf5::Shape;

constexpr std::size_t most_problems = 20;

void check_shape(const AuditMapping& map, const Dataset& dataset) {
  const auto n = static_cast<std::size_t>(map.grid.stamp_size_pix);
  Shape expected{dataset.rows()};
  if (map.stamps.band_axis) expected.push_back(map.bands.size());
  expected.push_back(n);
  expected.push_back(n);
  if (dataset.shape() == expected) return;
  throw DataError(fmt::format(
      "{}: {}: shape {}, but the mapping says {} ({})", dataset.file_path(),
      dataset.path(), io::hdf5::to_string(dataset.shape()),
      io::hdf5::to_string(expected),
      map.stamps.band_axis ? "layout [n, band, y, x]" : "layout [n, y, x]"));
}

/// Knots that a row does not have are NaN, as lensmill writes them.
bool may_be_nan(const std::string& column) { return column.starts_with("src_knot_"); }

/// "90 of `par/pa`": what a value of ours comes from.
std::string source_text(const catalogue::RowMapping& mapping,
                        std::span<const double> theirs, const std::string& ours) {
  const auto source = mapping.source_of(ours);
  for (std::size_t k = 0; k < theirs.size(); ++k) {
    if (source != "`" + mapping.inputs()[k] + "`") continue;
    return fmt::format("{} of {}", theirs[k], source);
  }
  return source.empty() ? "the constants" : source;
}

}  // namespace

AuditRows read_rows(const AuditMapping& map, const io::hdf5::File& file,
                    std::int64_t sample, std::uint64_t seed) {
  const auto stamps = file.open_dataset(map.stamps.dataset);
  check_shape(map, stamps);
  AuditRows result;
  result.rows_in_file = static_cast<std::int64_t>(stamps.rows());
  const auto mapping = row_mapping(map, file);
  std::vector<Dataset> datasets;
  for (const auto& column : map.columns.columns) {
    datasets.push_back(file.open_dataset(column.theirs));
    const auto& shape = datasets.back().shape();
    if (shape.size() != 1 || shape[0] != stamps.rows()) {
      throw DataError(fmt::format(
          "{}: {}: {} has shape {}, but must have one value for each of the {} stamps",
          column.where, file.file_path(), column.theirs, io::hdf5::to_string(shape),
          stamps.rows()));
    }
  }
  result.given = mapping.outputs();

  std::string problems;
  std::size_t problem_count = 0;
  const auto add_problem = [&](std::int64_t row, const std::string& text) {
    if (++problem_count > most_problems) return;
    problems += fmt::format("{}{}, row {}: {}; check unit, factor and offset",
                            problems.empty() ? "" : "\n", map.path, row, text);
  };
  std::vector<double> theirs(datasets.size());
  std::vector<double> values(result.given.size());
  for (const auto row :
       draw_rows(result.rows_in_file, sample, seed, StreamTag::audit_sample)) {
    ++result.sampled;
    for (std::size_t k = 0; k < datasets.size(); ++k) {
      theirs[k] = datasets[k].read_rows<double>(static_cast<std::size_t>(row), 1).at(0);
    }
    const auto wrong = mapping.apply(theirs, values);
    if (!wrong.empty()) {
      ++result.out_of_range;
      add_problem(row, wrong);
      continue;
    }
    bool complete = true;
    bool possible = true;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const auto& name = result.given[k];
      if (!std::isfinite(values[k])) {
        complete = complete && may_be_nan(name);
        continue;
      }
      const auto& range = catalogue::find_quantity(name)->quantity->range;
      if (range.contains(values[k])) continue;
      add_problem(row, fmt::format("{} must be {} (got {} from {})", name, range.text(),
                                   values[k], source_text(mapping, theirs, name)));
      possible = false;
    }
    if (!possible) {
      ++result.out_of_range;
      continue;
    }
    if (!complete) {
      ++result.incomplete;
      continue;
    }
    result.row.push_back(row);
    result.values.insert(result.values.end(), values.begin(), values.end());
  }
  if (problem_count > most_problems) {
    problems += fmt::format("\n... and {} more", problem_count - most_problems);
  }
  result.first_problem = problems.substr(0, problems.find('\n'));
  // Single rows may be bad; where most are, the mapping is.
  if (2 * result.out_of_range >= result.sampled && !problems.empty()) {
    throw DataError(problems);
  }
  return result;
}

AuditStampReader::AuditStampReader(const AuditMapping& map, const io::hdf5::File& file)
    : map_(map), stamps_(open(file, map.stamps.dataset)) {
  negative_ = open_beside(file, map.stamps.negative);
  variance_ = open_beside(file, map.noise.variance_dataset);
}

AuditStampReader::Planes AuditStampReader::open(const io::hdf5::File& file,
                                                const std::string& name) const {
  Planes planes{.pixels = file.open_dataset(name), .scale = nullptr, .offset = nullptr};
  check_shape(map_, planes.pixels);
  if (!file.has(name + "_scale") || !file.has(name + "_offset")) return planes;
  planes.scale = std::make_unique<Dataset>(file.open_dataset(name + "_scale"));
  planes.offset = std::make_unique<Dataset>(file.open_dataset(name + "_offset"));
  for (const auto* beside : {planes.scale.get(), planes.offset.get()}) {
    const Shape expected{planes.pixels.rows(), map_.bands.size()};
    if (beside->shape() == expected) continue;
    throw DataError(fmt::format(
        "{}: {}: shape {}, but int16 stamps need {}, one value per row and band",
        file.file_path(), beside->path(), io::hdf5::to_string(beside->shape()),
        io::hdf5::to_string(expected)));
  }
  return planes;
}

std::unique_ptr<AuditStampReader::Planes> AuditStampReader::open_beside(
    const io::hdf5::File& file, const std::string& name) const {
  if (name.empty()) return nullptr;
  auto planes = std::make_unique<Planes>(open(file, name));
  if (planes->pixels.rows() != stamps_.pixels.rows()) {
    throw DataError(fmt::format("{}: {} has {} rows, {} has {}", file.file_path(), name,
                                planes->pixels.rows(), map_.stamps.dataset,
                                stamps_.pixels.rows()));
  }
  return planes;
}

AuditStampReader::Plane AuditStampReader::plane(const Planes& planes, std::int64_t row,
                                                std::size_t band) const {
  const auto n = static_cast<std::size_t>(map_.grid.stamp_size_pix);
  const auto r = static_cast<std::size_t>(row);
  Plane plane;
  plane.pixels = map_.stamps.band_axis
                     ? planes.pixels.read_block<float>({r, band, 0, 0}, {1, 1, n, n})
                     : planes.pixels.read_block<float>({r, 0, 0}, {1, n, n});
  if (!planes.scale) {
    // Integers of one scale for all (`nmgy_per_unit`): rounded to 1 unit.
    if (planes.pixels.type().content == io::hdf5::Content::integer) {
      plane.rounding_variance = 1.0 / 12.0;
    }
    return plane;
  }
  const Int16Scaling scaling{.scale = planes.scale->read_rows<double>(r, 1).at(band),
                             .offset = planes.offset->read_rows<double>(r, 1).at(band)};
  // Codes are exact as floats.
  for (float& pixel : plane.pixels) {
    pixel = decode_int16(static_cast<std::int16_t>(pixel), scaling);
  }
  plane.rounding_variance = scaling.scale * scaling.scale / 12.0;
  return plane;
}

bool AuditStampReader::read(std::int64_t row, std::vector<AuditBand>& bands) const {
  const int n = map_.grid.stamp_size_pix;
  const double unit = map_.stamps.nmgy_per_unit;
  bands.resize(map_.bands.size());
  for (std::size_t b = 0; b < bands.size(); ++b) {
    auto& band = bands[b];
    const auto [positive, positive_rounding] = plane(stamps_, row, b);
    const auto [negative, negative_rounding] =
        negative_ ? plane(*negative_, row, b) : Plane{};
    const auto [variance, unused] = variance_ ? plane(*variance_, row, b) : Plane{};
    const double sky = map_.noise.sky_sigma_nmgy[b];
    const double gain = map_.noise.gain_e_per_nmgy[b];
    const bool independent = negative_ && !map_.noise.shared;
    const double inverse_gain = gain > 0.0 ? 1.0 / gain : 0.0;
    const bool from_data = independent || variance_;
    band.noise.model_error_fraction = map_.noise.model_error_fraction;
    band.noise.inverse_gain = from_data ? 0.0 : inverse_gain;
    // Stated sky noise is enough; else an empty pixel counts as if it had an electron.
    band.noise.floor_variance =
        from_data || sky > 0.0 ? 0.0 : inverse_gain * inverse_gain;
    band.noise.fixed_variance.assign(positive.size(), 0.0);
    band.data.assign(n, n);
    std::size_t finite = 0;
    const auto line = map_.stamps.normalised_each && negative_
                          ? pair_line(positive, negative)
                          : PairLine{};
    band.rounding_variance =
        unit * unit * (positive_rounding + line.slope * line.slope * negative_rounding);
    // Of stamps with scales of their own it is known in nmgy when these are.
    const double rounding = map_.stamps.normalised_each ? 0.0 : band.rounding_variance;
    for (std::size_t i = 0; i < positive.size(); ++i) {
      const double without = negative_ ? double{negative[i]} : 0.0;
      const double light =
          unit * (double{positive[i]} - line.slope * without - line.constant);
      double v = sky * sky;
      if (variance_) {
        v = unit * unit * double{variance[i]};
      } else if (independent) {
        // Both stamps' noise, their Poisson part by what they hold.
        const double both = unit * (double{positive[i]} + double{negative[i]});
        v = 2.0 * sky * sky + std::max(both, 0.0) * inverse_gain;
      }
      v += rounding;
      const bool good =
          std::isfinite(light) && std::isfinite(v) && (!from_data || v > 0.0);
      band.data.pixels()[i] = good ? static_cast<float>(light) : 0.0F;
      band.noise.fixed_variance[i] = good ? v : std::numeric_limits<double>::infinity();
      finite += good ? 1 : 0;
    }
    if (2 * finite < positive.size()) return false;
  }
  return true;
}

catalogue::RowBlock MemoryRows::read(std::int64_t first, std::int64_t count) const {
  catalogue::RowBlock block;
  block.columns = rows_.given.size();
  const auto begin = static_cast<std::size_t>(first) * block.columns;
  const auto size = static_cast<std::size_t>(count) * block.columns;
  block.values.assign(rows_.values.begin() + static_cast<std::ptrdiff_t>(begin),
                      rows_.values.begin() + static_cast<std::ptrdiff_t>(begin + size));
  for (std::int64_t i = 0; i < count; ++i) {
    block.injection_id.push_back(rows_.row[static_cast<std::size_t>(first + i)]);
  }
  return block;
}

}  // namespace lensmill::pipeline
