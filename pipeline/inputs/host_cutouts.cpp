#include "pipeline/inputs/host_cutouts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/core/units.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/file_format.hpp"
#include "pipeline/inputs/pixel_masks.hpp"

namespace lensmill::pipeline {
namespace {

using config::HostSection;
using io::fits::ImageHdu;
using io::hdf5::Dataset;

/// From the file's unit to nmgy.
void to_nmgy(Image<float>& pixels, double nmgy_per_unit) {
  for (float& value : pixels.pixels()) {
    value = static_cast<float>(nmgy_per_unit * double{value});
  }
}

void invvar_to_nmgy(Image<float>& invvar, double nmgy_per_unit) {
  const double factor = 1.0 / (nmgy_per_unit * nmgy_per_unit);
  for (float& value : invvar.pixels()) {
    value = static_cast<float>(factor * double{value});
  }
}

double nmgy_per_unit_of(const HostSection& host) {
  return host.zero_point_mag ? nmgy_per_unit(*host.zero_point_mag) : 1.0;
}

/// Cutouts of one shape: what is the same for FITS cubes and HDF5.
class StackedCutouts : public stages::HostCutouts {
 public:
  explicit StackedCutouts(const HostSection& host)
      : nmgy_per_unit_(nmgy_per_unit_of(host)),
        weight_kind_(host.weight_kind),
        has_mask_(host.has_masks()) {}

  bool has_mask() const override { return has_mask_; }
  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    EXPECT(host_index >= 0 && host_index < count());
    read_pixels(host_index, band, nmgy);
    to_nmgy(nmgy, nmgy_per_unit_);
    if (!has_invvar()) return;
    read_weights(host_index, band, invvar);
    // `invvar` alone, without masks, is taken as it stands.
    if (has_mask_) {
      to_invvar(weight_kind_, nmgy_per_unit_, invvar);
    } else {
      invvar_to_nmgy(invvar, nmgy_per_unit_);
    }
  }
  void read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override {
    if (!has_mask_) {
      HostCutouts::read_with_mask(host_index, band, nmgy, invvar, mask);
      return;
    }
    read(host_index, band, nmgy, invvar);
    mask_useless(nmgy, has_invvar() ? &invvar : nullptr, mask);
    add_masks(host_index, band, mask);
    if (!has_invvar()) return;
    for (std::size_t k = 0; k < mask.size(); ++k) {
      if (mask.pixels()[k] != 0.0F) invvar.pixels()[k] = 0.0F;
    }
  }

 protected:
  virtual void read_pixels(std::int64_t host, int band, Image<float>& out) const = 0;
  virtual void read_weights(std::int64_t host, int band, Image<float>& out) const = 0;
  virtual void add_masks(std::int64_t host, int band, Image<float>& mask) const = 0;

 private:
  double nmgy_per_unit_;
  config::WeightKind weight_kind_;
  bool has_mask_;
};

/// .npy and .npz, by their first bytes.
void refuse_numpy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 6> head{};
  file.read(head.data(), head.size());
  const std::string_view begin(head.data(), head.size());
  if (!begin.starts_with("\x93NUMPY") && !begin.starts_with("PK\x03\x04")) return;
  throw DataError(fmt::format(
      "{}: is a NumPy file; make it HDF5 by `python3 -m lensmill stack-to-hdf5 {} "
      "hosts.h5` (in the repository's folder python/)",
      path, path));
}

class FitsCutouts final : public StackedCutouts {
 public:
  FitsCutouts(const HostSection& host, const BandNames& bands) : StackedCutouts(host) {
    open(host.files, bands, pixels_);
    if (!host.invvar_files.empty()) open(host.invvar_files, bands, invvar_);
    for (const auto& mask : host.masks) {
      auto& [cubes, rules] = masks_.emplace_back();
      open(mask.files, bands, cubes);
      for (const auto& cube : cubes) {
        rules.emplace_back(mask, named_bits(cube), cube.place());
      }
    }
  }

  std::int64_t count() const override { return pixels_.front().planes(); }
  int ny() const override { return pixels_.front().ny(); }
  int nx() const override { return pixels_.front().nx(); }
  bool has_invvar() const override { return !invvar_.empty(); }
  std::string file_place() const { return pixels_.front().place(); }

 private:
  struct Mask {
    std::vector<ImageHdu> cubes;  ///< one per band, like the rules
    std::vector<MaskRule> rules;
  };

