#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/stacked_cutouts.hpp"

namespace lensmill::pipeline {

/// Hosts in one dataset [n, band, y, x] of an HDF5 file, with weights and masks beside
/// it. \throws DataError: shapes, bands or axes that are not those of the run
class Hdf5Cutouts final : public StackedCutouts {
 public:
  Hdf5Cutouts(const config::HostSection& host, const BandNames& bands)
      : StackedCutouts(host),
        run_bands_(bands),
        file_(io::hdf5::File::open(host.hdf5_file)),
        pixels_(file_.open_dataset(host.hdf5_dataset)) {
    const auto& shape = pixels_.shape();
    const auto stated = stated_bands();
    if (shape.size() == 4 && !stated.empty()) {
      choose_planes(stated, bands);
    } else if (shape.size() != 4 || shape[1] != bands.size()) {
      throw DataError(fmt::format(
          "{}: has shape [{}], but [n, band, y, x] with the run's {} band{} ({}) is "
          "needed",
          file_place(), fmt::join(shape, ", "), bands.size(),
          bands.size() == 1 ? "" : "s", fmt::join(bands, ", ")));
    }
    refuse_either_order(pixels_);
    if (!pixels_.is_written()) {
      throw DataError(fmt::format(
          "{}: is declared as [{}], but not all of it was ever written (zeros would be "
          "read): write all cutouts, or make the dataset smaller",
          file_place(), fmt::join(shape, ", ")));
    }
    if (!host.hdf5_invvar_dataset.empty()) {
      invvar_.emplace(file_.open_dataset(host.hdf5_invvar_dataset));
      require_shape(*invvar_, shape, "every pixel needs its inverse variance");
      require_bands(*invvar_, stated);
    }
    const io::hdf5::Shape of_all_bands{shape[0], shape[2], shape[3]};
    for (const auto& mask : host.masks) {
      auto dataset = file_.open_dataset(mask.dataset);
      require_shape(dataset, dataset.shape().size() == 3 ? of_all_bands : shape,
                    "a mask is of the same pixels, [n, band, y, x] or [n, y, x]");
      require_bands(dataset, stated);
      const MaskRule rule(mask, {}, host.hdf5_file + ": " + dataset.path());
      masks_.emplace_back(rule, std::move(dataset));
    }
  }

  std::int64_t count() const override {
    return static_cast<std::int64_t>(pixels_.shape()[0]);
  }
  int ny() const override { return static_cast<int>(pixels_.shape()[2]); }
  int nx() const override { return static_cast<int>(pixels_.shape()[3]); }
  bool has_invvar() const override { return invvar_.has_value(); }
  std::string file_place() const {
    return fmt::format("{}: {}", pixels_.file_path(), pixels_.path());
  }

 private:
  /// The attribute `bands` of the dataset, else of the file; empty: there is none.
  std::vector<std::string> stated_bands() const { return bands_of(pixels_); }
  std::vector<std::string> bands_of(const io::hdf5::Dataset& dataset) const {
    if (dataset.has_attribute("bands")) return dataset.read_strings_attribute("bands");
    const auto root = file_.open_group("/");
    if (root.has_attribute("bands")) return root.read_strings_attribute("bands");
    return {};
  }
  /// As many hosts as bands: the shape does not tell [n, band, y, x] from [band, n, y,
  /// x].
  void refuse_either_order(const io::hdf5::Dataset& dataset) const {
    const auto& shape = dataset.shape();
    if (shape.size() != 4 || shape[0] != shape[1] || shape[1] == 1) return;
    if (!bands_of(dataset).empty()) return;
    throw DataError(fmt::format(
        "{}: {}: has shape [{}], which may be [n, band, y, x] or [band, n, y, x]; if "
        "its "
        "second axis is the bands, name them in order by an attribute `bands` of the "
        "dataset or the file (h5py: file.attrs[\"bands\"] = [...]), else write [n, "
        "band, "
        "y, x]",
        dataset.file_path(), dataset.path(), fmt::join(shape, ", ")));
  }
  /// Weights and masks are of the images' bands in the same order.
  void require_bands(const io::hdf5::Dataset& dataset,
                     const std::vector<std::string>& of_images) const {
    if (dataset.shape().size() != 4) return;
    refuse_either_order(dataset);
    if (!dataset.has_attribute("bands")) return;
    const auto theirs = bands_of(dataset);
    // Images without a word have the run's bands in the run's order.
    const auto& wanted = of_images.empty() ? run_bands_ : of_images;
    if (theirs == wanted) return;
    throw DataError(fmt::format(
        "{}: {}: its attribute `bands` names {}, but those of {} are {}; write both in "
        "one order",
        dataset.file_path(), dataset.path(), fmt::join(theirs, ", "), pixels_.path(),
        fmt::join(wanted, ", ")));
  }
  void choose_planes(const std::vector<std::string>& stated, const BandNames& bands) {
    if (stated.size() != pixels_.shape()[1]) {
      throw DataError(
          fmt::format("{}: has {} bands, but its attribute `bands` names {}",
                      file_place(), pixels_.shape()[1], stated.size()));
    }
    for (const auto& band : bands) {
      const auto at = std::ranges::find(stated, band);
      if (at == stated.end()) {
        throw DataError(
            fmt::format("{}: has no band {} (its attribute `bands` names {})",
                        file_place(), band, fmt::join(stated, ", ")));
      }
      plane_of_band_.push_back(static_cast<std::size_t>(at - stated.begin()));
    }
  }

