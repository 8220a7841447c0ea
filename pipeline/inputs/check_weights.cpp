#include "pipeline/inputs/check_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <span>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "lib/core/units.hpp"
#include "lib/imaging/local_scatter.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int64_t most_cutouts = 64;
constexpr std::int64_t fewest_in_a_cutout = 30;
constexpr int places_per_axis = 4;

double median_of(std::vector<double>& values) { return median(std::span(values)); }

/// A weight's number for a noise, and back.
double weight_of(config::WeightKind kind, double sigma) {
  switch (kind) {
    case config::WeightKind::invvar: return 1.0 / (sigma * sigma);
    case config::WeightKind::variance: return sigma * sigma;
    case config::WeightKind::rms: break;
  }
  return sigma;
}
double sigma_of(config::WeightKind kind, double weight) {
  switch (kind) {
    case config::WeightKind::invvar: return 1.0 / std::sqrt(weight);
    case config::WeightKind::variance: return std::sqrt(weight);
    case config::WeightKind::rms: break;
  }
  return weight;
}

struct KindName {
  config::WeightKind kind;
  const char* name;
  const char* is;
};
constexpr std::array<KindName, 3> kind_names{
    {{config::WeightKind::invvar, "invvar",
      "an inverse variance, in the image's unit^-2"},
     {config::WeightKind::variance, "variance", "a variance, in the image's unit^2"},
     {config::WeightKind::rms, "rms", "a standard deviation, in the image's unit"}}};

/// The image's unit of one band in nmgy.
double unit_nmgy(const config::HostSection& host, std::size_t band) {
  const auto zero_point =
      host.survey ? host.survey->bands[band].zero_point_mag : host.zero_point_mag;
  return zero_point ? nmgy_per_unit(*zero_point) : 1.0;
}

}  // namespace

std::string advice_on(const WeightCheck& check, config::WeightKind stated,
                      double nmgy_per_unit) {
  constexpr double rounding = 1.0e-5;
  const double number = weight_of(stated, check.weight_sigma_nmgy / nmgy_per_unit);
  if (check.one_value && std::abs(number - 1.0) < rounding) {
    return "it contains nothing but 0 and 1: a mask, `weight: {kind: mask, masked: "
           "zero}` "
           "where 0 is bad";
  }
  std::string advice = "is it ";
  double best = WeightCheck::noticed_factor;
  for (const auto& [kind, name, is] : kind_names) {
    if (kind == stated) {
      if (advice == "is it ") advice += std::string(is) + "?";
      continue;
    }
    const double sigma = nmgy_per_unit * sigma_of(kind, number);
    const double off =
        std::max(check.image_sigma_nmgy / sigma, sigma / check.image_sigma_nmgy);
    if (!(off < best)) continue;
    best = off;
    advice = fmt::format("as `weight: {{kind: {}}}` it says {:.3g} nmgy, which fits",
                         name, sigma);
  }
  return advice;
}

WeightCheck check_weight(const stages::HostCutouts& hosts, int band) {
  Image<float> pixels;
  Image<float> invvar;
  Image<float> mask;
  std::vector<double> image_sigma;
  std::vector<double> weight_sigma;
  std::vector<double> ratio;
  WeightCheck check;
  float one_weight = 0.0F;
  const std::int64_t wanted = std::min(hosts.count(), most_cutouts);
  for (std::int64_t k = 0; k < wanted; ++k) {
    hosts.read_with_mask(k * hosts.count() / wanted, band, pixels, invvar, mask);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const float weight = invvar.pixels()[i];
      if (mask.pixels()[i] != 0.0F || !std::isfinite(pixels.pixels()[i]) ||
          !(weight > 0.0F) || !std::isfinite(weight)) {
        continue;
      }
      if (one_weight == 0.0F) one_weight = weight;
      if (weight != one_weight) check.one_value = false;
    }
    const auto noise = imaging::blank_noise(pixels, invvar, mask, fewest_in_a_cutout);
    if (!std::isfinite(noise.scatter)) continue;
    check.blank_pixels += noise.pixels;
    ++check.cutouts;
    image_sigma.push_back(noise.scatter);
    weight_sigma.push_back(1.0 / std::sqrt(noise.median_value));
    ratio.push_back(image_sigma.back() / weight_sigma.back());
  }
  if (ratio.empty()) return check;
  check.image_sigma_nmgy = median_of(image_sigma);
  check.weight_sigma_nmgy = median_of(weight_sigma);
  check.ratio = median_of(ratio);
  return check;
}

std::vector<std::string> check_masks(const config::RunConfig& config,
                                     const stages::HostCutouts& hosts) {
  constexpr double noticed_fraction = 0.5;
  std::vector<std::string> warnings;
  const auto has_masks = [&](std::size_t band) {
    if (config.host.survey) return !config.host.survey->bands[band].masks.empty();
    return !config.host.masks.empty();
  };
  Image<float> pixels;
  Image<float> invvar;
  Image<float> mask;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    if (!has_masks(b)) continue;
    std::vector<double> fractions;
    const std::int64_t wanted = std::min(hosts.count(), most_cutouts);
    for (std::int64_t k = 0; k < wanted; ++k) {
      hosts.read_with_mask(k * hosts.count() / wanted, static_cast<int>(b), pixels,
                           invvar, mask);
      const auto visible = std::ranges::count(mask.pixels(), 0.0F);
      fractions.push_back(1.0 - static_cast<double>(visible) /
                                    static_cast<double>(mask.size()));
    }
    const double fraction = median_of(fractions);
    if (fraction <= noticed_fraction) continue;
    warnings.push_back(fmt::format(
        "{}: band {}: {:.0f} % of the pixels are masked (median of {} cutouts): are "
        "`bits` and `masked: {{nonzero | zero}}` those of the mask?",
        config.host.survey ? "host.survey" : "host.cutouts", config.bands[b],
        100.0 * fraction, fractions.size()));
  }
  return warnings;
}

