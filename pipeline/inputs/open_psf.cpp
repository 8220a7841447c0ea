#include "pipeline/inputs/open_psf.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/psfex_file.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/file_format.hpp"
#include "pipeline/inputs/psf_header.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfForm;
using config::PsfSection;

constexpr double gib = 1024.0 * 1024.0 * 1024.0;
constexpr double most_kernels_gib = 1.0;  // as doubles, on every rank

struct KernelList {
  std::string place;  ///< file and dataset or HDU
  std::size_t count = 1;
  std::size_t ny = 0;
  std::size_t nx = 0;
  bool is_list = false;  ///< has an index axis

  std::string name(std::size_t index) const {
    return is_list ? fmt::format("{} [{}]", place, index) : place;
  }
};

void check_size(const KernelList& list) {
  if (list.count == 0 || list.ny == 0 || list.nx == 0) {
    throw DataError(fmt::format("{}: contains no kernels (shape [{}, {}, {}])",
                                list.place, list.count, list.ny, list.nx));
  }
  const double size_gib = static_cast<double>(list.count) *
                          static_cast<double>(list.ny) * static_cast<double>(list.nx) *
                          sizeof(double) / gib;
  if (size_gib <= most_kernels_gib) return;
  throw DataError(fmt::format(
      "{}: {} kernels of {} x {} take {:.1f} GiB of memory on every rank, more than "
      "{:.0f} GiB; cut the kernels down or put fewer into the file",
      list.place, list.count, list.ny, list.nx, size_gib, most_kernels_gib));
}

/// First kernel and number of kernels that are taken from a list. \throws ConfigError
std::pair<std::size_t, std::size_t> taken_from(const KernelList& list,
                                               const PsfQuestion& question) {
  const int plane = question.section.plane;
  if (plane < 0) return {0, list.count};
  const auto index = static_cast<std::size_t>(plane);
  if (index >= list.count) {
    throw ConfigError(
        fmt::format("{}.plane: {} contains {} planes (from 0), asked for {}",
                    question.where(), list.place, list.count, plane));
  }
  return {index, 1};
}

std::vector<psf::PixelKernel> kernels_from_fits(const PsfQuestion& question,
                                                std::vector<std::string>& warnings) {
  const auto& section = question.section;
  const std::string where = question.where();
  if (!section.dataset.empty()) {
    throw ConfigError(fmt::format(
        "{}.dataset: {} is a FITS file, which has no datasets; name its image by `hdu` "
        "(0 is the primary; not needed where there is one image, or one of the band)",
        where, section.file));
  }
  refuse_large_gzip(section.file);
  const auto file = io::fits::File::open(section.file);
  const auto image = file.image(choose_image(file, question));
  check_band(file, image.index(), question, warnings);
  check_scale(file, image.index(), false, question, warnings);
  check_planes(image, question);
  const KernelList list{.place = image.place(),
                        .count = static_cast<std::size_t>(image.planes()),
                        .ny = static_cast<std::size_t>(image.ny()),
                        .nx = static_cast<std::size_t>(image.nx()),
                        .is_list = image.axes() == 3};
  check_size(list);
  const auto [first, count] = taken_from(list, question);
  std::vector<psf::PixelKernel> kernels;
  for (std::size_t k = first; k < first + count; ++k) {
    kernels.push_back(checked_kernel(
        section, image.read_plane<double>(static_cast<int>(k)), list.name(k)));
  }
  return kernels;
}

std::vector<psf::PixelKernel> kernels_from_hdf5(const PsfQuestion& question,
                                                std::vector<std::string>& warnings) {
  const auto& section = question.section;
  const std::string where = question.where();
  const auto file = io::hdf5::File::open(section.file);
  if (section.dataset.empty()) {
    throw ConfigError(
        fmt::format("{}.dataset: required, since {} is an HDF5 file; name its dataset "
                    "[y, x] or [k, y, x] (the file has: {})",
                    where, section.file, fmt::join(file.names(), ", ")));
  }
  const auto dataset = file.open_dataset(section.dataset);
  const auto& shape = dataset.shape();
  KernelList list{.place = fmt::format("{}: {}", section.file, dataset.path())};
  if (shape.size() != 2 && shape.size() != 3) {
    throw DataError(fmt::format(
        "{}: has shape [{}], but a kernel [y, x] or a list of kernels [k, y, x] is "
        "needed",
        list.place, fmt::join(shape, ", ")));
  }
  list.is_list = shape.size() == 3;
  list.count = list.is_list ? shape[0] : 1;
  list.ny = shape[shape.size() - 2];
  list.nx = shape.back();
  check_size(list);
  for (const char* name : {"band", "filter"}) {
    if (!dataset.has_attribute(name)) continue;
    check_band(list.place, name, dataset.read_string_attribute(name), question,
               warnings);
  }
  const auto [first, taken] = taken_from(list, question);
  std::vector<psf::PixelKernel> kernels;
  for (std::size_t k = first; k < first + taken; ++k) {
    io::hdf5::Shape start(shape.size(), 0);
    io::hdf5::Shape count(shape);
    if (list.is_list) {
      start[0] = k;
      count[0] = 1;
    }
    Image<double> values(static_cast<int>(list.ny), static_cast<int>(list.nx));
    dataset.read_block_raw(start, count, ElementType::float64, values.data());
    kernels.push_back(checked_kernel(section, std::move(values), list.name(k)));
  }
  return kernels;
}

