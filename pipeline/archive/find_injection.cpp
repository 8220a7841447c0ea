#include "pipeline/archive/find_injection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "lib/core/errors.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"

namespace lensmill::pipeline {
namespace {

std::optional<std::int64_t> row_in_shard(const RunOnDisk& run, std::int64_t shard,
                                         std::int64_t injection_id) {
  const std::string path = run.folder.shard(shard);
  if (!std::filesystem::exists(path)) return {};
  const auto ids = open_shard(run, shard)
                       .file.read_all<std::int64_t>("catalogue/injection_id")
                       .values;
  const auto row = std::ranges::find(ids, injection_id) - ids.begin();
  // Beyond the last row of a run with a selection there may be more in its last shard.
  if (row == std::ssize(ids) || row >= run.plan.rows_of(shard).count) return {};
  return row;
}

std::vector<double> doubles_of(const io::hdf5::Group& images, const std::string& name,
                               const RowRange& row) {
  const Column column = read_column(images, name, row);
  const auto values = column.values<double>();
  return {values.begin(), values.end()};
}

}  // namespace

ProductImage read_product(const io::hdf5::Group& images, const std::string& name,
                          const RowRange& row) {
  const Column column = read_column(images, name, row);
  const auto& info = column.info();
  if (info.row_shape.size() != 3) {
    throw DataError(images.file_path() + ": /images/" + name +
                    ": does not have the axes [N, band, y, x]");
  }
  ProductImage image{.name = name,
                     .unit = info.unit,
                     .description = info.description,
                     .bands = static_cast<int>(info.row_shape[0]),
                     .ny = static_cast<int>(info.row_shape[1]),
                     .nx = static_cast<int>(info.row_shape[2]),
                     .pixels = {}};
  if (info.type == ElementType::float32) {
    const auto values = column.values<float>();
    image.pixels.assign(values.begin(), values.end());
    return image;
  }
  const auto scale = doubles_of(images, name + "_scale", row);
  const auto offset = doubles_of(images, name + "_offset", row);
  image.unit = column_info(images, name + "_scale").unit;
  const auto codes = column.values<std::int16_t>();
  const std::size_t pixels = info.row_elements() / info.row_shape[0];
  for (std::size_t k = 0; k < codes.size(); ++k) {
    const std::size_t band = k / pixels;
    image.pixels.push_back(decode_int16(codes[k], {scale[band], offset[band]}));
  }
  return image;
}

RowPlace find_injection(const RunOnDisk& run, std::int64_t injection_id) {
  check_end_of_selection(run);
  const std::int64_t likely = injection_id / run.plan.rows_per_shard;
  std::vector<std::int64_t> order;
  if (injection_id >= 0 && likely < run.plan.shards()) order.push_back(likely);
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    if (shard != likely) order.push_back(shard);
  }
  for (const auto shard : order) {
    if (const auto row = row_in_shard(run, shard, injection_id)) return {shard, *row};
  }
  throw DataError(fmt::format(
      "{}: no injection with id {} (the run has {} rows{}; see "
      "/catalogue/injection_id)",
      run.folder.path(), injection_id, run.plan.rows,
      run.kept ? ", those of its candidates that catalogue.keep left" : ""));
}

std::int64_t CatalogueRows::of(std::int64_t row) {
  if (!run_.kept) return row;
  const std::int64_t shard = run_.plan.shard_of(row);
  const RowRange candidates = run_.blocks.rows_of(shard);
  if (shard != shard_) {
    ids_ = open_shard(run_, shard)
               .file.read_all<std::int64_t>("catalogue/injection_id")
               .values;
    shard_ = shard;
  }
  const auto id =
      ids_.at(static_cast<std::size_t>(row - run_.plan.rows_of(shard).first));
  if (id < candidates.first || id >= candidates.end()) {
    throw DataError(
        fmt::format("{}: /catalogue/injection_id: {} is none of its "
                    "candidates",
                    run_.folder.shard(shard), id));
  }
  return id;
}

StoredInjection read_injection(const RunOnDisk& run, std::int64_t injection_id) {
  StoredInjection injection;
  injection.place = find_injection(run, injection_id);
  const auto file = open_shard(run, injection.place.shard).file;
  const RowRange row{injection.place.row_in_shard, 1};
  for (const auto& name : run.products) {
    injection.images.push_back(read_product(file.open_group("images"), name, row));
  }
  const auto catalogue = file.open_group("catalogue");
  const auto measurements = file.open_group("measurements");
  injection.catalogue = read_table(catalogue, catalogue.dataset_names(), row);
  if (file.has(std::string(carried_group))) {
    const auto carried = file.open_group(std::string(carried_group));
    injection.carried = read_table(carried, carried.dataset_names(), row);
  }
  injection.measurements = read_table(measurements, measurements.dataset_names(), row);
  return injection;
}

}  // namespace lensmill::pipeline
