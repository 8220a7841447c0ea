#include <fmt/format.h>

#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr Named<ConvolveOperator> operators[] = {
    {"fft", ConvolveOperator::fft},
    {"direct", ConvolveOperator::direct},
    {"legacy_ifftshift", ConvolveOperator::legacy_ifftshift}};
// Looser than this is no rendering; tighter, error estimates are not known to hold
// (tests/unit/imaging/cell_error_test.cpp).
constexpr Bounds tolerance{
    .lower = 1.0e-6, .upper = 0.1, .lower_open = false, .upper_open = false};
constexpr int most_oversample = 16;

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

}  // namespace

void read_render_convolve(const Section& root, RunConfig& config) {
  const Section render = root.section("render");
  auto& out = config.render;
  out.pixel_tolerance =
      render.number("pixel_tolerance", tolerance, out.pixel_tolerance);
  out.core_tolerance = render.number("core_tolerance", tolerance, out.core_tolerance);
  out.margin_pix =
      static_cast<int>(render.integer("margin_pix", closed(0, 1024), out.margin_pix));
  out.supersample =
      static_cast<int>(render.integer("supersample", closed(0, 256), out.supersample));
  read_convolve(root, config);
}

}  // namespace lensmill::config