  void require_shape(const io::hdf5::Dataset& dataset, const io::hdf5::Shape& wanted,
                     const char* why) const {
    if (!dataset.is_written()) {
      throw DataError(fmt::format(
          "{}: {}: is declared as [{}], but not all of it was ever written (zeros "
          "would "
          "be read): write all of it",
          dataset.file_path(), dataset.path(), fmt::join(dataset.shape(), ", ")));
    }
    if (dataset.shape() == wanted) return;
    throw DataError(fmt::format("{}: {}: has shape [{}], but {} has [{}]; {}",
                                dataset.file_path(), dataset.path(),
                                fmt::join(dataset.shape(), ", "), pixels_.path(),
                                fmt::join(pixels_.shape(), ", "), why));
  }

  template <class T>
  void read_cutout(const io::hdf5::Dataset& dataset, std::int64_t host_index, int band,
                   Image<T>& image) const {
    image.assign(ny(), nx());
    const auto host = static_cast<std::size_t>(host_index);
    const auto rows = static_cast<std::size_t>(ny());
    const auto columns = static_cast<std::size_t>(nx());
    if (dataset.shape().size() == 3) {
      dataset.read_block_raw({host, 0, 0}, {1, rows, columns}, element_type_of<T>(),
                             image.data());
    } else {
      const auto b = static_cast<std::size_t>(band);
      dataset.read_block_raw(
          {host, plane_of_band_.empty() ? b : plane_of_band_[b], 0, 0},
          {1, 1, rows, columns}, element_type_of<T>(), image.data());
    }
  }

  /// {} for a dataset whose values are doubles exactly.
  std::vector<std::uint64_t> read_integers(const io::hdf5::Dataset& dataset,
                                           std::int64_t host, int band) const {
    const auto& type = dataset.type();
    if (type.content != io::hdf5::Content::integer || type.bytes < 8) return {};
    if (!type.is_signed) {
      Image<std::uint64_t> values;
      read_cutout(dataset, host, band, values);
      return {values.pixels().begin(), values.pixels().end()};
    }
    Image<std::int64_t> values;
    read_cutout(dataset, host, band, values);
    return {values.pixels().begin(), values.pixels().end()};
  }

  void read_pixels(std::int64_t host, int band, Image<float>& out) const override {
    read_cutout(pixels_, host, band, out);
  }
  void read_weights(std::int64_t host, int band, Image<float>& out) const override {
    read_cutout(*invvar_, host, band, out);
  }
  void add_masks(std::int64_t host, int band, Image<float>& mask) const override {
    Image<double> values;
    for (const auto& [rule, masks] : masks_) {
      const auto& dataset = masks;
      read_cutout(dataset, host, band, values);
      rule.apply(
          values, [&] { return read_integers(dataset, host, band); }, mask);
    }
  }

  std::vector<std::string> run_bands_;
  io::hdf5::File file_;
  io::hdf5::Dataset pixels_;
  std::vector<std::size_t> plane_of_band_;  ///< empty: in order
  std::optional<io::hdf5::Dataset> invvar_;
  std::vector<std::pair<MaskRule, io::hdf5::Dataset>> masks_;
};

}  // namespace lensmill::pipeline
