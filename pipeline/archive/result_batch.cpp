#include "pipeline/archive/result_batch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/catalogue/columns.hpp"
#include "lib/core/contracts.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "stages/products.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int16_t not_finite = std::numeric_limits<std::int16_t>::min();
constexpr double largest_code = 32767.0;

std::vector<ColumnInfo> image_columns(const config::RunConfig& config) {
  const auto bands = static_cast<std::size_t>(config.band_count());
  const auto side = static_cast<std::size_t>(config.grid.stamp_size_pix);
  const bool legacy = config.convolve.op == config::ConvolveOperator::legacy_ifftshift;
  std::vector<ColumnInfo> infos;
  for (const auto& product : config.output.products) {
    const auto& known = *stages::find_product(product);
    const std::string unit(known.unit);
    const std::string axes =
        fmt::format("[band, y, x], bands {}", fmt::join(config.bands, ", "));
    std::string description = fmt::format("{}; {}", known.description, axes);
    if (legacy)
      description += "; PSF MISPLACED ON PURPOSE (convolve.operator: legacy_ifftshift)";
    if (config.output.encoding == config::Encoding::float32) {
      infos.push_back(
          {product, unit, description, ElementType::float32, {bands, side, side}});
      continue;
    }
    infos.push_back(
        {product,
         "",
         description + fmt::format("; {0} = {1}_offset + {1}_scale * value, "
                                   "-32768: not a number",
                                   unit, product),
         ElementType::int16,
         {bands, side, side}});
    infos.push_back({product + "_scale",
                     unit,
                     "step of the int16 values of " + product,
                     ElementType::float64,
                     {bands}});
    infos.push_back({product + "_offset",
                     unit,
                     "pixel value of int16 value 0 of " + product,
                     ElementType::float64,
                     {bands}});
  }
  return infos;
}

void add_paths(const std::string& group, const Table& table,
               std::vector<ShardColumn>& columns) {
  for (const auto& column : table) {
    columns.push_back({group + "/" + column.info().name, &column});
  }
}

}  // namespace

bool is_fine(const Int16Scaling& scaling, std::span<const float> variance) {
  // A step s adds s^2 / 12 to the variance.
  constexpr double largest_step_sigma = 0.5;
  double least = std::numeric_limits<double>::infinity();
  for (const float value : variance) {
    if (value > 0.0F) least = std::min(least, double{value});
  }
  return !(scaling.scale > largest_step_sigma * std::sqrt(least));
}

Int16Scaling encode_int16(std::span<const float> pixels, std::span<std::int16_t> out) {
  EXPECT(pixels.size() == out.size());
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const float pixel : pixels) {
    if (!std::isfinite(pixel)) continue;
    low = std::min(low, double{pixel});
    high = std::max(high, double{pixel});
  }
  if (!(low <= high)) {
    std::ranges::fill(out, not_finite);
    return {};
  }
  const Int16Scaling scaling{.scale = (high - low) / (2.0 * largest_code),
                             .offset = 0.5 * (high + low)};
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    if (!std::isfinite(pixels[k])) {
      out[k] = not_finite;
    } else if (scaling.scale == 0.0) {
      out[k] = 0;
    } else {
      const double code =
          std::nearbyint((double{pixels[k]} - scaling.offset) / scaling.scale);
      out[k] = static_cast<std::int16_t>(std::clamp(code, -largest_code, largest_code));
    }
  }
  return scaling;
}

float decode_int16(std::int16_t code, const Int16Scaling& scaling) {
  if (code == not_finite) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>(scaling.offset + scaling.scale * code);
}

ResultBatch::ResultBatch(const stages::Chain& chain,
                         const std::vector<ColumnInfo>& carried)
    : chain_(chain),
      images_(catalogue::make_table(image_columns(chain.config()), 0)),
      catalogue_(catalogue::make_table(chain.catalogue_columns(), 0)),
      carried_(catalogue::make_table(carried, 0)),
      measurements_(chain.schema().make_table(0)) {
  add_paths("images", images_, columns_);
  add_paths("catalogue", catalogue_, columns_);
  add_paths(std::string(carried_group), carried_, columns_);
  add_paths("measurements", measurements_, columns_);
}

std::size_t ResultBatch::row_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [path, column] : columns_) bytes += column->info().row_bytes();
  return bytes;
}

void ResultBatch::resize(std::size_t rows) {
  for (auto* table : {&images_, &catalogue_, &carried_, &measurements_}) {
    for (auto& column : *table) column.resize(rows);
  }
  rows_ = rows;
}

std::vector<ColumnInfo> ResultBatch::datasets() const {
  std::vector<ColumnInfo> infos;
  for (const auto& [path, column] : columns_) {
    infos.push_back(column->info());
    infos.back().name = path;
  }
  return infos;
}

bool ResultBatch::store_image(std::size_t row, std::size_t product,
                              const stages::Stamp& stamp) {
  const auto& config = chain_.config();
  const auto& name = config.output.products[product];
  const bool encoded = config.output.encoding == config::Encoding::int16;
  const auto side = static_cast<std::size_t>(config.grid.stamp_size_pix);
  const std::size_t pixels = side * side;
  bool fine = true;
  for (int band = 0; band < config.band_count(); ++band) {
    const auto image = chain_.product(stamp, name, band);
    EXPECT(image.size() == pixels);
    const auto at = static_cast<std::size_t>(band) * pixels;
    if (!encoded) {
      std::ranges::copy(image.pixels(),
                        images_[product].row<float>(row).subspan(at, pixels).begin());
      continue;
    }
    const auto scaling =
        encode_int16(image.pixels(),
                     images_[3 * product].row<std::int16_t>(row).subspan(at, pixels));
    images_[3 * product + 1].row<double>(row)[static_cast<std::size_t>(band)] =
        scaling.scale;
    images_[3 * product + 2].row<double>(row)[static_cast<std::size_t>(band)] =
        scaling.offset;
    const auto& variance = stamp.images[static_cast<std::size_t>(band)].variance;
    fine = fine && (!stages::find_product(name)->is_flux ||
                    is_fine(scaling, variance.pixels()));
  }
  return fine;
}

void ResultBatch::store(std::size_t row, const stages::Stamp& stamp) {
  EXPECT(row < rows_);
  bool fine = true;
  for (std::size_t product = 0; product < chain_.config().output.products.size();
       ++product) {
    fine = store_image(row, product, stamp) && fine;
  }
  coarse_rows_ += fine ? 0 : 1;
  chain_.write_truth(stamp, row, catalogue_);
  chain_.schema().write_row(measurements_, row, stamp.measurement);
}

void ResultBatch::store_carried(std::size_t row, const Table& carried,
                                std::size_t from) {
  EXPECT(row < rows_ && carried.size() == carried_.size());
  for (std::size_t c = 0; c < carried.size(); ++c) {
    const auto bytes = carried_[c].info().row_bytes();
    std::ranges::copy(carried[c].bytes().subspan(from * bytes, bytes),
                      carried_[c].bytes().subspan(row * bytes, bytes).begin());
  }
}

std::int64_t rows_in_memory(std::size_t row_bytes, std::size_t budget_bytes) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(budget_bytes / row_bytes));
}

}  // namespace lensmill::pipeline
