#include "pipeline/inputs/check_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "lib/imaging/blank_pixels.hpp"
#include "lib/imaging/local_scatter.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int64_t most_cutouts = 64;
constexpr std::int64_t fewest_in_a_cutout = 30;
constexpr int places_per_axis = 4;

double median_of(std::vector<double>& values) { return median(std::span(values)); }

}  // namespace

WeightCheck check_weight(const stages::HostCutouts& hosts, int band) {
  Image<float> pixels;
  Image<float> invvar;
  Image<float> mask;
  Image<std::uint8_t> blank;
  std::vector<double> image_sigma;
  std::vector<double> weight_sigma;
  std::vector<double> ratio;
  WeightCheck check;
  const std::int64_t wanted = std::min(hosts.count(), most_cutouts);
  for (std::int64_t k = 0; k < wanted; ++k) {
    hosts.read_with_mask(k * hosts.count() / wanted, band, pixels, invvar, mask);
    blank.assign(pixels.ny(), pixels.nx());
    for (std::size_t i = 0; i < blank.size(); ++i) {
      const float weight = invvar.pixels()[i];
      const bool usable = mask.pixels()[i] == 0.0F &&
                          std::isfinite(pixels.pixels()[i]) && weight > 0.0F &&
                          std::isfinite(weight);
      blank.pixels()[i] = usable ? 1 : 0;
      if (!usable) pixels.pixels()[i] = 0.0F;
    }
    if (std::ranges::count(blank.pixels(), std::uint8_t{1}) < fewest_in_a_cutout) {
      continue;
    }
    imaging::keep_blank_pixels(pixels, {.cell_pix = std::max(pixels.ny(), pixels.nx())},
                               blank);
    std::vector<float> weights;
    for (std::size_t i = 0; i < blank.size(); ++i) {
      if (blank.pixels()[i] != 0) weights.push_back(invvar.pixels()[i]);
    }
    const auto count = static_cast<std::int64_t>(weights.size());
    if (count < fewest_in_a_cutout) continue;
    const double scatter = imaging::local_scatter(pixels, blank);
    if (!std::isfinite(scatter)) continue;
    check.blank_pixels += count;
    ++check.cutouts;
    image_sigma.push_back(scatter);
    weight_sigma.push_back(1.0 / std::sqrt(double{median(std::span(weights))}));
    ratio.push_back(image_sigma.back() / weight_sigma.back());
  }
  if (ratio.empty()) return check;
  check.image_sigma_nmgy = median_of(image_sigma);
  check.weight_sigma_nmgy = median_of(weight_sigma);
  check.ratio = median_of(ratio);
  return check;
}

std::vector<std::string> check_weights(const config::RunConfig& config,
                                       const stages::HostCutouts& hosts) {
  std::vector<std::string> warnings;
  if (!hosts.has_invvar()) return warnings;
  const bool survey = hosts.is_survey();
  const std::string accept = survey ? "host.survey.accept_weight_mismatch"
                                    : "host.cutouts.accept_invvar_mismatch";
  std::vector<std::string> problems;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    const auto check = check_weight(hosts, static_cast<int>(b));
    const std::string key = survey ? "host.survey." + config.bands[b] + ".weight"
                                   : "host.cutouts: invvar of band " + config.bands[b];
    if (!check.tested()) {
      warnings.push_back(fmt::format(
          "{}: not tested against the image's own noise ({} blank pixels{}, at least "
          "{} "
          "are needed)",
          key, check.blank_pixels,
          check.blank_pixels >= WeightCheck::fewest_blank_pixels ? ", which do not vary"
                                                                 : "",
          WeightCheck::fewest_blank_pixels));
      continue;
    }
    if (!check.is_off_by(WeightCheck::noticed_factor)) continue;
    auto text = fmt::format(
        "{}: says a noise of {:.3g} nmgy per pixel, but the image's blank pixels "
        "scatter "
        "by {:.3g} nmgy ({:.3g} times; {} pixels of {} cutouts): is it an inverse "
        "variance, in the image's unit^-2?",
        key, check.weight_sigma_nmgy, check.image_sigma_nmgy, check.ratio,
        check.blank_pixels, check.cutouts);
    const bool refused = check.is_off_by(WeightCheck::refused_factor);
    (refused ? problems : warnings).push_back(std::move(text));
  }
  if (problems.empty()) return warnings;
  if (!config.host.accept_weight_mismatch) {
    throw DataError(fmt::format(
        "{}\nSNRs, variances and src_target_snr would be wrong by as much; a mask, a "
        "standard deviation or a weight of another scale must be made an inverse "
        "variance "
        "first (if it is one, say so by {}: true)",
        fmt::join(problems, "\n"), accept));
  }
  std::ranges::move(problems, std::back_inserter(warnings));
  return warnings;
}

std::vector<std::string> check_noise_maps(const config::RunConfig& config,
                                          const stages::InvvarMaps& maps) {
  std::vector<std::string> warnings;
  const int n = config.grid.stamp_size_pix;
  Image<float> invvar(n, n);
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    bool only_0_and_1 = true;
    bool any = false;
    for (int k = 0; k < places_per_axis * places_per_axis && only_0_and_1; ++k) {
      const auto along = [](int room, int part) {
        return static_cast<int>(std::int64_t{room} * part / (places_per_axis - 1));
      };
      maps.read(static_cast<int>(b),
                {.plane = along(maps.planes() - 1, k % places_per_axis),
                 .y = along(maps.ny() - n, k / places_per_axis),
                 .x = along(maps.nx() - n, k % places_per_axis)},
                invvar);
      for (const float value : invvar.pixels()) {
        if (value == 1.0F) any = true;
        if (value != 1.0F && value != 0.0F && !std::isnan(value)) only_0_and_1 = false;
      }
    }
    if (!only_0_and_1 || !any) continue;
    warnings.push_back(fmt::format(
        "noise.invvar.{}: contains nothing but 0 and 1: a mask is no inverse variance "
        "(nmgy^-2); with it the noise is 1 nmgy per pixel",
        config.bands[b]));
  }
  return warnings;
}

}  // namespace lensmill::pipeline