std::vector<psf::PixelKernel> open_kernels(const PsfQuestion& question,
                                           std::vector<std::string>& warnings) {
  const auto& section = question.section;
  switch (file_format_of(section.file)) {
    case FileFormat::fits: return kernels_from_fits(question, warnings);
    case FileFormat::hdf5:
      if (section.hdu >= 0) {
        throw ConfigError(
            fmt::format("{}.hdu: {} is an HDF5 file, which has no HDUs; name its "
                        "`dataset`",
                        question.where(), section.file));
      }
      return kernels_from_hdf5(question, warnings);
    case FileFormat::text:
    case FileFormat::unknown: break;
  }
  throw DataError(section.file +
                  ": is neither FITS nor HDF5 (no kernel can be read from it)");
}

psf::PsfexModel open_psfex(const PsfQuestion& question, const PixelGrid& grid,
                           std::vector<std::string>& warnings) {
  const auto& section = question.section;
  refuse_large_gzip(section.file);
  const auto fits = io::fits::File::open(section.file);
  const auto place = choose_model(fits, question);
  check_band(fits, place.hdu, question, warnings);
  check_scale(fits, place.hdu, true, question, warnings);
  auto file = io::fits::read_psfex(fits.table(place.hdu), place.row);
  psf::PsfexModel model{.basis = std::move(file.basis),
                        .polynomial_name = std::move(file.polynomial_name),
                        .polynomial_zero = std::move(file.polynomial_zero),
                        .polynomial_scale = std::move(file.polynomial_scale),
                        .polynomial_degree = file.polynomial_degree,
                        .sampling_pix = file.sampling_pix,
                        .name = std::move(file.name)};
  psf::check(model);
  if (section.outer_wings) {
    // From one edge of the stamp to the other: what is farther out never acts.
    return psf::with_outer_wings(model, *section.outer_wings, grid.pixel_scale_arcsec,
                                 grid.stamp_size_pix - 1);
  }
  return model;
}

}  // namespace

psf::PixelKernel checked_kernel(const PsfSection& section, Image<double> values,
                                std::string name) {
  psf::PixelKernel kernel{.values = std::move(values),
                          .samples_per_pixel = section.samples_per_pixel,
                          .includes_pixel = section.includes_pixel,
                          .name = std::move(name)};
  // Throws by name if they are not those of a PSF.
  const double sum = psf::kernel_moments(kernel).sum;
  if (sum < 0.0) {
    throw DataError(fmt::format(
        "PSF kernel {}: its sum is negative ({:.3g}); a PSF must have flux, and "
        "`normalisation: unit` would turn its sign",
        kernel.name, sum));
  }
  return kernel;
}

void check_memory(const std::string& what, std::size_t pixels) {
  const double size_gib = static_cast<double>(pixels) * sizeof(double) / gib;
  if (size_gib <= most_kernels_gib) return;
  throw DataError(fmt::format(
      "{}: kernels of {:.1f} GiB, more than the {:.0f} GiB of memory that a band's may "
      "take on every rank; cut the kernels down, or use fewer",
      what, size_gib, most_kernels_gib));
}

stages::PsfInput open_psf(const PsfSection& section, const std::string& band,
                          const PixelGrid& grid, std::vector<std::string>& warnings) {
  const PsfQuestion question{
      .section = section, .band = band, .pixel_scale_arcsec = grid.pixel_scale_arcsec};
  stages::PsfInput input;
  // These wait for the hosts.
  if (section.per_host() && !section.plane_of_host) return input;
  switch (form_of(section)) {
    case PsfForm::function: break;
    case PsfForm::kernels: input.kernels = open_kernels(question, warnings); break;
    case PsfForm::model: input.psfex = open_psfex(question, grid, warnings); break;
  }
  return input;
}

stages::PsfInput open_psf(const PsfSection& section, const std::string& band,
                          const PixelGrid& grid) {
  std::vector<std::string> unheard;
  return open_psf(section, band, grid, unheard);
}

void refuse_bands_as_kernels(const config::RunConfig& config,
                             const PerBand<stages::PsfInput>& psf) {
  const std::size_t bands = config.psf.size();
  const auto may_be_bands = [&](std::size_t b) {
    const auto& section = config.psf[b];
    return form_of(section) == PsfForm::kernels && section.plane < 0 &&
           !section.plane_all_stated && !section.plane_of_host && !section.per_host() &&
           psf[b].kernels.size() == bands && bands > 1;
  };
  const auto same_values = [](const psf::PixelKernel& a, const psf::PixelKernel& b) {
    return std::ranges::equal(a.values.pixels(), b.values.pixels());
  };
  for (std::size_t a = 0; a < bands; ++a) {
    for (std::size_t b = a + 1; b < bands; ++b) {
      if (!may_be_bands(a) || !may_be_bands(b) ||
          !std::ranges::equal(psf[a].kernels, psf[b].kernels, same_values)) {
        continue;
      }
      throw ConfigError(fmt::format(
          "psf.{}.plane, psf.{}.plane: required, since both bands were given the same "
          "{} kernels ({}), as many as there are bands: if the planes are bands, name "
          "each band's (`plane: {}` for {}, from 0); if they are kernels for every "
          "band, say `plane: all`",
          config.bands[a], config.bands[b], bands, config.psf[a].file, a,
          config.bands[a]));
    }
  }
}

}  // namespace lensmill::pipeline
