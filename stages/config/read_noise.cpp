#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "lib/config/scalars.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/imaging/noise_spectrum.hpp"
#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

// Clipping less than this is within the rounding of any measurement.
constexpr double clipping_worth_a_word = 2.0e-3;
constexpr Bounds variance_factor = above_up_to(0.0, 100.0);
constexpr double no_factor = 1.0;

Image<double> image_of(const std::vector<std::vector<double>>& rows) {
  if (rows.empty()) return {};
  Image<double> image(static_cast<int>(rows.size()),
                      static_cast<int>(rows.front().size()));
  for (std::size_t y = 0; y < rows.size(); ++y) {
    std::ranges::copy(rows[y], image.view().row(static_cast<int>(y)).begin());
  }
  return image;
}

/// Either form of the correlation function; empty, with a problem, if it is wrong.
Image<double> read_lags(const Section& section) {
  static constexpr std::array<std::string_view, 2> forms{"lags", "power_spectrum"};
  const auto form = section.one_of(forms);
  if (!form) return {};
  if (form == "lags") return image_of(section.number_rows("lags", closed(-1.0, 1.0)));
  const auto power = image_of(section.number_rows("power_spectrum", non_negative));
  if (power.size() == 0) return {};
  const auto problem = imaging::power_spectrum_problem(power);
  if (problem.empty()) return imaging::correlation_of_power(power);
  section.problem("power_spectrum", problem);
  return {};
}

/// The keys that a file of `lensmill noise-model` and an inline map share.
NoiseCorrelation read_keys(const Section& section) {
  NoiseCorrelation correlation;
  correlation.lags = read_lags(section);
  correlation.variance_times_invvar =
      section.number("variance_times_invvar", variance_factor, no_factor);
  return correlation;
}

/// A file, recorded by its contents, so that the resolved configuration stands alone.
NoiseCorrelation read_file(const Section& by_band, const std::string& band) {
  NoiseCorrelation correlation;
  const std::string path = by_band.existing_file(band);
  if (!std::filesystem::is_regular_file(path)) return correlation;
  try {
    Document file = Document::from_file(path);
    const Section root = file.root();
    const std::string format = root.text("format");
    if (format != noise_model_format) {
      root.problem("format", fmt::format("must be \"{}\" (got \"{}\"); such files are "
                                         "written by `lensmill noise-model`",
                                         noise_model_format, format));
    }
    correlation = read_keys(root);
    root.ignore_rest();
    file.finish();
    Node map = Node::make_map();
    std::vector<std::vector<double>> rows;
    for (int y = 0; y < correlation.lags.ny(); ++y) {
      const auto row = correlation.lags.view().row(y);
      rows.emplace_back(row.begin(), row.end());
    }
    map.entries.push_back({.key = "lags", .value = number_rows_node(rows)});
    map.entries.push_back({.key = "variance_times_invvar",
                           .value = number_node(correlation.variance_times_invvar)});
    by_band.record_node(band, std::move(map));
    correlation.file = path;
  } catch (const Error& error) {
    by_band.problem(band, error.what());
    correlation = {};
  }
  return correlation;
}

/// Whether noise has these correlations; else a problem. Says what was clipped.
void check(const Section& by_band, const std::string& band,
           const NoiseCorrelation& correlation, int stamp_size_pix) {
  if (correlation.lags.size() == 0) return;  // said already
  try {
    const imaging::CorrelatedNoise noise(correlation.lags, stamp_size_pix);
    if (noise.clipped_share() > clipping_worth_a_word) {
      by_band.warning(
          band,
          fmt::format("not quite positive definite: its negative eigenvalues are "
                      "clipped, {:.2f} % of the variance (correlations change by "
                      "at most {:.3f})",
                      100.0 * noise.clipped_share(), 2.0 * noise.clipped_share()));
    }
  } catch (const DataError& error) {
    by_band.problem(band, error.what());
  }
}

void read_correlation(const Section& noise, RunConfig& config) {
  if (!noise.has("correlation")) return;
  const Section by_band = noise.section("correlation");
  for (const auto& band : config.bands) {
    by_band.describe(band, "file, or a map");
    NoiseCorrelation correlation;
    if (!by_band.has(band)) {
      by_band.problem(band,
                      "required, but missing (correlations are given for all bands or "
                      "none); for white noise in this band say {lags: [[1]]}");
    } else if (by_band.is_scalar(band)) {
      correlation = read_file(by_band, band);
    } else {
      correlation = read_keys(by_band.member(band, "<band>"));
    }
    check(by_band, band, correlation, config.grid.stamp_size_pix);
    config.noise.correlation.push_back(std::move(correlation));
  }
  warn_unused_bands(by_band, config.bands);
}

/// Electrons per nmgy: a number, or made of what an exposure's header says.
double read_gain(const Section& by_band, const std::string& band) {
  if (!by_band.is_map(band)) return by_band.number(band, positive);
  by_band.describe(band, "number");
  const Section exposure = by_band.member(band, "<band>");
  const double gain = exposure.number("gain_e_per_adu", positive);
  const double seconds = exposure.number("exposure_s", positive);
  const double zero_point = exposure.number("zero_point_mag", closed(0.0, 60.0));
  return gain * seconds / nmgy_per_unit(zero_point);
}

void read_invvar(const Section& noise, RunConfig& config) {
  if (!noise.has("invvar")) return;
  const Section by_band = noise.section("invvar");
  if (noise.has("sky_sigma_nmgy")) {
    noise.problem("invvar",
                  "goes without sky_sigma_nmgy: the noise of synthetic hosts "
                  "follows one of the two");
  }
  if (config.host.kind == HostKind::cutouts) {
    noise.problem("invvar",
                  "real hosts keep their own noise; their inverse variance is "
                  "host.cutouts.invvar or host.survey.<band>.weight");
  }
  for (const auto& band : config.bands) {
    config.noise.invvar_files[band] = by_band.existing_file(band);
  }
  warn_unused_bands(by_band, config.bands);
}

}  // namespace

void read_noise(const Section& root, RunConfig& config) {
  if (root.is_none("noise")) {
    config.noise.enabled = false;
    root.record_none("noise");
    return;
  }
  const Section noise = root.required_section("noise");
  if (!root.is_map("noise")) return;
  config.noise.enabled = true;
  const Section sky = noise.section("sky_sigma_nmgy");
  const Section gain = noise.section("gain_e_per_nmgy");
  for (std::size_t i = 0; i < config.bands.size(); ++i) {
    const auto& band = config.bands[i];
    if (sky.has(band)) {
      add_prior(sky, band, "sky_sigma_nmgy_" + band, config.priors);
    }
    const double value = read_gain(gain, band);
    if (i < config.noise.gain_e_per_nmgy.size())
      config.noise.gain_e_per_nmgy[i] = value;
  }
  warn_unused_bands(sky, config.bands);
  warn_unused_bands(gain, config.bands);
  read_invvar(noise, config);
  read_correlation(noise, config);
}

}  // namespace lensmill::config
