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
#include "pipeline/inputs/hdf5_cutouts.hpp"
#include "pipeline/inputs/pixel_masks.hpp"

namespace lensmill::pipeline {
namespace {

using config::HostSection;
using io::fits::ImageHdu;

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
