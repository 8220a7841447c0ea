#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "lib/analysis/histogram.hpp"
#include "lib/analysis/summary_numbers.hpp"

namespace lensmill::analysis {
namespace {

constexpr double percent = 100.0;
// Of a mean fraction that is printed to 1e-4.
constexpr double rounding_of_light = 1.0e-12;

/// A number, or "-" if there is none.
std::string number(double value, int decimals) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, decimals);
}

std::string median_text(const Median& median, const Histogram& histogram,
                        int decimals) {
  if (std::isinf(median.value)) return fmt::format("> {:g}", histogram.upper());
  return number(median.value, decimals);
}

/// "91.80 +- 0.25".
std::string with_error(double value, double error, int decimals) {
  if (std::isnan(value)) return "-";
  return fmt::format("{:.{}f} +- {}", value, decimals, number(error, decimals));
}

std::string percent_with_error(const Share& share) {
  return with_error(percent * share.value(), percent * share.standard_error(), 2);
}

std::string signed_number(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:+.4f}", value);
}

std::string rows_text(const SummaryNumbers& s) {
  std::string text;
  const auto line = [&](std::string_view name, std::int64_t rows) {
    text += fmt::format("  {:<56}{:>12}\n", name, rows);
  };
  text += fmt::format("{:<58}{:>12}\n", "Summary of the run: rows", s.rows);
  line("counted in the tables", s.counted);
  line("  of these full Einstein rings (no discrete images)", s.rings);
  line("  of these unlensed (theta_E = 0)", s.unlensed);
  line("  of these outside the bins of theta_E", s.outside_bins);
  if (const auto undefined = s.without_core_flux(); undefined > 0) {
    line("  of these without a core flux fraction (core masked)", undefined);
  }
  if (s.failed.empty()) line("failed, not counted", 0);
  for (const auto& [status, rows] : s.failed) {
    line(fmt::format("failed, not counted: {}", to_string(status)), rows);
  }
  if (s.unknown_status > 0) line("of unknown status, not counted", s.unknown_status);
  if (s.not_rendered > 0) line("not rendered, not counted", s.not_rendered);
  return text;
}

std::string inner_images_text(const SummaryNumbers& s) {
  std::string text = fmt::format("\n1. Inner images\n  {:<42}{:>10}{:>12}{:>12}  {}\n",
                                 "", "value", "std. error", "n", "of the rows");
  const auto line = [&](std::string_view name, const std::string& value,
                        const std::string& error, std::int64_t n,
                        std::string_view of_rows) {
    text +=
        fmt::format("  {:<42}{:>10}{:>12}{:>12}  {}\n", name, value, error, n, of_rows);
  };
  const auto share = [&](std::string_view name, const Share& value,
                         std::string_view of_rows) {
    line(name, number(percent * value.value(), 2),
         number(percent * value.standard_error(), 2), value.of, of_rows);
  };
  const auto radius = [&](std::string_view name, const RadiusNumbers& value,
                          std::string_view of_rows) {
    line(name, median_text(value.median_pix, radius_histogram, 3),
         number(value.median_pix.standard_error, 3), value.median_pix.n, of_rows);
    share("    within 5 pix [%]", value.within_5_pix, of_rows);
    share("    within 3 pix [%]", value.within_3_pix, of_rows);
  };
  line("source offset beta / theta_E, median",
       median_text(s.offset_over_theta_e, offset_histogram, 4),
       number(s.offset_over_theta_e.standard_error, 4), s.offset_over_theta_e.n,
       "theta_E > 0");
  radius("SIS proxy theta_E - beta, median [pix]", s.all.sis_proxy, "beta < theta_E");
  radius("true saddle (brightest), median [pix]", s.all.saddle, "with a saddle");
  share("no saddle image [%]", s.no_saddle, "lensed, no ring");
  share("one saddle image [%]", s.one_saddle, "lensed, no ring");
  share("two or more saddle images [%]", s.more_saddles, "lensed, no ring");
  return text;
}

/// "[0.50, 0.75)": the tables' first column, the last line being all rows.
std::string bin_label(const SummaryNumbers& s, std::size_t bin) {
  if (bin == s.bins.size()) return "all";
  const auto hundredths = [](double edge) {
    return std::abs(percent * edge - std::round(percent * edge)) < 1.0e-6;
  };
  const bool short_edges = std::ranges::all_of(s.bins, [&](const ThetaEBin& b) {
    return hundredths(b.lower_arcsec) && hundredths(b.upper_arcsec);
  });
  return fmt::format("[{:.{}f}, {:.{}f}{}", s.bins[bin].lower_arcsec,
                     short_edges ? 2 : 4, s.bins[bin].upper_arcsec, short_edges ? 2 : 4,
                     bin + 1 == s.bins.size() ? "]" : ")");
}