  void read_pixels(std::int64_t host, int band, Image<float>& out) const override {
    pixels_[static_cast<std::size_t>(band)].read_plane(static_cast<int>(host), out);
  }
  void read_weights(std::int64_t host, int band, Image<float>& out) const override {
    invvar_[static_cast<std::size_t>(band)].read_plane(static_cast<int>(host), out);
  }
  void add_masks(std::int64_t host, int band, Image<float>& mask) const override {
    const auto b = static_cast<std::size_t>(band);
    for (const auto& [cubes, rules] : masks_) {
      const auto& cube = cubes[b];
      const int plane = static_cast<int>(host);
      rules[b].apply(
          cube.read_plane<double>(plane),
          [&] { return cube.read_integers(plane, 0, 0, cube.ny(), cube.nx()); }, mask);
    }
  }

  void open(const std::map<std::string, std::string>& files, const BandNames& bands,
            std::vector<ImageHdu>& cubes) {
    for (const auto& band : bands) {
      const auto& path = files.at(band);
      refuse_large_gzip(path);
      cubes.push_back(io::fits::File::open(path).first_image());
      check_shape(cubes.back());
    }
  }

  void check_shape(const ImageHdu& cube) const {
    const ImageHdu& first = pixels_.front();
    if (cube.planes() == first.planes() && cube.ny() == first.ny() &&
        cube.nx() == first.nx()) {
      return;
    }
    throw DataError(
        fmt::format("{}: contains {} cutouts of {} x {} pixels, but {} contains {} of "
                    "{} x {}; a host is "
                    "the same plane of equal cubes in every band and inverse variance",
                    cube.place(), cube.planes(), cube.ny(), cube.nx(), first.place(),
                    first.planes(), first.ny(), first.nx()));
  }

  std::vector<ImageHdu> pixels_;  ///< one per band
  std::vector<ImageHdu> invvar_;
  std::vector<Mask> masks_;
};

class Hdf5Cutouts final : public StackedCutouts {
 public:
  Hdf5Cutouts(const HostSection& host, const BandNames& bands)
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
  std::vector<std::string> bands_of(const Dataset& dataset) const {
    if (dataset.has_attribute("bands")) return dataset.read_strings_attribute("bands");
    const auto root = file_.open_group("/");
    if (root.has_attribute("bands")) return root.read_strings_attribute("bands");
    return {};
  }
  /// As many hosts as bands: the shape does not tell [n, band, y, x] from [band, n, y,
  /// x].
  void refuse_either_order(const Dataset& dataset) const {
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
  void require_bands(const Dataset& dataset,
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

  void require_shape(const Dataset& dataset, const io::hdf5::Shape& wanted,
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
  void read_cutout(const Dataset& dataset, std::int64_t host_index, int band,
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
  std::vector<std::uint64_t> read_integers(const Dataset& dataset, std::int64_t host,
                                           int band) const {
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
  Dataset pixels_;
  std::vector<std::size_t> plane_of_band_;  ///< empty: in order
  std::optional<Dataset> invvar_;
  std::vector<std::pair<MaskRule, Dataset>> masks_;
};

// What is measured of them is held on every rank: 32 bytes a host and band.
constexpr std::int64_t most_hosts = 20'000'000;
// A cutout is held whole, some times over; larger ones are mosaics.
constexpr int largest_side_pix = 4096;

}  // namespace

void check_cutouts(const stages::HostCutouts& hosts, const std::string& place,
                   int stamp_size_pix) {
  if (hosts.count() < 1) throw DataError(place + ": contains no cutouts");
  if (hosts.count() > most_hosts) {
    throw DataError(
        fmt::format("{}: contains {} cutouts, at most {} are taken (what is measured "
                    "of each is held "
                    "in memory on every rank); put fewer into a file",
                    place, grouped(hosts.count()), grouped(most_hosts)));
  }
  if (std::max(hosts.ny(), hosts.nx()) > largest_side_pix) {
    throw DataError(
        fmt::format("{}: {} x {} pixels are no cutouts of hosts (at most {} a side); "
                    "for hosts on a "
                    "survey image use host.survey",
                    place, hosts.ny(), hosts.nx(), largest_side_pix));
  }
  if (hosts.ny() < stamp_size_pix || hosts.nx() < stamp_size_pix) {
    throw DataError(fmt::format(
        "{}: its cutouts of {} x {} pixels are smaller than the stamp ({} pixels); "
        "reduce grid.stamp_size_pix or use larger cutouts",
        place, hosts.ny(), hosts.nx(), stamp_size_pix));
  }
}

std::shared_ptr<const stages::HostCutouts> open_host_cutouts(const HostSection& host,
                                                             const BandNames& bands,
                                                             int stamp_size_pix) {
  EXPECT(!bands.empty());
  const auto checked = [&](const auto& hosts) {
    check_cutouts(*hosts, hosts->file_place(), stamp_size_pix);
    return hosts;
  };
  if (host.hdf5_file.empty()) {
    return checked(std::make_shared<const FitsCutouts>(host, bands));
  }
  refuse_numpy(host.hdf5_file);
  return checked(std::make_shared<const Hdf5Cutouts>(host, bands));
}

}  // namespace lensmill::pipeline
