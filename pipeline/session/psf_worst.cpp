#include "pipeline/session/psf_worst.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "lib/core/statistics.hpp"
#include "lib/measure/kernel_checks.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::size_t most_listed = 10;
constexpr std::size_t most_noted = 8;
constexpr std::size_t least_compared = 5;

/// Without kernels that have none: a width needs a positive sum.
double median_of(const std::vector<KernelFacts>& kernels, double KernelFacts::*fact) {
  std::vector<double> values;
  for (const auto& kernel : kernels) {
    if (!std::isnan(kernel.*fact)) values.push_back(kernel.*fact);
  }
  return median(std::span(values));
}

/// How far a value is from the median, in units of the factor that is noticed.
double unlike(double value, double median, double factor) {
  const double ratio = value / median;
  return ratio > 0.0 ? std::abs(std::log(ratio)) / std::log(factor)
                     : std::numeric_limits<double>::infinity();
}

}  // namespace

WorstKernels worst_kernels(const std::string& band,
                           const std::vector<KernelFacts>& kernels) {
  WorstKernels worst;
  if (kernels.empty()) return worst;
  const double sum = median_of(kernels, &KernelFacts::sum);
  const double fwhm_pix = median_of(kernels, &KernelFacts::fwhm_pix);
  const bool compared = kernels.size() >= least_compared;
  std::vector<std::pair<double, const KernelFacts*>> order;
  std::size_t noted = 0;
  for (const auto& kernel : kernels) {
    const double by_width =
        compared ? unlike(kernel.fwhm_pix, fwhm_pix, noticed_width_factor) : 0.0;
    const double by_sum = compared ? unlike(kernel.sum, sum, noticed_sum_factor) : 0.0;
    const double by_place = std::isnan(kernel.offset_pix)
                                ? std::numeric_limits<double>::infinity()
                                : kernel.offset_pix / measure::moved_core_pix;
    order.emplace_back(std::max({by_width, by_sum, by_place}), &kernel);
    if (!(by_width > 1.0) && !(by_sum > 1.0)) continue;
    if (noted++ >= most_noted) continue;
    worst.notes.push_back(fmt::format(
        "PSF {}: {}: warning: FWHM {:.2f} px and sum {:.4g} where the band's medians "
        "are "
        "{:.2f} px and {:.4g}; is it this host's, of this band and pixel scale?",
        band, kernel.name, kernel.fwhm_pix, kernel.sum, fwhm_pix, sum));
  }
  if (noted > most_noted) {
    worst.notes.push_back(
        fmt::format("PSF {}: {} kernels are unlike the others", band, noted));
  }
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](const auto& entry) { return entry.first; });
  order.resize(std::min(order.size(), most_listed));
  worst.text = fmt::format(
      "PSF kernels {}: {}; medians: sum {:.4f}, FWHM {:.3f} px; the worst {}:\n"
      "  offset [px]      sum  FWHM [px]\n",
      band, kernels.size(), sum, fwhm_pix, order.size());
  for (const auto& [badness, kernel] : order) {
    worst.text += fmt::format("{:13.3f} {:8.4f} {:10.3f}  {}\n", kernel->offset_pix,
                              kernel->sum, kernel->fwhm_pix, kernel->name);
  }
  return worst;
}

}  // namespace lensmill::pipeline