namespace {

/// A value that many pixels have exactly, farther from all others than noise and
/// sources lie.
struct MarkedPixels {
  float value = 0.0F;
  double fraction = 0.0;
};

/// The least or the largest value of a cutout where it is such a mark; `used` are the
/// pixels that no weight and no mask takes out.
MarkedPixels marked_pixels(const std::vector<double>& used, std::size_t all) {
  // Of the scatter about the median: stars and galaxies reach it, but never in many
  // pixels alike.
  constexpr double far_away = 30.0;
  MarkedPixels found;
  if (used.empty()) return found;
  auto work = used;
  const double middle = median_of(work);
  for (double& value : work) value = std::abs(value - middle);
  const double sigma = sigma_per_mad * median_of(work);
  const auto [least, most] = std::ranges::minmax(used);
  for (const double value : {least, most}) {
    if (value == 0.0 || !(std::abs(value - middle) > far_away * sigma)) continue;
    const double fraction =
        static_cast<double>(std::ranges::count(used, value)) / static_cast<double>(all);
    if (fraction > found.fraction) {
      found = {.value = static_cast<float>(value), .fraction = fraction};
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> check_marked(const config::RunConfig& config,
                                      const stages::HostCutouts& hosts) {
  constexpr double noticed_fraction = 0.005;
  std::vector<std::string> warnings;
  Image<float> pixels;
  Image<float> invvar;
  Image<float> mask;
  std::vector<double> used;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    std::int64_t noticed = 0;
    MarkedPixels worst;
    const std::int64_t wanted = std::min(hosts.count(), most_cutouts);
    for (std::int64_t k = 0; k < wanted; ++k) {
      hosts.read_with_mask(k * hosts.count() / wanted, static_cast<int>(b), pixels,
                           invvar, mask);
      used.clear();
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        const bool weighted = !hosts.has_invvar() || invvar.pixels()[i] > 0.0F;
        if (weighted && mask.pixels()[i] == 0.0F && std::isfinite(pixels.pixels()[i])) {
          used.push_back(double{pixels.pixels()[i]});
        }
      }
      const auto marked = marked_pixels(used, pixels.size());
      if (marked.fraction <= noticed_fraction) continue;
      ++noticed;
      if (marked.fraction > worst.fraction) worst = marked;
    }
    if (noticed == 0) continue;
    warnings.push_back(fmt::format(
        "{}: band {}: {} of {} cutouts looked at have one value in many pixels (up to "
        "{:.1f} % are {:.6g} nmgy), far from all others, as a mark of bad pixels or of "
        "saturation: it counts as light unless a weight or a mask says otherwise",
        config.host.survey ? "host.survey" : "host.cutouts", config.bands[b], noticed,
        wanted, 100.0 * worst.fraction, double{worst.value}));
  }
  return warnings;
}

std::vector<std::string> check_unobserved(const config::RunConfig& config,
                                          const stages::HostCutouts& hosts) {
  constexpr double noticed_fraction = 0.01;
  std::vector<std::string> warnings;
  if (hosts.has_invvar()) return warnings;
  Image<float> pixels;
  Image<float> invvar;
  Image<float> mask;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    std::int64_t noticed = 0;
    double most = 0.0;
    const std::int64_t wanted = std::min(hosts.count(), most_cutouts);
    for (std::int64_t k = 0; k < wanted; ++k) {
      hosts.read_with_mask(k * hosts.count() / wanted, static_cast<int>(b), pixels,
                           invvar, mask);
      std::int64_t zeros = 0;
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        if (pixels.pixels()[i] == 0.0F && mask.pixels()[i] == 0.0F) ++zeros;
      }
      const double fraction =
          static_cast<double>(zeros) / static_cast<double>(pixels.size());
      if (fraction > noticed_fraction) ++noticed;
      most = std::max(most, fraction);
    }
    if (noticed == 0) continue;
    warnings.push_back(fmt::format(
        "{}: band {}: {} of {} cutouts looked at have pixels that are exactly 0 (up to "
        "{:.0f} %), as where nothing was observed: they count as sky unless a weight "
        "or "
        "a mask says so",
        config.host.survey ? "host.survey" : "host.cutouts", config.bands[b], noticed,
        wanted, 100.0 * most));
  }
  return warnings;
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
    const std::string key =
        survey ? "host.survey." + config.bands[b] + ".weight"
               : fmt::format("host.cutouts: {} of band {}",
                             hosts.has_mask() ? "weight" : "invvar", config.bands[b]);
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
        "scatter by {:.3g} nmgy ({:.3g} times; {} pixels of {} cutouts): {}",
        key, check.weight_sigma_nmgy, check.image_sigma_nmgy, check.ratio,
        check.blank_pixels, check.cutouts,
        advice_on(
            check,
            survey ? config.host.survey->bands[b].weight_kind : config.host.weight_kind,
            unit_nmgy(config.host, b)));
    const bool refused = check.is_off_by(WeightCheck::refused_factor);
    (refused ? problems : warnings).push_back(std::move(text));
  }
  if (problems.empty()) return warnings;
  if (!config.host.accept_weight_mismatch) {
    throw DataError(fmt::format(
        "{}\nSNRs, variances and src_target_snr would be wrong by as much; say what "
        "the "
        "weight is by weight: {{kind: invvar | variance | rms | mask}} (if it is as "
        "stated, by {}: true)",
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
