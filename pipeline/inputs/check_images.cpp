#include "pipeline/inputs/check_images.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/compare_places.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "pipeline/inputs/image_kind.hpp"

namespace lensmill::pipeline {
namespace {

using config::RunConfig;

constexpr double cutouts_mismatch = 0.01;
// The scale of a whole camera's image changes by some per cent over its field. Where a
// run uses the WCS, survey_image.hpp compares it where the images are cut.
constexpr double distorted_mismatch = 0.05;

/// An image that the configuration names.
struct NamedImage {
  std::string key;      ///< "host.survey.r.image"
  std::string section;  ///< "host.survey"
  std::string band;
  std::string path;
  int hdu = -1;  ///< -1: the first image
  bool is_weight = false;
  config::WeightKind weight_kind = config::WeightKind::invvar;
};

/// Masks beside them, each of a band: of their headers that alone counts.
std::vector<NamedImage> masks_of(const RunConfig& config) {
  std::vector<NamedImage> masks;
  const auto& host = config.host;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    const auto& band = config.bands[b];
    const auto& stated = host.survey ? host.survey->bands[b].masks : host.masks;
    for (const auto& mask : stated) {
      const auto cube = mask.files.find(band);
      const auto& path = cube == mask.files.end() ? mask.file : cube->second;
      if (path.empty()) continue;
      masks.push_back({mask.key, host.survey ? "host.survey" : "host.cutouts", band,
                       path, mask.hdu, true});
    }
  }
  return masks;
}

std::vector<NamedImage> images_of(const RunConfig& config) {
  std::vector<NamedImage> images;
  const auto& host = config.host;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    const auto& band = config.bands[b];
    if (host.survey) {
      const auto& survey = host.survey->bands[b];
      const std::string key = "host.survey." + band;
      images.push_back(
          {key + ".image", "host.survey", band, survey.image, survey.hdu, false});
      if (survey.weight.empty()) continue;
      images.push_back({key + ".weight", "host.survey", band, survey.weight,
                        survey.weight_hdu, true, survey.weight_kind});
      continue;
    }
    if (host.files.contains(band)) {
      images.push_back({"host.cutouts." + band, "host.cutouts", band,
                        host.files.at(band), -1, false});
    }
    if (host.invvar_files.contains(band)) {
      images.push_back({"host.cutouts.invvar." + band, "host.cutouts", band,
                        host.invvar_files.at(band), -1, true, host.weight_kind});
    }
  }
  return images;
}

io::fits::ImageHdu open(const NamedImage& image) {
  const auto file = io::fits::File::open(image.path);
  return image.hdu >= 0 ? file.image(image.hdu) : file.first_image();
}

/// Weights and masks that lie elsewhere on the sky than their image (of cubes nothing
/// says where a plane lies).
void compare_places(const std::vector<NamedImage>& images,
                    const std::vector<NamedImage>& masks, ClaimFindings& findings) {
  const auto compare = [&](const NamedImage& other) {
    const auto image = std::ranges::find(images, other.band, &NamedImage::band);
    if (image == images.end()) return;
    const auto first = open(*image);
    auto text = first.planes() == 1 ? misplaced(first, open(other)) : "";
    if (text.empty()) return;
    findings.problems.push_back(
        fmt::format("{}, but {} is taken pixel by pixel with the image; name the file "
                    "of this image's own pixels",
                    text, other.key));
  };
  for (const auto& image : images) {
    if (image.is_weight) compare(image);
  }
  for (const auto& mask : masks) compare(mask);
}

/// Whether the first image of a file, taken since none is named, may be the wrong one.
void notice_other_images(const NamedImage& image, std::vector<std::string>& warnings) {
  if (image.hdu >= 0) return;
  const auto file = io::fits::File::open(image.path);
  const auto first = file.first_image();
  bool certain = is_beside_an_image(first) == image.is_weight;
  std::vector<std::string> others;
  for (const int hdu : file.image_hdus()) {
    const io::fits::Hdu other = file.hdu(hdu);
    if (hdu == first.index()) continue;
    others.push_back(described(other));
    // A weight is known by its name, an image by those of the others.
    if (!image.is_weight && !is_beside_an_image(other)) certain = false;
  }
  if (others.empty() || certain) return;
  warnings.push_back(fmt::format(
      "{}: {} contains {} images, and the first, {}, is taken (there are also {}); if "
      "another is meant, {}",
      image.key, image.path, others.size() + 1, described(first),
      fmt::join(others, ", "),
      image.section == "host.survey"
          ? (image.is_weight ? "name it by weight_hdu" : "name it by hdu")
          : "give it a file of its own"));
}

std::optional<double> zero_point_of(const RunConfig& config, const NamedImage& image) {
  if (!config.host.survey) return config.host.zero_point_mag;
  const auto band = std::ranges::find(config.bands, image.band) - config.bands.begin();
  return config.host.survey->bands[static_cast<std::size_t>(band)].zero_point_mag;
}

void check_hdf5(const RunConfig& config, ClaimFindings& findings) {
  const auto& host = config.host;
  const auto file = io::hdf5::File::open(host.hdf5_file);
  const auto check = [&](const std::string& dataset, const char* key, bool is_weight) {
    compare_claims(claims_of(file.open_dataset(dataset)),
                   {.key = std::string("host.cutouts.") + key,
                    .section = "host.cutouts",
                    .band = {},
                    .zero_point_mag = host.zero_point_mag,
                    .pixel_scale_arcsec = {},
                    .is_weight = is_weight,
                    .weight_kind = host.weight_kind,
                    .is_cube_of_hosts = false},
                   findings);
  };
  check(host.hdf5_dataset, "dataset", false);
  if (!host.hdf5_invvar_dataset.empty()) {
    check(host.hdf5_invvar_dataset, "invvar_dataset", true);
  }
}

