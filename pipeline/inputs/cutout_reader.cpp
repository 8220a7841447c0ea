#include "pipeline/inputs/cutout_reader.hpp"

#include <fmt/format.h>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/inputs/cutout_layout.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::File;

/// The file of a host's weights or mask: of its own, or the images'.
File file_of(const std::vector<std::string>& paths, std::size_t index,
             const File& images) {
  if (paths.empty()) return images;
  refuse_large_gzip(paths[index]);
  return File::open(paths[index]);
}

std::vector<OpenPlane> planes_at(const File& file, const FoundPlanes& found) {
  std::vector<OpenPlane> planes;
  for (const auto& place : found.of_band) {
    planes.push_back({file.image(place.hdu), place.plane});
  }
  return planes;
}

void require_shape(const std::vector<OpenPlane>& planes, const OpenPlane& first) {
  for (const auto& [hdu, plane] : planes) {
    if (hdu.ny() == first.hdu.ny() && hdu.nx() == first.hdu.nx()) continue;
    throw DataError(
        fmt::format("{}: has {} x {} pixels, but {} has {} x {}; a host's "
                    "bands, weights and masks are of the same pixels",
                    hdu.place(), hdu.ny(), hdu.nx(), first.hdu.place(), first.hdu.ny(),
                    first.hdu.nx()));
  }
}

/// No image is its own weight or mask.
void require_others(const std::vector<OpenPlane>& planes,
                    const std::vector<OpenPlane>& images, const std::string& key) {
  for (const auto& [hdu, plane] : planes) {
    for (const auto& image : images) {
      if (hdu.place() != image.hdu.place() || plane != image.plane) continue;
      throw DataError(fmt::format(
          "{}: {} takes plane {} of it, which is an image of the host; name another "
          "extension or file",
          hdu.place(), key, plane));
    }
  }
}

}  // namespace

OpenCutout open_cutout(const config::HostSection& host, const BandNames& bands,
                       const CutoutPaths& paths, std::size_t index) {
  const auto& section = *host.cutout_files;
  OpenCutout open;
  refuse_large_gzip(paths.images[index]);
  const File file = File::open(paths.images[index]);
  std::vector<std::string> beside{section.weight_extension};
  for (const auto& mask : host.masks) {
    // An image may say by its zeros where there are no data.
    if (!mask.zero_masks) beside.push_back(mask.extension);
  }
  std::erase(beside, "");
  const auto images =
      find_planes(file, {.bands = bands,
                         .band_order = section.band_order,
                         .extension = section.image_extension,
                         .beside = std::move(beside),
                         .accept_other_bands = host.accept_header_mismatch});
  open.images = planes_at(file, images);
  require_shape(open.images, open.images.front());
  if (!section.weight_extension.empty() || !paths.weights.empty()) {
    const File weights = file_of(paths.weights, index, file);
    open.weights =
        planes_at(weights, find_planes(weights,
                                       {.bands = bands,
                                        .extension = section.weight_extension,
                                        .any_image = !paths.weights.empty()},
                                       &images));
    require_shape(open.weights, open.images.front());
    require_others(open.weights, open.images, "host.cutouts.weight");
  }
  for (std::size_t m = 0; m < host.masks.size(); ++m) {
    const auto& mask = host.masks[m];
    const File masks = file_of(paths.masks[m], index, file);
    const auto planes =
        planes_at(masks, find_planes(masks,
                                     {.bands = bands,
                                      .extension = mask.extension,
                                      .any_image = !paths.masks[m].empty(),
                                      .one_for_all = true},
                                     &images));
    require_shape(planes, open.images.front());
    if (!mask.zero_masks) require_others(planes, open.images, mask.key);
    auto& of_band = open.masks.emplace_back();
    for (const auto& plane : planes) {
      auto names = named_bits(plane.hdu);
      if (names.empty()) names = named_bits(plane.hdu.primary());
      of_band.emplace_back(MaskRule(mask, names, plane.hdu.place()), plane);
    }
  }
  return open;
}

CutoutReader::CutoutReader(config::HostSection host, BandNames bands, CutoutPaths paths,
                           int ny, int nx)
    : host_(std::move(host)),
      bands_(std::move(bands)),
      paths_(std::move(paths)),
      ny_(ny),
      nx_(nx),
      nmgy_per_unit_(host_.zero_point_mag ? nmgy_per_unit(*host_.zero_point_mag)
                                          : 1.0) {
  EXPECT(host_.cutout_files && paths_.masks.size() == host_.masks.size());
}

bool CutoutReader::has_invvar() const {
  return !host_.cutout_files->weight_extension.empty() || !paths_.weights.empty();
}

const OpenCutout& CutoutReader::open(std::int64_t host_index) const {
  EXPECT(host_index >= 0 && host_index < count());
  if (last_ && last_host_ == host_index) return *last_;
  last_.reset();  // closes the files
  last_ = open_cutout(host_, bands_, paths_, static_cast<std::size_t>(host_index));
  last_host_ = host_index;
  const auto& first = last_->images.front().hdu;
  if (first.ny() != ny_ || first.nx() != nx_) {
    throw DataError(
        fmt::format("{}: has become {} x {} pixels while the run goes on "
                    "(it was {} x {})",
                    first.place(), first.ny(), first.nx(), ny_, nx_));
  }
  return *last_;
}

void CutoutReader::read(std::int64_t host_index, int band, Image<float>& nmgy,
                        Image<float>& invvar) const {
  Image<float> mask;
  read_with_mask(host_index, band, nmgy, invvar, mask);
}

void CutoutReader::read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                                  Image<float>& invvar, Image<float>& mask) const {
  const auto& cutout = open(host_index);
  const auto b = static_cast<std::size_t>(band);
  cutout.images[b].hdu.read_plane(cutout.images[b].plane, nmgy);
  for (float& value : nmgy.pixels()) {
    value = static_cast<float>(nmgy_per_unit_ * double{value});
  }
  const bool weighted = !cutout.weights.empty();
  if (weighted) {
    cutout.weights[b].hdu.read_plane(cutout.weights[b].plane, invvar);
    to_invvar(host_.weight_kind, nmgy_per_unit_, invvar);
  }
  mask_useless(nmgy, weighted ? &invvar : nullptr, mask);
  for (const auto& of_band : cutout.masks) {
    const auto& [rule, plane] = of_band[b];
    const auto& hdu = plane.hdu;
    const int k = plane.plane;
    rule.apply(
        hdu.read_plane<double>(k),
        [&hdu, k] { return hdu.read_integers(k, 0, 0, hdu.ny(), hdu.nx()); }, mask);
  }
  if (!weighted) return;
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (mask.pixels()[k] != 0.0F) invvar.pixels()[k] = 0.0F;
  }
}

stages::North CutoutReader::north(std::int64_t host_index) const {
  const auto& image = open(host_index).images.front().hdu;
  const auto axes =
      io::fits::sky_axes(io::fits::SkyWcs(image), {0.5 * (nx_ + 1), 0.5 * (ny_ + 1)});
  return {.phi_rad = axes.north_rad,
          .east_is_anticlockwise = axes.east_is_anticlockwise};
}

}  // namespace lensmill::pipeline
