#include "pipeline/inputs/source_galaxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <list>
#include <unordered_set>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"
#include "pipeline/inputs/galaxy_table.hpp"
#include "pipeline/inputs/image_claims.hpp"

namespace lensmill::pipeline {
namespace {

// Of a catalogue with one file per galaxy, not all can be open at once.
constexpr std::size_t most_open_files = 16;
constexpr std::size_t most_shown = 20;
// Images are cut-outs of one galaxy; a file's wrong HDU may be a whole mosaic.
constexpr int largest_side_pix = 4096;
// As for hosts.
constexpr double largest_scale_mismatch = 0.01;

class FitsGalaxies final : public CatalogueGalaxies {
 public:
  explicit FitsGalaxies(const config::GalaxySection& section)
      : catalogue_(section.catalogue), rows_(select_galaxies(section)) {
    std::vector<std::string> missing;
    std::unordered_set<std::string> seen;
    for (std::int64_t index = 0; index < count(); ++index) {
      const auto& file = row(index).file;
      if (!seen.insert(file).second) continue;
      files_.push_back(file);
      std::error_code ignored;
      if (!std::filesystem::exists(file, ignored)) {
        missing.push_back(fmt::format("{}: no image file {}", place(index), file));
      }
    }
    if (missing.empty()) return;
    std::string message = missing.front();
    for (std::size_t k = 1; k < std::min(missing.size(), most_shown); ++k) {
      message += "\n" + missing[k];
    }
    throw DataError(message + "\n(GAL_FILENAME starts from the catalogue's folder)");
  }

  std::int64_t count() const override {
    return static_cast<std::int64_t>(rows_.size());
  }
  double pixel_scale_arcsec(std::int64_t index) const override {
    return row(index).pixel_scale_arcsec;
  }
  std::int64_t id(std::int64_t index) const override { return row(index).ident; }
  std::string place(std::int64_t index) const override {
    return fmt::format("{}, row {} (IDENT {})", catalogue_, row(index).row + 1,
                       row(index).ident);
  }
  std::string image_place(std::int64_t index) const override {
    return fmt::format("{}[{}]", row(index).file, row(index).hdu);
  }
  const std::vector<std::string>& image_files() const override { return files_; }

  void read(std::int64_t index, Image<float>& pixels) const override {
    try {
      const auto image = open(row(index).file).image(static_cast<int>(row(index).hdu));
      if (image.planes() != 1) {
        throw DataError(
            fmt::format("{}: is a cube of {} planes, but a galaxy's image "
                        "[y, x] is needed",
                        image.place(), image.planes()));
      }
      if (std::max(image.ny(), image.nx()) > largest_side_pix) {
        throw DataError(
            fmt::format("{}: {} x {} pixels are no cut-out of a galaxy "
                        "(at most {} a side)",
                        image.place(), image.ny(), image.nx(), largest_side_pix));
      }
      check_scale(image, index);
      image.read_plane(0, pixels);
    } catch (const DataError& error) {
      throw DataError(place(index) + ": " + error.what());
    } catch (const IoError& error) {
      throw IoError(place(index) + ": " + error.what());
    }
  }

 private:
  const GalaxyRow& row(std::int64_t index) const {
    EXPECT(index >= 0 && index < count());
    return rows_[static_cast<std::size_t>(index)];
  }

  void check_scale(const io::fits::ImageHdu& image, std::int64_t index) const {
    const auto scale = wcs_scale_arcsec(image);
    if (!scale) return;
    const double mismatch = *scale / pixel_scale_arcsec(index) - 1.0;
    if (std::abs(mismatch) <= largest_scale_mismatch) return;
    throw DataError(fmt::format(
        "{}: its pixels are {:.5f} arcsec by its WCS, but the catalogue's PIXEL_SCALE "
        "says {} ({:+.1f} %); correct the one that is wrong",
        image.place(), *scale, pixel_scale_arcsec(index), 100.0 * mismatch));
  }

  /// The file, opened unless it is among those used last.
  const io::fits::File& open(const std::string& path) const {
    const auto at = std::ranges::find(open_, path, &io::fits::File::path);
    if (at != open_.end()) {
      open_.splice(open_.begin(), open_, at);
      return open_.front();
    }
    refuse_large_gzip(path);
    open_.push_front(io::fits::File::open(path));
    if (open_.size() > most_open_files) open_.pop_back();
    return open_.front();
  }

  std::string catalogue_;
  std::vector<GalaxyRow> rows_;
  std::vector<std::string> files_;
  mutable std::list<io::fits::File> open_;  ///< the latest first; a rank has one thread
};

}  // namespace

std::shared_ptr<const CatalogueGalaxies> open_source_galaxies(
    const config::GalaxySection& section) {
  return std::make_shared<const FitsGalaxies>(section);
}

}  // namespace lensmill::pipeline
