#include "pipeline/inputs/measure_hosts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "lib/imaging/host_image.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::size_t most_listed = 10;

/// Where the numbers of one host go.
struct Target {
  stages::HostMeasurements& measurements;
  std::vector<double>& not_finite_pixels;  ///< [host, band]
  std::size_t bands;
};

/// Buffers for one cutout after the other.
struct Pixels {
  Image<float> nmgy, invvar;
  Image<float> mask;  ///< empty where hosts have none
};

void measure_host(const stages::HostCutouts& hosts, std::int64_t host,
                  double aperture_radius_pix, Pixels& pixels, const Target& target) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  auto& to = target.measurements;
  const auto h = static_cast<std::size_t>(host);
  double brightest = 0.0;
  to.centroid_x_pix[h] = nan;
  to.centroid_y_pix[h] = nan;
  for (std::size_t b = 0; b < target.bands; ++b) {
    if (hosts.has_mask()) {
      hosts.read_with_mask(host, static_cast<int>(b), pixels.nmgy, pixels.invvar,
                           pixels.mask);
    } else {
      hosts.read(host, static_cast<int>(b), pixels.nmgy, pixels.invvar);
    }
    const auto measured =
        imaging::measure_host(pixels.nmgy, aperture_radius_pix, pixels.mask);
    const std::size_t slot = h * target.bands + b;
    to.flux_nmgy[slot] = measured.usable ? measured.flux_nmgy : nan;
    to.background_sigma_nmgy[slot] = measured.background_sigma_nmgy;
    target.not_finite_pixels[slot] = static_cast<double>(measured.not_finite_pixels);
    if (measured.usable && measured.flux_nmgy > brightest) {
      brightest = measured.flux_nmgy;
      to.centroid_x_pix[h] = measured.centroid_x_pix;
      to.centroid_y_pix[h] = measured.centroid_y_pix;
    }
  }
}

/// "3 (host_index 0, 4, 17)"
std::string listed(const std::vector<std::size_t>& hosts) {
  const auto shown = std::min(hosts.size(), most_listed);
  return fmt::format("{} (host_index {}{})", hosts.size(),
                     fmt::join(std::span(hosts).first(shown), ", "),
                     hosts.size() > shown ? ", ..." : "");
}

std::vector<std::string> warnings_of(const stages::HostMeasurements& measured,
                                     const std::vector<double>& not_finite_pixels,
                                     const BandNames& bands, bool survey,
                                     const std::vector<std::int64_t>& hosts) {
  const std::string section = survey ? "host.survey" : "host.cutouts";
  std::vector<std::string> warnings;
  const std::size_t count = hosts.size();
  for (std::size_t b = 0; b < bands.size(); ++b) {
    std::vector<std::size_t> not_finite;
    std::vector<std::size_t> no_background;
    std::vector<std::size_t> not_positive;
    for (const std::int64_t host : hosts) {
      const auto h = static_cast<std::size_t>(host);
      const std::size_t slot = h * bands.size() + b;
      if (not_finite_pixels[slot] > 0.0) not_finite.push_back(h);
      if (std::isnan(measured.background_sigma_nmgy[slot])) {
        no_background.push_back(h);
      } else if (std::isnan(measured.flux_nmgy[slot])) {
        not_positive.push_back(h);
      }
    }
    if (!not_finite.empty()) {
      warnings.push_back(fmt::format(
          "{}: band {}: {} of {} cutouts have pixels that are not finite; rows that "
          "have one in their stamp get status bad_host",
          section, bands[b], listed(not_finite), count));
    }
    if (!no_background.empty()) {
      warnings.push_back(fmt::format(
          "{}: band {}: {} of {} cutouts have no valid pixels to measure a background "
          "in; rows that need it get status bad_host",
          section, bands[b], listed(no_background), count));
    }
    if (!not_positive.empty()) {
      warnings.push_back(fmt::format(
          "{}: band {}: {} of {} cutouts have no positive flux within "
          "mag_aperture_arcsec; rows whose source is measured against it get status "
          "bad_host",
          section, bands[b], listed(not_positive), count));
    }
  }
  return warnings;
}

}  // namespace

stages::HostMeasurements unmeasured(std::int64_t hosts, std::size_t bands) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto count = static_cast<std::size_t>(hosts);
  const std::vector<double> per_host(count, nan);
  const std::vector<double> per_band(count * bands, nan);
  return {.flux_nmgy = per_band,
          .background_sigma_nmgy = per_band,
          .centroid_x_pix = per_host,
          .centroid_y_pix = per_host};
}

MeasuredHosts measure_hosts(const stages::HostCutouts& hosts, const BandNames& bands,
                            double aperture_radius_pix,
                            const parallel::Communicator& world,
                            const std::vector<std::int64_t>& only) {
  MeasuredHosts result;
  auto& measured = result.measurements;
  const auto count = static_cast<std::size_t>(hosts.count());
  std::vector<std::int64_t> wanted = only;
  if (wanted.empty()) {
    wanted.resize(count);
    std::iota(wanted.begin(), wanted.end(), std::int64_t{0});
  }
  std::vector<double> not_finite_pixels(count * bands.size());
  measured.flux_nmgy.resize(count * bands.size());
  measured.background_sigma_nmgy.resize(count * bands.size());
  measured.centroid_x_pix.resize(count);
  measured.centroid_y_pix.resize(count);
  world.agree([&] {
    const auto ranks = static_cast<std::size_t>(world.size());
    const auto rank = static_cast<std::size_t>(world.rank());
    Pixels pixels;
    for (std::size_t k = wanted.size() * rank / ranks;
         k < wanted.size() * (rank + 1) / ranks; ++k) {
      measure_host(hosts, wanted[k], aperture_radius_pix, pixels,
                   {measured, not_finite_pixels, bands.size()});
    }
  });
  // Every number is one rank's and zero on all others: these sums round nothing.
  for (auto* column :
       {&measured.flux_nmgy, &measured.background_sigma_nmgy, &measured.centroid_x_pix,
        &measured.centroid_y_pix, &not_finite_pixels}) {
    world.sum(std::span<double>(*column));
  }
  if (wanted.size() < count) {
    auto all = unmeasured(hosts.count(), bands.size());
    for (const std::int64_t host : wanted) {
      const auto h = static_cast<std::size_t>(host);
      all.centroid_x_pix[h] = measured.centroid_x_pix[h];
      all.centroid_y_pix[h] = measured.centroid_y_pix[h];
      for (std::size_t k = h * bands.size(); k < (h + 1) * bands.size(); ++k) {
        all.flux_nmgy[k] = measured.flux_nmgy[k];
        all.background_sigma_nmgy[k] = measured.background_sigma_nmgy[k];
      }
    }
    measured = std::move(all);
  }
  result.warnings =
      warnings_of(measured, not_finite_pixels, bands, hosts.is_survey(), wanted);
  const double fits_in_pix = 0.5 * (std::min(hosts.ny(), hosts.nx()) - 1);
  if (aperture_radius_pix > fits_in_pix) {
    result.warnings.push_back(
        fmt::format("host.{}.mag_aperture_arcsec: its radius of {:.1f} pixels "
                    "reaches beyond the cutouts ({} x {} pixels); hosts come out too "
                    "faint",
                    hosts.is_survey() ? "survey" : "cutouts", aperture_radius_pix,
                    hosts.ny(), hosts.nx()));
  }
  return result;
}

}  // namespace lensmill::pipeline
