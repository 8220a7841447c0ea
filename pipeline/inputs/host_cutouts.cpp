#include "pipeline/inputs/host_cutouts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/core/units.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/file_format.hpp"

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

class FitsCutouts final : public stages::HostCutouts {
 public:
  FitsCutouts(const HostSection& host, const BandNames& bands)
      : nmgy_per_unit_(nmgy_per_unit_of(host)) {
    open(host.files, bands, pixels_);
    if (!host.invvar_files.empty()) open(host.invvar_files, bands, invvar_);
  }

  std::int64_t count() const override { return pixels_.front().planes(); }
  int ny() const override { return pixels_.front().ny(); }
  int nx() const override { return pixels_.front().nx(); }
  bool has_invvar() const override { return !invvar_.empty(); }
  std::string file_place() const { return pixels_.front().place(); }

  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    EXPECT(host_index >= 0 && host_index < count());
    const auto b = static_cast<std::size_t>(band);
    pixels_[b].read_plane(static_cast<int>(host_index), nmgy);
    to_nmgy(nmgy, nmgy_per_unit_);
    if (invvar_.empty()) return;
    invvar_[b].read_plane(static_cast<int>(host_index), invvar);
    invvar_to_nmgy(invvar, nmgy_per_unit_);
  }

 private:
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

  double nmgy_per_unit_;
  std::vector<ImageHdu> pixels_;  ///< one per band
  std::vector<ImageHdu> invvar_;
};

class Hdf5Cutouts final : public stages::HostCutouts {
 public:
  Hdf5Cutouts(const HostSection& host, const BandNames& bands)
      : nmgy_per_unit_(nmgy_per_unit_of(host)),
        file_(io::hdf5::File::open(host.hdf5_file)),
        pixels_(file_.open_dataset(host.hdf5_dataset)) {
    const auto& shape = pixels_.shape();
    if (shape.size() != 4 || shape[1] != bands.size()) {
      throw DataError(fmt::format(
          "{}: has shape [{}], but [n, band, y, x] with the run's {} band{} ({}) is "
          "needed",
          file_place(), fmt::join(shape, ", "), bands.size(),
          bands.size() == 1 ? "" : "s", fmt::join(bands, ", ")));
    }
    if (!pixels_.is_written()) {
      throw DataError(fmt::format(
          "{}: is declared as [{}], but not all of it was ever written (zeros would be "
          "read): write all cutouts, or make the dataset smaller",
          file_place(), fmt::join(shape, ", ")));
    }
    if (host.hdf5_invvar_dataset.empty()) return;
    invvar_.emplace(file_.open_dataset(host.hdf5_invvar_dataset));
    if (invvar_->shape() == shape) return;
    throw DataError(
        fmt::format("{}: {}: has shape [{}], but {} has [{}]; every pixel "
                    "needs its inverse variance",
                    host.hdf5_file, invvar_->path(), fmt::join(invvar_->shape(), ", "),
                    pixels_.path(), fmt::join(shape, ", ")));
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

  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    EXPECT(host_index >= 0 && host_index < count());
    read_cutout(pixels_, host_index, band, nmgy);
    to_nmgy(nmgy, nmgy_per_unit_);
    if (!invvar_) return;
    read_cutout(*invvar_, host_index, band, invvar);
    invvar_to_nmgy(invvar, nmgy_per_unit_);
  }

 private:
  void read_cutout(const Dataset& dataset, std::int64_t host_index, int band,
                   Image<float>& image) const {
    image.assign(ny(), nx());
    const auto& shape = dataset.shape();
    dataset.read_block_raw(
        {static_cast<std::size_t>(host_index), static_cast<std::size_t>(band), 0, 0},
        {1, 1, shape[2], shape[3]}, ElementType::float32, image.data());
  }

  double nmgy_per_unit_;
  io::hdf5::File file_;
  Dataset pixels_;
  std::optional<Dataset> invvar_;
};

// What is measured of them is held on every rank: 32 bytes a host and band.
constexpr std::int64_t most_hosts = 20'000'000;
// A cutout is held whole, some times over; larger ones are mosaics.
constexpr int largest_side_pix = 4096;

template <class Cutouts>
std::shared_ptr<const stages::HostCutouts> checked(std::shared_ptr<const Cutouts> hosts,
                                                   int stamp_size_pix) {
  if (hosts->count() < 1)
    throw DataError(hosts->file_place() + ": contains no cutouts");
  if (hosts->count() > most_hosts) {
    throw DataError(fmt::format(
        "{}: contains {} cutouts, at most {} are taken (what is measured of "
        "each is held in "
        "memory on every rank); put fewer into a file",
        hosts->file_place(), grouped(hosts->count()), grouped(most_hosts)));
  }
  if (std::max(hosts->ny(), hosts->nx()) > largest_side_pix) {
    throw DataError(
        fmt::format("{}: {} x {} pixels are no cutouts of hosts (at most {} a side); "
                    "for hosts on a "
                    "survey image use host.survey",
                    hosts->file_place(), hosts->ny(), hosts->nx(), largest_side_pix));
  }
  if (hosts->ny() < stamp_size_pix || hosts->nx() < stamp_size_pix) {
    throw DataError(fmt::format(
        "{}: its cutouts of {} x {} pixels are smaller than the stamp ({} pixels); "
        "reduce grid.stamp_size_pix or use larger cutouts",
        hosts->file_place(), hosts->ny(), hosts->nx(), stamp_size_pix));
  }
  return hosts;
}

}  // namespace

std::shared_ptr<const stages::HostCutouts> open_host_cutouts(const HostSection& host,
                                                             const BandNames& bands,
                                                             int stamp_size_pix) {
  EXPECT(!bands.empty());
  if (host.hdf5_file.empty()) {
    return checked(std::make_shared<const FitsCutouts>(host, bands), stamp_size_pix);
  }
  return checked(std::make_shared<const Hdf5Cutouts>(host, bands), stamp_size_pix);
}

}  // namespace lensmill::pipeline
