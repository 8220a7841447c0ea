#include <fmt/format.h>

#include <utility>

#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr Named<ConvolveOperator> operators[] = {
    {"fft", ConvolveOperator::fft},
    {"direct", ConvolveOperator::direct},
    {"legacy_ifftshift", ConvolveOperator::legacy_ifftshift}};
// Looser than this is no rendering; tighter, error estimates are not known to hold
// (tests/unit/imaging/cell_error_test.cpp), and kernels (2e-7 of the peak) and images
// in single precision (6e-8) are no better.
constexpr Bounds tolerance{
    .lower = 1.0e-6, .upper = 0.1, .lower_open = false, .upper_open = false};
// Transforms in single precision leave some 1e-7 of the peak in each pixel, and errors
// of the order of what float32 resolves add up in core fluxes.
constexpr double least_fft_tolerance = 1.0e-5;
constexpr int most_oversample = 16;
constexpr int most_margin_pix = 1024;

void read_convolve(const Section& root, RunConfig& config) {
  const Section convolve = root.section("convolve");
  auto& out = config.convolve;
  out.op = convolve.choice<ConvolveOperator>("operator", operators, out.op);
  convolve.describe("oversample", "auto or integer", closed(1, most_oversample).range(),
                    "auto");
  if (!convolve.has("oversample") || convolve.is_word("oversample", "auto")) {
    out.oversample = 0;
    convolve.record_word("oversample", "auto");
  } else {
    out.oversample =
        static_cast<int>(convolve.integer("oversample", closed(1, most_oversample)));
  }
  out.allow_double_pixel = convolve.flag("allow_double_pixel", out.allow_double_pixel);
}

/// Codes that know no light outside the stamp are imitated without.
bool imitates_others(const RunConfig& config) {
  return config.convolve.op == ConvolveOperator::legacy_ifftshift ||
         config.convolve.oversample == 1 || config.render.supersample > 0;
}

void read_margin(const Section& render, RunConfig& config) {
  const Bounds bounds = closed(0, most_margin_pix);
  render.describe("margin_pix", "auto or integer", bounds.range(), "auto");
  if (render.has("margin_pix") && !render.is_word("margin_pix", "auto")) {
    config.render.margin_pix = static_cast<int>(render.integer("margin_pix", bounds));
    return;
  }
  if (imitates_others(config)) {
    if (render.has("margin_pix")) {
      render.problem("margin_pix",
                     "legacy_ifftshift, `convolve.oversample: 1` and a fixed "
                     "render.supersample imitate codes that render one grid; state a "
                     "number (0 as they do)");
    }
    config.render.margin_pix = 0;
    render.record_word("margin_pix", "0");
    return;
  }
  render.record_word("margin_pix", "auto");
}

}  // namespace

void read_render_convolve(const Section& root, RunConfig& config) {
  const Section render = root.section("render");
  auto& out = config.render;
  out.pixel_tolerance =
      render.number("pixel_tolerance", tolerance, out.pixel_tolerance);
  out.core_tolerance = render.number("core_tolerance", tolerance, out.core_tolerance);
  out.supersample =
      static_cast<int>(render.integer("supersample", closed(0, 256), out.supersample));
  read_convolve(root, config);
  read_margin(render, config);
  for (const auto& [key, value] : {std::pair{"pixel_tolerance", out.pixel_tolerance},
                                   std::pair{"core_tolerance", out.core_tolerance}}) {
    if (value >= least_fft_tolerance || !render.has(key)) continue;
    if (config.convolve.op == ConvolveOperator::direct) continue;
    render.problem(key,
                   fmt::format("single-precision transforms cannot keep less than "
                               "{:g} after the PSF (got {:g}); state {:g} or more, "
                               "or `convolve: {{operator: direct}}`, which sums in "
                               "double precision and is slow",
                               least_fft_tolerance, value, least_fft_tolerance));
  }
}

}  // namespace lensmill::config
