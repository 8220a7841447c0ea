#include "pipeline/rerender/row_variants.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "lib/lens/image_kind.hpp"
#include "lib/measure/profiles.hpp"
#include "stages/arc_fields.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Variant;

std::string failed(Status status) { return std::string(to_string(status)); }

/// Root of the median variance: the noise away from sources.
double median_sigma(const Image<float>& variance) {
  std::vector<float> values;
  values.reserve(variance.size());
  for (const float v : variance.pixels()) {
    if (v > 0.0F && std::isfinite(v)) values.push_back(v);
  }
  return std::sqrt(double{upper_median(std::span(values))});
}

}  // namespace

VariantRenderer::VariantRenderer(const stages::Chain& chain,
                                 const stages::Chain* legacy,
                                 std::string no_legacy_reason,
                                 const VariantSettings& settings)
    : chain_(chain),
      legacy_(legacy),
      no_legacy_reason_(std::move(no_legacy_reason)),
      settings_(settings),
      stamp_(chain.make_stamp()),
      extractor_(settings.shape) {
  if (legacy_ != nullptr) legacy_stamp_ = legacy_->make_stamp();
}

std::size_t VariantRenderer::bands() const {
  return static_cast<std::size_t>(settings_.shape.bands);
}

void VariantRenderer::copy_pair(const stages::Stamp& stamp, Pair& pair) const {
  for (std::size_t b = 0; b < bands(); ++b) {
    pair.positive[b] = stamp.images[b].positive;
    pair.negative[b] = stamp.images[b].negative;
    pair.arc[b] = stamp.images[b].arc;
  }
}

void VariantRenderer::extract(const PerBand<Image<float>>& images, double x_pix,
                              double y_pix, std::span<float> out) {
  std::array<analysis::BandStamp, max_bands> views;
  for (std::size_t b = 0; b < bands(); ++b) {
    views[b] = {.image = images[b], .noise_sigma_nmgy = sigma_nmgy_[b]};
    if (stamp_.images[b].any_masked) views[b].mask = stamp_.images[b].mask;
  }
  extractor_.extract(std::span(views).first(bands()), x_pix, y_pix, out);
}

const measure::ApertureWeights& VariantRenderer::core_aperture(CoreAperture core) {
  const int n = settings_.grid.stamp_size_pix;
  if (aperture_x_pix_ != lens_x_pix_ || aperture_y_pix_ != lens_y_pix_) {
    const double r = settings_.core_radius_pix;
    const double middle = 0.5 * n;  // pixel N/2, as the historical mask took it
    aperture_[0] = measure::pixel_overlap_weights(
        n, {.x_pix = lens_x_pix_, .y_pix = lens_y_pix_, .radius_pix = r});
    aperture_[1] = measure::pixel_centre_weights(
        n, {.x_pix = middle, .y_pix = middle, .radius_pix = r});
    aperture_x_pix_ = lens_x_pix_;
    aperture_y_pix_ = lens_y_pix_;
  }
  return aperture_[core == CoreAperture::historical ? 1 : 0];
}

void VariantRenderer::measure_core(const Pair& pair, CoreAperture core,
                                   VariantRow& out) {
  const std::size_t b = settings_.leakage_band;
  const auto& mask = stamp_.images[b].mask;
  const bool masked = stamp_.images[b].any_masked;
  const auto& whole = core_aperture(core);
  const auto aperture = masked ? measure::without_masked(whole, mask) : whole;
  double total = 0.0;
  for (std::size_t k = 0; k < pair.arc[b].size(); ++k) {
    if (masked && mask.pixels()[k] != 0.0F) continue;
    total += double{pair.arc[b].pixels()[k]};
  }
  out.core_flux_fraction =
      aperture.has_area() ? measure::aperture_sum(aperture, pair.arc[b].view()) / total
                          : std::numeric_limits<double>::quiet_NaN();
  out.core_offset_nmgy_per_pix =
      measure::mean_offset(whole, pair.positive[b], pair.negative[b],
                           masked ? mask.view() : ImageView<const float>{});
}

void VariantRenderer::finish(const Pair& pair, CoreAperture core, VariantRow& out) {
  measure_core(pair, core, out);
  const std::size_t count = settings_.shape.count();
  const double middle = 0.5 * settings_.grid.stamp_size_pix;
  const double x = core == CoreAperture::historical ? middle : lens_x_pix_;
  const double y = core == CoreAperture::historical ? middle : lens_y_pix_;
  out.features.resize(2 * count);
  extract(pair.positive, x, y, std::span(out.features).first(count));
  extract(pair.negative, x, y, std::span(out.features).last(count));
  out.valid = true;
}