const GroupNumbers& group_at(const SummaryNumbers& s, std::size_t bin) {
  return bin == s.bins.size() ? s.all : s.bins[bin].numbers;
}

std::string positions_text(const SummaryNumbers& s) {
  std::string text = "\n2. Image positions by theta_E\n";
  const auto line = [&](const auto&... cells) {
    text += fmt::format("  {:<18}{:>10}{:>10}{:>9}{:>15}{:>10}{:>9}{:>15}\n", cells...);
  };
  text += fmt::format("  {:<28}{:>34}{:>34}\n", "", "SIS proxy (beta < theta_E)",
                      "true saddle (brightest)");
  line("theta_E", "rows", "n", "median", "within 5 pix", "n", "median", "within 5 pix");
  line("[arcsec]", "", "", "[pix]", "[%]", "", "[pix]", "[%]");
  for (std::size_t bin = 0; bin <= s.bins.size(); ++bin) {
    const GroupNumbers& group = group_at(s, bin);
    const auto& sis = group.sis_proxy;
    const auto& saddle = group.saddle;
    line(bin_label(s, bin), group.rows, sis.median_pix.n,
         median_text(sis.median_pix, radius_histogram, 2),
         percent_with_error(sis.within_5_pix), saddle.median_pix.n,
         median_text(saddle.median_pix, radius_histogram, 2),
         percent_with_error(saddle.within_5_pix));
  }
  return text;
}

/// Whether rows have light of a central image, beyond rounding.
bool has_maxima(const SummaryNumbers& s) {
  const CoreNumbers& core = s.all.core;
  return core.n > 0 && std::abs(core.maximum_intrinsic) + std::abs(core.maximum_psf) >
                           rounding_of_light;
}

std::string core_text(const SummaryNumbers& s) {
  std::string text =
      fmt::format("\n3. Core flux fraction by theta_E: r < {:g} pix, band {}{}{}\n",
                  s.core_radius_pix, s.core_band, s.core_aperture.empty() ? "" : ", ",
                  s.core_aperture);
  const bool maxima = has_maxima(s);
  const auto line = [&](std::string_view label, const auto& n, std::string_view mean,
                        const auto& intrinsic, const auto& psf) {
    text += fmt::format("  {:<18}{:>10}{:>19}", label, n, mean);
    for (const auto* terms : {&intrinsic, &psf}) {
      for (std::size_t k = 0; k < (maxima ? 3U : 2U); ++k) {
        text += fmt::format("{:>8}", (*terms)[k]);
      }
    }
    text += "\n";
  };
  using Cells = std::array<std::string, 3>;
  const int block = maxima ? 24 : 16;
  text += fmt::format("  {:<28}{:>19}{:>{}}{:>{}}\n", "", "", "before the PSF", block,
                      "PSF moves in", block);
  const Cells kinds{"counter", "outer", "central"};
  line("theta_E [arcsec]", "n", "mean +- std. err.", kinds, kinds);
  for (std::size_t bin = 0; bin <= s.bins.size(); ++bin) {
    const CoreNumbers& core = group_at(s, bin).core;
    line(bin_label(s, bin), core.n,
         with_error(core.core_flux_fraction, core.standard_error, 4),
         Cells{signed_number(core.saddle_intrinsic),
               signed_number(core.minimum_intrinsic),
               signed_number(core.maximum_intrinsic)},
         Cells{signed_number(core.saddle_psf), signed_number(core.minimum_psf),
               signed_number(core.maximum_psf)});
  }
  return text;
}

}  // namespace

std::string to_text(const SummaryNumbers& numbers) {
  return rows_text(numbers) + inner_images_text(numbers) + positions_text(numbers) +
         core_text(numbers) +
         fmt::format(
             "\nOne pix is {:g} arcsec. Counter: saddle images; outer: minima; "
             "central: "
             "maxima{}.\nFractions are of the arc's flux in the stamp; the terms add "
             "up "
             "to the mean (PSF: signed).\nStandard errors are those of independent "
             "rows.\n",
             numbers.pixel_scale_arcsec, has_maxima(numbers) ? "" : " (none here)");
}

}  // namespace lensmill::analysis
