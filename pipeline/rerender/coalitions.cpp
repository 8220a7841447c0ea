#include "pipeline/rerender/coalitions.hpp"

#include "lib/analysis/variants.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

constexpr std::size_t bit(std::size_t cause) { return std::size_t{1} << cause; }

}  // namespace

CoalitionRenderer::CoalitionRenderer(const stages::Chain& correct,
                                     const stages::Chain* legacy,
                                     const CoreSettings& settings)
    : correct_(correct),
      legacy_(legacy),
      settings_(settings),
      stamp_(correct.make_stamp()),
      changed_(correct.make_stamp()) {
  if (legacy_ != nullptr) legacy_stamp_ = legacy_->make_stamp();
}

template <class ValueOf>
CoalitionRenderer::Fractions CoalitionRenderer::fractions(ValueOf&& value_of) const {
  const int n = settings_.grid.stamp_size_pix;
  double area = 0.0;
  double core = 0.0, total = 0.0, core_counter = 0.0, total_counter = 0.0;
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      const auto place = std::size_t(y) * std::size_t(n) + std::size_t(x);
      if (whole_[place] == 0.0) continue;
      const auto [arc, counter_image] = value_of(x, y);
      area += aperture_[place];
      core += aperture_[place] * arc;
      total += arc;
      core_counter += aperture_[place] * counter_image;
      total_counter += counter_image;
    }
  }
  // Where every pixel of the core is masked, nothing is known of it.
  if (!(area > measure::smallest_area_pix2)) {
    return {.whole = measure::not_a_number,
            .without_counter_image = measure::not_a_number};
  }
  return {.whole = core / total,
          .without_counter_image = (core - core_counter) / (total - total_counter)};
}

CoalitionRenderer::Fractions CoalitionRenderer::after_psf(
    const stages::Stamp& stamp) const {
  const auto& images = stamp.images[settings_.band];
  return fractions([&](int x, int y) {
    return std::pair{double{images.arc(y, x)}, double{images.counter_image(y, x)}};
  });
}

CoalitionRenderer::Fractions CoalitionRenderer::before_psf(
    const stages::Stamp& stamp) const {
  const auto& planes = stamp.arc_planes.pixel;
  const int margin = (planes.plane[0].ny() - settings_.grid.stamp_size_pix) / 2;
  return fractions([&](int x, int y) {
    const auto& saddle = planes[lens::ImageKind::saddle];
    return std::pair{planes.sum(y + margin, x + margin),
                     saddle(y + margin, x + margin)};
  });
}

std::string CoalitionRenderer::render_arc(const stages::Chain& chain,
                                          double reff_factor,
                                          stages::Stamp& stamp) const {
  chain.begin(injection_id_, given_, stamp);
  try {
    if (can_go_on(chain.run(stages::Step::sample, stamp))) {
      stamp.injection.src_reff_arcsec *= reff_factor;
      chain.run(stages::Step::lens, stages::Step::convolve, stamp);
    }
  } catch (const DataError& error) {
    return error.what();
  }
  return can_go_on(stamp.status) ? "" : std::string(to_string(stamp.status));
}

std::optional<CounterfactualRow> CoalitionRenderer::render(
    std::int64_t injection_id, std::span<const double> given) {
  injection_id_ = injection_id;
  given_ = given;
  correct_.apply(injection_id, given, stamp_);
  if (is_failure(stamp_.status)) return std::nullopt;
  const auto& injection = stamp_.injection;
  const int n = settings_.grid.stamp_size_pix;
  const auto disc = measure::pixel_overlap_weights(
      n, {.x_pix = settings_.grid.pix_from_arcsec(injection.lens_x_arcsec),
          .y_pix = settings_.grid.pix_from_arcsec(injection.lens_y_arcsec),
          .radius_pix = settings_.radius_pix});
  const auto& images = stamp_.images[settings_.band];
  aperture_.assign(disc.weight.pixels().begin(), disc.weight.pixels().end());
  whole_.assign(aperture_.size(), 1.0);
  for (std::size_t k = 0; images.any_masked && k < whole_.size(); ++k) {
    if (images.mask.pixels()[k] != 0.0F) aperture_[k] = whole_[k] = 0.0;
  }

  CounterfactualRow out{.theta_e_arcsec = injection.theta_e_arcsec};
  const auto& m = stamp_.measurement;
  const auto at = m.at(settings_.band, settings_.radius);
  out.split = {m.core_flux_fraction_saddle_intrinsic[at],
               m.core_flux_fraction_minimum_intrinsic[at],
               m.core_flux_fraction_maximum_intrinsic[at],
               m.core_flux_fraction_saddle_psf[at] +
                   m.core_flux_fraction_minimum_psf[at] +
                   m.core_flux_fraction_maximum_psf[at]};
  out.value.fill(measure::not_a_number);
  const auto put = [&](std::size_t causes, const Fractions& f) {
    out.value[causes | bit(counter_image_cause)] = f.whole;
    out.value[causes] = f.without_counter_image;
  };
  // Without a PSF its operator changes nothing.
  const auto put_before_psf = [&](std::size_t causes, const stages::Stamp& stamp) {
    put(causes, before_psf(stamp));
    put(causes | bit(operator_cause), before_psf(stamp));
  };
  put(bit(extent_cause) | bit(psf_cause), after_psf(stamp_));
  put_before_psf(bit(extent_cause), stamp_);
  if (!render_arc(correct_, compact_reff_factor, *changed_).empty()) {
    return std::nullopt;
  }
  put(bit(psf_cause), after_psf(*changed_));
  put_before_psf(0, *changed_);
  if (legacy_ == nullptr) return out;
  for (const bool extended : {true, false}) {
    const auto failure =
        render_arc(*legacy_, extended ? 1.0 : compact_reff_factor, *legacy_stamp_);
    if (!failure.empty()) {
      if (legacy_failure_.empty()) legacy_failure_ = failure;
      return out;
    }
    put(bit(psf_cause) | bit(operator_cause) | (extended ? bit(extent_cause) : 0),
        after_psf(*legacy_stamp_));
  }
  return out;
}

}  // namespace lensmill::pipeline
