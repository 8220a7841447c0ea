#include "pipeline/inputs/measure_galaxies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "lib/core/errors.hpp"
#include "lib/light/galaxy_stamp.hpp"
#include "stages/source_maker.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::size_t most_shown = 20;
constexpr std::size_t most_listed = 10;

/// One galaxy's entries; what is wrong with it, or "".
std::string measure_one(const CatalogueGalaxies& galaxies,
                        const config::GalaxySection& section, std::int64_t index,
                        Image<float>& image, stages::GalaxyMeasurements& to) {
  const auto g = static_cast<std::size_t>(index);
  const double scale = galaxies.pixel_scale_arcsec(index);
  galaxies.read(index, image);
  const auto clean =
      light::clean_galaxy(image.view(), stages::cleaning_of(section, scale));
  if (!clean.usable()) {
    to.flux[g] = to.reff_arcsec[g] = to.phi_rad[g] =
        std::numeric_limits<double>::quiet_NaN();
    return fmt::format("{}: {} {}", galaxies.place(index), galaxies.image_place(index),
                       clean.problem);
  }
  const auto shape = light::measure_galaxy(clean.light.view());
  to.flux[g] = clean.flux;
  to.reff_arcsec[g] = scale * shape.reff_pix;
  to.phi_rad[g] = shape.phi_rad;
  return "";
}

/// All ranks' lines, in the order of ranks, at most `most_listed`.
std::vector<std::string> gathered(const std::vector<std::string>& mine,
                                  const parallel::Communicator& world) {
  std::vector<std::string> lines;
  for (const auto& part : world.all_gather(fmt::format("{}", fmt::join(mine, "\n")))) {
    for (std::size_t at = 0; at < part.size() && lines.size() < most_listed;) {
      const std::size_t end = std::min(part.find('\n', at), part.size());
      lines.push_back(part.substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

}  // namespace

MeasuredGalaxies measure_galaxies(const CatalogueGalaxies& galaxies,
                                  const config::GalaxySection& section,
                                  const parallel::Communicator& world) {
  MeasuredGalaxies result;
  auto& measured = result.measurements;
  const auto count = static_cast<std::size_t>(galaxies.count());
  const std::array<std::vector<double>*, 3> columns{
      &measured.flux, &measured.reff_arcsec, &measured.phi_rad};
  for (auto* column : columns) column->resize(count);
  std::vector<std::string> unusable;
  world.agree([&] {
    const std::int64_t first = galaxies.count() * world.rank() / world.size();
    const std::int64_t end = galaxies.count() * (world.rank() + 1) / world.size();
    Image<float> image;
    std::string problems;
    std::size_t found = 0;
    for (std::int64_t index = first; index < end && found < most_shown; ++index) {
      try {
        const auto reason = measure_one(galaxies, section, index, image, measured);
        if (!reason.empty() && unusable.size() < most_listed)
          unusable.push_back(reason);
      } catch (const DataError& error) {
        problems += (found++ == 0 ? "" : "\n") + std::string(error.what());
      }
    }
    if (found > 0) throw DataError(problems);
  });
  // Every number is one rank's and zero on all others: these sums round nothing.
  for (auto* column : columns) world.sum(std::span<double>(*column));
  unusable = gathered(unusable, world);
  if (unusable.empty()) return result;

  std::size_t bad = 0;
  for (const double flux : measured.flux)
    bad += std::isnan(flux) ? std::size_t{1} : std::size_t{0};
  const auto list = fmt::format("{}{}", fmt::join(unusable, "; "),
                                bad > unusable.size() ? "; ..." : "");
  if (bad == count) {
    throw DataError(fmt::format(
        "source.galaxies: none of the {} selected galaxies can be a source ({})", count,
        list));
  }
  result.warnings.push_back(fmt::format(
      "source.galaxies: {} of {} galaxies cannot be sources; rows that draw them get "
      "status bad_source ({})",
      bad, count, list));
  return result;
}

}  // namespace lensmill::pipeline
