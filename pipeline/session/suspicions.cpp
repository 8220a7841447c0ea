#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/session/plausibility.hpp"

namespace lensmill::pipeline {
namespace {

// Where values stop being those of a survey: wide, since a mark that is usually wrong
// is not read. Zero points that are mixed up (22.5, 25, 30) move magnitudes by 2.5
// to 7.5.
constexpr double brightest_host_mag = 14.0;
constexpr double faintest_host_mag = 25.0;
constexpr double brightest_arc_mag = 14.0;
// An arc that is not seen: its total SNR, optimally weighted, is below this.
constexpr double least_snr = 1.0;
constexpr double most_snr = 3000.0;
// Noise of images that were resampled is 0.8 of what their weights say, by nature.
constexpr double largest_noise_ratio = 2.0;
constexpr double sharpest_psf_arcsec = 0.02;  // adaptive optics, short-wave JWST
constexpr double broadest_psf_arcsec = 3.0;
constexpr double largest_theta_e_arcsec = 10.0;
// Below this share of the PSF's width the images cannot be told from a point.
constexpr double least_theta_e_over_fwhm = 0.2;
// The bluest galaxies have g - r of -0.2; medians of lenses are above 1.
constexpr double bluest_colour_mag = -0.3;
// From blue to red, as filters are called.
constexpr std::string_view bands_by_wavelength = "ugrizyYJHK";

class Marks {
 public:
  Marks(const std::vector<Spread>& spreads, const config::RunConfig& config)
      : spreads_(spreads), config_(config) {}

  const Spread* find(const std::string& name) const {
    const auto at = std::ranges::find(spreads_, name, &Spread::name);
    return at == spreads_.end() ? nullptr : &*at;
  }
  const Spread* find(const char* name, const std::string& band) const {
    return find(fmt::format("{} {}", name, band));
  }
  void mark(const Spread& spread, std::string text) {
    marks_.push_back({spread.name, std::move(text)});
  }

  void angles() {
    constexpr double full_turn = 2.0 * std::numbers::pi;
    for (const auto& spread : spreads_) {
      if (spread.unit != "rad") continue;
      const double largest = std::max(std::abs(spread.least), std::abs(spread.largest));
      if (largest <= full_turn + 1.0e-6) continue;
      mark(spread,
           fmt::format(
               "values such as {:.4g} rad are beyond a full turn (degrees?); give "
               "them as `{}_deg`, or the column its unit",
               largest, spread.name.substr(0, spread.name.rfind("_rad"))));
    }
  }

  /// Call mark_one(spread) for each band's `name`, if `beyond` is true of all of them:
  /// one band alone may be faint by nature.
  template <class Beyond, class MarkOne>
  void in_all_bands(const char* name, Beyond beyond, MarkOne mark_one) {
    std::vector<const Spread*> found;
    for (const auto& band : config_.bands) {
      if (const auto* spread = find(name, band)) found.push_back(spread);
    }
    if (!std::ranges::all_of(found, beyond)) return;
    for (const auto* spread : found) mark_one(*spread);
  }

  void magnitudes() {
    in_all_bands(
        "host_mag", [](const Spread* s) { return s->median > faintest_host_mag; },
        [&](const Spread& s) {
          mark(s, fmt::format("a median host of magnitude {:.1f} is too faint for a "
                              "galaxy of a lens survey; check zero point and units",
                              s.median));
        });
    for (const auto& band : config_.bands) {
      if (const auto* host = find("host_mag", band);
          host && host->median < brightest_host_mag) {
        mark(*host, fmt::format("a median host of magnitude {:.1f} is too bright for a "
                                "galaxy of a lens survey; check zero point and units",
                                host->median));
      }
      if (const auto* arc = find("arc_mag", band);
          arc && arc->median < brightest_arc_mag) {
        mark(*arc, fmt::format("a median arc of magnitude {:.1f} is too bright; check "
                               "the source's magnitudes and their zero point",
                               arc->median));
      }
    }
    in_all_bands(
        "arc_snr", [](const Spread* s) { return s->median < least_snr; },
        [&](const Spread& s) {
          mark(s, fmt::format("the median arc has a signal-to-noise ratio of "
                              "{:.2g} and cannot be seen; check source magnitudes, sky "
                              "and zero point",
                              s.median));
        });
    in_all_bands(
        "arc_snr", [](const Spread* s) { return s->median > most_snr; },
        [&](const Spread& s) {
          mark(s, fmt::format("a median signal-to-noise ratio of {:.2g} is that of no "
                              "arc; check source magnitudes, sky and zero point",
                              s.median));
        });
  }

