#include "lib/analysis/variants.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

template <class Visit>
void for_each_radius(ImageView<float> image, double x_pix, double y_pix,
                     Visit&& visit) {
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      visit(y, x, std::hypot(x - x_pix, y - y_pix));
    }
  }
}

}  // namespace

std::string_view to_string(Variant variant) {
  switch (variant) {
    case Variant::baseline: return "baseline";
    case Variant::compact_source: return "compact_source";
    case Variant::source_outside: return "source_outside";
    case Variant::no_counter_image: return "no_counter_image";
    case Variant::no_psf: return "no_psf";
    case Variant::legacy_psf: return "legacy_psf";
    case Variant::shifted_mask: return "shifted_mask";
    case Variant::saddle_removed: return "saddle_removed";
    case Variant::core_mask: return "core_mask";
    case Variant::tanh_taper: return "tanh_taper";
    case Variant::arc_zeroed: return "arc_zeroed";
    case Variant::transport_removed: return "transport_removed";
    case Variant::core_dropout: return "core_dropout";
    case Variant::shuffled_arc: return "shuffled_arc";
    case Variant::stored: return "stored";
  }
  return "unknown";
}

std::string_view description_of(Variant variant) {
  switch (variant) {
    case Variant::baseline: return "the rows as the run makes them";
    case Variant::compact_source: return "source half-light radius times 0.1";
    case Variant::source_outside: return "source moved out of the caustics";
    case Variant::no_counter_image: return "rendered without saddle light";
    case Variant::no_psf: return "arc before the PSF, host after it";
    case Variant::legacy_psf: return "arc by the historical kernel placement";
    case Variant::shifted_mask: return "core measured about pixel N/2, pixel centres";
    case Variant::saddle_removed: return "saddle light subtracted from the positive";
    case Variant::core_mask: return "pixels with r < k set to 0 in both stamps";
    case Variant::tanh_taper: return "arc faded by tanh inside r = k";
    case Variant::arc_zeroed: return "arc set to 0 at r < k, host kept";
    case Variant::transport_removed: return "light brought to r < k by the PSF removed";
    case Variant::core_dropout: return "core masked in a share of the training rows";
    case Variant::shuffled_arc: return "negatives with the arc shuffled in azimuth";
    case Variant::stored: return "the stamps as they lie in the run's files";
  }
  return "";
}

double taper_weight(double radius_pix, double core_radius_pix) {
  return 0.5 * (1.0 + std::tanh((radius_pix - core_radius_pix) / taper_width_pix));
}

void taper_arc(ImageView<const float> negative, double x_pix, double y_pix,
               double core_radius_pix, ImageView<float> positive) {
  EXPECT(negative.ny() == positive.ny() && negative.nx() == positive.nx());
  for_each_radius(positive, x_pix, y_pix, [&](int y, int x, double r) {
    const double base = negative(y, x);
    const double arc = double{positive(y, x)} - base;
    positive(y, x) = static_cast<float>(base + taper_weight(r, core_radius_pix) * arc);
  });
}

void taper_image(double x_pix, double y_pix, double core_radius_pix,
                 ImageView<float> image) {
  for_each_radius(image, x_pix, y_pix, [&](int y, int x, double r) {
    image(y, x) =
        static_cast<float>(taper_weight(r, core_radius_pix) * double{image(y, x)});
  });
}

void mask_core(double x_pix, double y_pix, double core_radius_pix,
               ImageView<float> image) {
  for_each_radius(image, x_pix, y_pix, [&](int y, int x, double r) {
    if (r < core_radius_pix) image(y, x) = 0.0F;
  });
}

void zero_arc(ImageView<const float> negative, double x_pix, double y_pix,
              double core_radius_pix, ImageView<float> positive) {
  EXPECT(negative.ny() == positive.ny() && negative.nx() == positive.nx());
  for_each_radius(positive, x_pix, y_pix, [&](int y, int x, double r) {
    if (r < core_radius_pix) positive(y, x) = negative(y, x);
  });
}

void subtract_in_core(ImageView<const float> light, double x_pix, double y_pix,
                      double core_radius_pix, ImageView<float> image) {
  EXPECT(light.ny() == image.ny() && light.nx() == image.nx());
  for_each_radius(image, x_pix, y_pix, [&](int y, int x, double r) {
    if (r < core_radius_pix) image(y, x) -= light(y, x);
  });
}

std::vector<std::size_t> shuffled_rings(int ny, int nx, double x_pix, double y_pix,
                                        RandomStream& stream) {
  std::vector<std::vector<std::size_t>> rings;
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const auto ring = static_cast<std::size_t>(std::hypot(x - x_pix, y - y_pix));
      if (ring >= rings.size()) rings.resize(ring + 1);
      rings[ring].push_back(std::size_t(y) * std::size_t(nx) + std::size_t(x));
    }
  }
  std::vector<std::size_t> order(std::size_t(ny) * std::size_t(nx));
  for (const auto& ring : rings) {
    auto shuffled = ring;
    // Fisher and Yates.
    for (std::size_t k = shuffled.size(); k > 1; --k) {
      std::swap(shuffled[k - 1], shuffled[stream.below(k)]);
    }
    for (std::size_t k = 0; k < ring.size(); ++k) order[ring[k]] = shuffled[k];
  }
  return order;
}

void add_shuffled(std::span<const float> difference, std::span<const std::size_t> order,
                  std::span<float> image) {
  EXPECT(difference.size() == order.size() && image.size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const float value = difference[order[i]];
    if (std::isfinite(value)) image[i] += value;
  }
}

std::string_view by_construction(Variant variant, Region region, double core_radius_pix,
                                 double mask_radius_pix) {
  const bool dark = variant == Variant::core_mask || variant == Variant::arc_zeroed;
  const bool changes_core_alone =
      dark || variant == Variant::transport_removed || variant == Variant::core_dropout;
  if (region == Region::core && dark && mask_radius_pix >= core_radius_pix)
    return "0.5";
  if (region == Region::annulus && changes_core_alone &&
      mask_radius_pix <= core_radius_pix) {
    return "the baseline's";
  }
  return "";
}

void rank_variants(std::vector<RankedVariant>& variants) {
  for (auto& entry : variants) {
    entry.annulus_harmed =
        entry.annulus_change.value < -annulus_harm && entry.annulus_change.upper < 0.0;
  }
  std::ranges::stable_sort(variants, {}, [](const RankedVariant& entry) {
    return std::tuple(entry.annulus_harmed, entry.core_auc);
  });
  int rank = 0;
  for (auto& entry : variants) entry.rank = ++rank;
}

}  // namespace lensmill::analysis
