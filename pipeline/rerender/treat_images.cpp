#include <cmath>
#include <cstdint>

#include "lib/core/random_stream.hpp"
#include "pipeline/rerender/row_variants.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Variant;

// Of the stream that draws a probe's rows (0): what these variants draw.
constexpr std::uint16_t dropout_stream = 1;
constexpr std::uint16_t shuffle_stream = 2;

/// Light on a lattice nearer to the lens than the radius is taken away.
/// \param first index of the stamp's pixel 0; \param per_pixel points per pixel and
/// axis
void empty_core(Image<double>& plane, int first, int per_pixel, double x_pix,
                double y_pix, double radius_pix) {
  for (int j = 0; j < plane.ny(); ++j) {
    for (int i = 0; i < plane.nx(); ++i) {
      const double x = (i - first) / static_cast<double>(per_pixel);
      const double y = (j - first) / static_cast<double>(per_pixel);
      if (std::hypot(x - x_pix, y - y_pix) < radius_pix) plane(j, i) = 0.0;
    }
  }
}

}  // namespace

void VariantRenderer::treat_images(ProbedRow& row) {
  finish(baseline_, CoreAperture::historical, row[Variant::shifted_mask]);

  const double k = settings_.mask_radius_pix;
  const auto treat = [&](Variant variant, auto&& change) {
    changed_ = baseline_;
    for (std::size_t b = 0; b < bands(); ++b) change(b);
    finish(changed_, CoreAperture::about_lens, row[variant]);
  };
  treat(Variant::saddle_removed, [&](std::size_t b) {
    for (std::size_t p = 0; p < changed_.arc[b].size(); ++p) {
      const float light = counter_image_[b].pixels()[p];
      changed_.positive[b].pixels()[p] -= light;
      changed_.arc[b].pixels()[p] -= light;
    }
  });
  treat(Variant::core_mask, [&](std::size_t b) {
    for (auto* image :
         {&changed_.positive[b], &changed_.negative[b], &changed_.arc[b]}) {
      analysis::mask_core(lens_x_pix_, lens_y_pix_, k, image->view());
    }
  });
  treat(Variant::tanh_taper, [&](std::size_t b) {
    analysis::taper_arc(changed_.negative[b], lens_x_pix_, lens_y_pix_, k,
                        changed_.positive[b]);
    analysis::taper_image(lens_x_pix_, lens_y_pix_, k, changed_.arc[b]);
  });
  treat(Variant::arc_zeroed, [&](std::size_t b) {
    analysis::zero_arc(changed_.negative[b], lens_x_pix_, lens_y_pix_, k,
                       changed_.positive[b]);
    analysis::mask_core(lens_x_pix_, lens_y_pix_, k, changed_.arc[b].view());
  });
  drop_core(row[Variant::core_dropout], row.split);
  shuffle_negative(row[Variant::shuffled_arc]);
  remove_transport(row[Variant::transport_removed]);
}

void VariantRenderer::drop_core(VariantRow& out, catalogue::Split split) {
  changed_ = baseline_;
  RandomStream stream(settings_.seed, injection_id_, StreamTag::probe_sample,
                      dropout_stream);
  const bool drawn = stream.uniform() < settings_.dropout_rate;
  if (drawn && split != catalogue::Split::test) {
    for (std::size_t b = 0; b < bands(); ++b) {
      for (auto* image :
           {&changed_.positive[b], &changed_.negative[b], &changed_.arc[b]}) {
        analysis::mask_core(lens_x_pix_, lens_y_pix_, settings_.mask_radius_pix,
                            image->view());
      }
    }
  }
  finish(changed_, CoreAperture::about_lens, out);
}

void VariantRenderer::shuffle_negative(VariantRow& out) {
  changed_ = baseline_;
  RandomStream stream(settings_.seed, injection_id_, StreamTag::probe_sample,
                      shuffle_stream);
  // One order for all bands: colours stay.
  const auto order =
      analysis::shuffled_rings(changed_.negative[0].ny(), changed_.negative[0].nx(),
                               lens_x_pix_, lens_y_pix_, stream);
  std::vector<float> difference(order.size());
  for (std::size_t b = 0; b < bands(); ++b) {
    for (std::size_t p = 0; p < difference.size(); ++p) {
      difference[p] =
          changed_.positive[b].pixels()[p] - changed_.negative[b].pixels()[p];
    }
    analysis::add_shuffled(difference, order, changed_.negative[b].pixels());
  }
  finish(changed_, CoreAperture::about_lens, out);
}

// The arc is made once more from the light at r >= k alone: what of it the PSF brings
// to r < k is what is removed there.
void VariantRenderer::remove_transport(VariantRow& out) {
  using stages::Step;
  const double k = settings_.mask_radius_pix;
  chain_.begin(injection_id_, given_, stamp_);
  bool made = can_go_on(chain_.run(Step::sample, stamp_)) &&
              can_go_on(chain_.run(Step::lens, stamp_));
  if (made) {
    const int margin = stamp_.arc_planes.margin_pix;
    const int span = (settings_.grid.stamp_size_pix + 2 * margin - 1) * oversample_ + 1;
    for (auto& plane : stamp_.arc_planes.lattice.plane) {
      const int border = (plane.ny() - span) / 2;
      empty_core(plane, margin * oversample_ + border, oversample_, lens_x_pix_,
                 lens_y_pix_, k);
    }
    made = can_go_on(chain_.run(Step::convolve, stamp_));
  }
  if (!made) {
    out.reason = std::string(to_string(stamp_.status));
    return;
  }
  changed_ = baseline_;
  for (std::size_t b = 0; b < bands(); ++b) {
    Image<float> light = stamp_.images[b].arc;
    const double factor = baseline_flux_nmgy_[b] / stamp_.injection.src_flux_nmgy[b];
    for (float& value : light.pixels()) {
      value = static_cast<float>(factor * double{value});
    }
    for (auto* image : {&changed_.positive[b], &changed_.arc[b]}) {
      analysis::subtract_in_core(light, lens_x_pix_, lens_y_pix_, k, image->view());
    }
  }
  finish(changed_, CoreAperture::about_lens, out);
}

}  // namespace lensmill::pipeline