  void noise(const std::string& band) {
    const auto* ratio = find("own_noise_over_stated", band);
    if (ratio == nullptr) return;
    if (ratio->median < 1.0 / largest_noise_ratio ||
        ratio->median > largest_noise_ratio) {
      mark(*ratio, fmt::format("the images' own noise is {:.2g} times what is stated "
                               "(sky_sigma_nmgy, weights); check units and what the "
                               "weights are",
                               ratio->median));
    }
  }

  void psf(const std::string& band) {
    const auto* fwhm = find("psf_fwhm", band);
    if (fwhm == nullptr) return;
    if (fwhm->median < sharpest_psf_arcsec || fwhm->median > broadest_psf_arcsec) {
      mark(*fwhm, fmt::format("a PSF of {:.3g} arcsec is that of no survey; check the "
                              "kernel's pixels and grid.pixel_scale_arcsec",
                              fwhm->median));
    }
    const auto* theta_e = find("theta_e");
    if (theta_e != nullptr && theta_e->median > 0.0 &&
        theta_e->median < least_theta_e_over_fwhm * fwhm->median) {
      mark(*theta_e,
           fmt::format(
               "a median of {:.2g} arcsec is below {} of the PSF's width in band "
               "{} ({:.2g} arcsec): images are not separated; check its unit",
               theta_e->median, least_theta_e_over_fwhm, band, fwhm->median));
    }
  }

  void theta_e() {
    const auto* spread = find("theta_e");
    if (spread == nullptr) return;
    const double half_stamp =
        0.5 * config_.grid.stamp_size_pix * config_.grid.pixel_scale_arcsec;
    if (spread->median > half_stamp) {
      mark(*spread, fmt::format("a median of {:.3g} arcsec is beyond the stamp's edge "
                                "({:.3g} arcsec); check its unit or enlarge the stamp",
                                spread->median, half_stamp));
    } else if (spread->median > largest_theta_e_arcsec) {
      mark(*spread, fmt::format("a median of {:.3g} arcsec is that of no galaxy; check "
                                "its unit",
                                spread->median));
    }
  }

  /// Hosts that are much brighter in the bluer band: two bands exchanged.
  void colours() {
    for (std::size_t b = 0; b + 1 < config_.bands.size(); ++b) {
      const std::string& first = config_.bands[b];
      const std::string& second = config_.bands[b + 1];
      const auto place = [](const std::string& band) {
        return band.size() == 1 ? bands_by_wavelength.find(band)
                                : std::string_view::npos;
      };
      if (place(first) == std::string_view::npos ||
          place(second) == std::string_view::npos) {
        continue;
      }
      const bool ascends = place(first) < place(second);
      const auto* blue = find("host_mag", ascends ? first : second);
      const auto* red = find("host_mag", ascends ? second : first);
      if (blue == nullptr || red == nullptr) continue;
      const double colour = blue->median - red->median;
      if (colour >= bluest_colour_mag) continue;
      mark(*blue,
           fmt::format("hosts are brighter than in {} by {:.2f} mag, bluer than any "
                       "galaxies; check the order of the bands' files or planes",
                       red->name.substr(red->name.rfind(' ') + 1), -colour));
    }
  }

  std::vector<Suspicion> all() {
    angles();
    theta_e();
    for (const auto& band : config_.bands) {
      noise(band);
      psf(band);
    }
    magnitudes();
    colours();
    return std::move(marks_);
  }

 private:
  const std::vector<Spread>& spreads_;
  const config::RunConfig& config_;
  std::vector<Suspicion> marks_;
};

}  // namespace

std::vector<Suspicion> suspicions_of(const std::vector<Spread>& spreads,
                                     const config::RunConfig& config) {
  return Marks(spreads, config).all();
}

}  // namespace lensmill::pipeline