/// Images of one file and HDU.
bool same_pixels(const NamedImage& a, const NamedImage& b) {
  return a.hdu == b.hdu || open(a).index() == open(b).index();
}

}  // namespace

std::vector<std::string> check_headers(const RunConfig& config) {
  ClaimFindings findings;
  const auto images = images_of(config);
  const auto masks = masks_of(config);
  for (const auto& image : images) {
    compare_claims(claims_of(open(image)),
                   {.key = image.key,
                    .section = image.section,
                    .band = image.band,
                    .zero_point_mag = zero_point_of(config, image),
                    .pixel_scale_arcsec = config.host.pixel_scale_arcsec,
                    .largest_scale_mismatch =
                        config.host.survey ? distorted_mismatch : cutouts_mismatch,
                    .is_whole_image = config.host.survey.has_value(),
                    .is_weight = image.is_weight,
                    .weight_kind = image.weight_kind,
                    .is_cube_of_hosts = image.section == "host.cutouts"},
                   findings);
  }
  for (const auto& mask : masks) {
    const auto claims = claims_of(open(mask));
    ImageClaims of_band{.place = claims.place, .filters = claims.filters};
    compare_claims(of_band,
                   {.key = mask.key,
                    .section = mask.section,
                    .band = mask.band,
                    .zero_point_mag = {},
                    .pixel_scale_arcsec = {},
                    .is_weight = true,
                    .is_cube_of_hosts = false},
                   findings);
  }
  compare_places(images, masks, findings);
  if (!config.host.hdf5_file.empty()) check_hdf5(config, findings);
  auto warnings = std::move(findings.warnings);
  for (const auto& image : images) notice_other_images(image, warnings);
  if (!findings.problems.empty() && !config.host.accept_header_mismatch) {
    throw DataError(fmt::format(
        "{}\n(where the header is wrong and the configuration right, say so by "
        "host.{}.accept_header_mismatch: true)",
        fmt::join(findings.problems, "\n"), config.host.survey ? "survey" : "cutouts"));
  }
  std::ranges::move(findings.problems, std::back_inserter(warnings));
  // Synthetic noise that follows a map has no image to be held against.
  ClaimFindings of_noise;
  for (const auto& [band, path] : config.noise.invvar_files) {
    notice_other_images({"noise.invvar." + band, "noise", band, path, -1, true},
                        warnings);
    compare_claims(claims_of(io::fits::File::open(path).first_image()),
                   {.key = "noise.invvar." + band,
                    .section = "noise",
                    .band = band,
                    .zero_point_mag = {},
                    .pixel_scale_arcsec = config.grid.pixel_scale_arcsec,
                    .largest_scale_mismatch = distorted_mismatch,
                    .is_weight = true,
                    .is_cube_of_hosts = false},
                   of_noise);
  }
  std::ranges::move(of_noise.warnings, std::back_inserter(warnings));
  std::ranges::move(of_noise.problems, std::back_inserter(warnings));
  return warnings;
}

std::vector<std::string> check_shared_images(const RunConfig& config,
                                             const std::vector<InputFile>& files) {
  const auto& host = config.host;
  if (!host.hdf5_file.empty() && host.hdf5_dataset == host.hdf5_invvar_dataset) {
    throw ConfigError(
        fmt::format("host.cutouts.invvar_dataset: `{}` is the dataset of the cutouts "
                    "themselves; name the dataset of their inverse variances",
                    host.hdf5_invvar_dataset));
  }
  const auto digest_of = [&](const std::string& path) {
    return std::ranges::find(files, path, &InputFile::path)->sha256;
  };
  std::vector<std::string> warnings;
  const auto images = images_of(config);
  for (std::size_t a = 0; a < images.size(); ++a) {
    for (std::size_t b = a + 1; b < images.size(); ++b) {
      const auto& [one, other] = std::tie(images[a], images[b]);
      if (digest_of(one.path) != digest_of(other.path) || !same_pixels(one, other)) {
        continue;
      }
      const bool cutouts = one.section == "host.cutouts";
      if (one.is_weight && other.is_weight) {
        warnings.push_back(fmt::format(
            "{} and {} are the same image: both bands have the same inverse variances",
            one.key, other.key));
        continue;
      }
      if (one.is_weight != other.is_weight) {
        throw ConfigError(fmt::format(
            "{} and {} are the same image ({}, HDU {}): an image is not its own "
            "inverse variance; {}",
            one.key, other.key, one.path, open(one).index(),
            cutouts ? "the first image of a file is read: give the inverse variances a "
                      "file of their own"
                    : "name the weight's HDU by weight_hdu"));
      }
      throw ConfigError(fmt::format(
          "{} and {} are the same image ({}, HDU {}), so that both bands would be "
          "equal; {}",
          one.key, other.key, one.path, open(one).index(),
          cutouts ? "a FITS cube [n, y, x] contains n hosts of one band. If its planes "
                    "or HDUs are the bands of one host, as cutout services give them, "
                    "name the hosts' files by host.cutouts: {files: \"DIR/*.fits\"} "
                    "(band_order: [...] where the headers do not say which plane is "
                    "which); or write one cube [1, y, x] per band"
                  : "name each band's file, or its HDU by hdu"));
    }
  }
  for (auto a = config.noise.invvar_files.begin(); a != config.noise.invvar_files.end();
       ++a) {
    for (auto b = std::next(a); b != config.noise.invvar_files.end(); ++b) {
      if (digest_of(a->second) != digest_of(b->second)) continue;
      warnings.push_back(
          fmt::format("noise.invvar.{} and noise.invvar.{} are the same image: both "
                      "bands have the same noise",
                      a->first, b->first));
    }
  }
  return warnings;
}

}  // namespace lensmill::pipeline