void VariantRenderer::dim(catalogue::Injection& injection) const {
  if (settings_.flux_factor == 1.0) return;
  // Where there is a target, fluxes are in the right ratios, and one factor scales
  // them.
  injection.src_target_snr *= settings_.flux_factor;
  for (std::size_t b = 0; b < bands(); ++b) {
    injection.src_flux_nmgy[b] *= settings_.flux_factor;
  }
}

void VariantRenderer::render_baseline(ProbedRow& row) {
  chain_.begin(injection_id_, given_, stamp_);
  if (can_go_on(chain_.run(stages::Step::sample, stamp_))) {
    dim(stamp_.injection);
    chain_.run(stages::Step::lens, stages::Step::measure, stamp_);
  }
  auto& out = row[Variant::baseline];
  const auto& injection = stamp_.injection;
  row.injection_id = injection_id_;
  row.split = injection.split;
  const bool real = chain_.config().host.kind == config::HostKind::cutouts;
  row.host = real ? injection.host_index : injection_id_;
  row.theta_e_arcsec = injection.theta_e_arcsec;
  row.arc_snr = stamp_.measurement.arc_snr_total;
  row.counter_image_snr = 0.0;
  if (is_failure(stamp_.status)) {
    out.reason = failed(stamp_.status);
    return;
  }
  for (std::size_t b = 0; b < bands(); ++b) {
    // NaN compares false.
    const double snr = stamp_.measurement.counter_image_snr[b];
    if (snr > row.counter_image_snr) row.counter_image_snr = snr;
    sigma_nmgy_[b] = median_sigma(stamp_.images[b].variance);
    if (!(sigma_nmgy_[b] > 0.0)) {
      out.reason = "no variance";
      return;
    }
    counter_image_[b] = stamp_.images[b].counter_image;
    baseline_flux_nmgy_[b] = injection.src_flux_nmgy[b];
  }
  oversample_ = stamp_.psf[0].kernel->oversample;
  lens_x_pix_ = settings_.grid.pix_from_arcsec(injection.lens_x_arcsec);
  lens_y_pix_ = settings_.grid.pix_from_arcsec(injection.lens_y_arcsec);
  copy_pair(stamp_, baseline_);
  finish(baseline_, CoreAperture::about_lens, out);
}

std::string VariantRenderer::run_changed(const Change& change) {
  using stages::Step;
  const auto goes_on_after = [&](Step step) {
    return can_go_on(chain_.run(step, stamp_));
  };
  chain_.begin(injection_id_, given_, stamp_);
  if (!goes_on_after(Step::sample)) return failed(stamp_.status);
  dim(stamp_.injection);
  if (change.after_sample) {
    auto reason = change.after_sample(stamp_.injection);
    if (!reason.empty()) return reason;
  }
  if (goes_on_after(Step::lens) && change.after_lens) change.after_lens(stamp_);
  if (goes_on_after(Step::convolve) && change.after_convolve) {
    change.after_convolve(stamp_);
  }
  // The host is that of the baseline, still in the stamp, so that the negative is the
  // pair's; the run's own measurements are not asked for.
  chain_.run(Step::noise, stamp_);
  return has_images(stamp_.status) ? "" : failed(stamp_.status);
}

void VariantRenderer::render_changed(const Change& change, VariantRow& out) {
  out.reason = run_changed(change);
  if (!out.reason.empty()) return;
  copy_pair(stamp_, changed_);
  finish(changed_, CoreAperture::about_lens, out);
}

std::string VariantRenderer::arc_of_legacy(stages::Stamp& stamp) {
  legacy_->begin(injection_id_, given_, stamp);
  if (!can_go_on(legacy_->run(stages::Step::sample, stamp))) {
    return failed(stamp.status);
  }
  dim(stamp.injection);
  const Status status = legacy_->run(stages::Step::lens, stages::Step::convolve, stamp);
  return has_images(status) ? "" : failed(status);
}

void VariantRenderer::render_legacy(VariantRow& out) {
  if (legacy_ == nullptr) {
    out.reason = no_legacy_reason_;
    return;
  }
  try {
    out.reason = arc_of_legacy(*legacy_stamp_);
  } catch (const DataError& error) {
    out.reason = error.what();
  }
  if (!out.reason.empty()) return;
  render_changed({.after_convolve =
                      [&](stages::Stamp& stamp) {
                        for (std::size_t b = 0; b < bands(); ++b) {
                          const auto& from = legacy_stamp_->images[b];
                          stamp.images[b].arc = from.arc;
                          stamp.images[b].counter_image = from.counter_image;
                        }
                      }},
                 out);
}

void VariantRenderer::add_stored(const StoredPair& stored, ProbedRow& row) {
  const auto copy = [&](const ProductImage& from, PerBand<Image<float>>& to) {
    for (std::size_t b = 0; b < bands(); ++b) {
      const auto view = from.band(static_cast<int>(b));
      to[b].assign(view.ny(), view.nx());
      std::ranges::copy(view.pixels(), to[b].pixels().begin());
    }
  };
  changed_ = baseline_;
  copy(stored.positive, changed_.positive);
  copy(stored.negative, changed_.negative);
  if (stored.arc) copy(*stored.arc, changed_.arc);
  const auto compare = [&](const PerBand<Image<float>>& a,
                           const PerBand<Image<float>>& b) {
    for (std::size_t band = 0; band < bands(); ++band) {
      for (std::size_t p = 0; p < a[band].size(); ++p) {
        const double x = a[band].pixels()[p];
        const double y = b[band].pixels()[p];
        if (std::isnan(x) && std::isnan(y)) continue;  // masked
        const double difference = std::isnan(x) || std::isnan(y)
                                      ? std::numeric_limits<double>::infinity()
                                      : std::abs(x - y);
        row.stored_deviation =
            std::max(row.stored_deviation, difference / sigma_nmgy_[band]);
      }
    }
  };
  compare(changed_.positive, baseline_.positive);
  compare(changed_.negative, baseline_.negative);
  row.stored_misfit = misfit(stored, baseline_);
  finish(changed_, CoreAperture::about_lens, row[Variant::stored]);
}

// Of the pair's difference, the arc: the operator may have misplaced the host, too, or
// left it as it was (real hosts).
double VariantRenderer::misfit(const StoredPair& stored, const Pair& rendered) const {
  double sum = 0.0, pixels = 0.0;
  for (std::size_t band = 0; band < bands(); ++band) {
    const auto positive = stored.positive.band(static_cast<int>(band));
    const auto negative = stored.negative.band(static_cast<int>(band));
    for (std::size_t p = 0; p < rendered.positive[band].size(); ++p) {
      const double arc = double{positive.pixels()[p]} - double{negative.pixels()[p]};
      const double wanted = double{rendered.positive[band].pixels()[p]} -
                            double{rendered.negative[band].pixels()[p]};
      const double sigmas = (arc - wanted) / sigma_nmgy_[band];
      if (!std::isfinite(sigmas)) continue;  // masked
      sum += sigmas * sigmas;
      pixels += 1.0;
    }
  }
  return sum / pixels;
}

void VariantRenderer::render(std::int64_t injection_id, std::span<const double> given,
                             const StoredPair* stored, ProbedRow& row) {
  injection_id_ = injection_id;
  given_ = given;
  row = {};
  render_baseline(row);
  if (!row[Variant::baseline].valid) return;
  treat_images(row);
  if (settings_.flux_factor != 1.0) {
    stored = nullptr;
    row[Variant::stored].reason = "its arcs are not as faint as the probe's";
  } else if (stored != nullptr) {
    add_stored(*stored, row);
  } else {
    row[Variant::stored].reason = "the run stores no positive and negative stamps";
  }
  render_changed({.after_sample =
                      [](catalogue::Injection& injection) {
                        if (std::isnan(injection.src_reff_arcsec)) {
                          return std::string("a point source has no smaller one");
                        }
                        injection.src_reff_arcsec *= analysis::compact_reff_factor;
                        return std::string();
                      }},
                 row[Variant::compact_source]);
  render_changed({.after_sample = move_outside_caustics}, row[Variant::source_outside]);
  // Emptied, not marked absent: the renderer clears by its own marks what it reuses.
  render_changed(
      {.after_lens =
           [](stages::Stamp& stamp) {
             constexpr auto saddle = lens::ImageKind::saddle;
             for (auto* planes : {&stamp.arc_planes.pixel, &stamp.arc_planes.lattice}) {
               std::ranges::fill((*planes)[saddle].pixels(), 0.0);
             }
           }},
      row[Variant::no_counter_image]);
  render_changed({.after_convolve =
                      [&](stages::Stamp& stamp) {
                        for (std::size_t b = 0; b < bands(); ++b) {
                          stages::arc_before_psf(stamp.arc_planes,
                                                 stamp.injection.src_flux_nmgy[b],
                                                 stamp.images[b].arc);
                        }
                      }},
                 row[Variant::no_psf]);
  render_legacy(row[Variant::legacy_psf]);
  if (stored != nullptr && row[Variant::legacy_psf].valid) {
    row.stored_misfit_legacy = misfit(*stored, changed_);
  }
}

}  // namespace lensmill::pipeline
