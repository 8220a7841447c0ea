#include "pipeline/probe/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "lib/analysis/reported_core.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/rerender/render_sample.hpp"
#include "pipeline/rerender/sample_rows.hpp"
#include "pipeline/session/level_of_run.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Region;
using analysis::Variant;
using analysis::variant_count;

VariantSettings settings_of(const config::RunConfig& config,
                            const ProbeRequest& request) {
  if (!config.noise.enabled) {
    throw ConfigError(
        "probe: the run has no noise (`noise: none`), without which any classifier "
        "separates every pair; make a run with noise.sky_sigma_nmgy");
  }
  const auto core =
      analysis::reported_core(config.bands, config.measure.aperture_radius_pix);
  const int n = config.grid.stamp_size_pix;
  const int box = core_box_pix(core.radius_pix);
  if (n / 2 <= box) {
    throw DataError(fmt::format(
        "probe: stamps of {} pix have no annulus outside a core of r < {} pix "
        "(measure.aperture_radius_pix); at least {} pix are needed",
        n, box, 2 * box + 2));
  }
  return {.shape = analysis::FeatureShape::for_stamp(n, config.band_count(), box),
          .mask_radius_pix = request.mask_radius_pix.value_or(core.radius_pix),
          .core_radius_pix = core.radius_pix,
          .leakage_band = core.band,
          .grid = config.grid,
          .seed = config.run.seed,
          .dropout_rate = request.dropout_rate,
          .flux_factor = std::pow(10.0, -0.4 * request.arc_mag_offset)};
}

void require_rows(const ProbeSample& sample) {
  const auto split = rows_per_split(sample.rows, {});
  if (enough_rows(split)) return;
  throw DataError(fmt::format(
      "probe: too few rows: {} to train, {} to validate, {} to test, of {} drawn that "
      "could be rendered ({} could not); at least {}, {} and {} are needed: give more "
      "--rows, a larger run, or larger catalogue.split fractions",
      split[0], split[1], split[2], sample.rows.size(), sample.failed,
      fewest_train_rows, fewest_other_rows, fewest_other_rows));
}

/// Each variant's classifiers, fitted by its owner, known to all.
RegionFits fit_all(ProbeSample& sample, const VariantSettings& settings,
                   const std::array<bool, variant_count>& applies,
                   const parallel::Communicator& world) {
  RegionFits fits;
  world.agree([&] {
    for (std::size_t v = 0; v < variant_count; ++v) {
      auto& variant = sample.variants[v];
      if (!applies[v] || owner_of(v, world) != world.rank()) continue;
      for (const Region region : {Region::core, Region::annulus, Region::full}) {
        fits[v][static_cast<std::size_t>(region)] = fit_region(
            variant.features, settings.shape, region, sample.rows, variant.valid);
      }
      variant.features = {};
    }
  });
  for (std::size_t v = 0; v < variant_count; ++v) {
    for (auto& fit : fits[v]) {
      const int owner = owner_of(v, world);
      world.broadcast(fit.l2, owner);
      world.broadcast(fit.converged, owner);
      world.broadcast(fit.trees, owner);
      for (auto& scores : fit.test_scores) world.broadcast(scores, owner);
    }
  }
  return fits;
}

void rank(ProbeReport& report) {
  std::vector<analysis::RankedVariant> ranked;
  for (const auto& variant : report.variants) {
    if (!variant.applies || !analysis::is_ranked(variant.variant)) continue;
    ranked.push_back({.variant = variant.variant,
                      .core_auc = variant.regions[0].auc.value,
                      .annulus_change = variant.regions[1].change});
  }
  analysis::rank_variants(ranked);
  for (const auto& entry : ranked) {
    auto& variant = report.variants[static_cast<std::size_t>(entry.variant)];
    variant.rank = entry.rank;
    variant.annulus_harmed = entry.annulus_harmed;
  }
}

void compare_stored(const ProbeSample& sample, ProbeReport& report) {
  const auto& stored = sample.variants[static_cast<std::size_t>(Variant::stored)];
  for (std::size_t k = 0; k < sample.rows.size(); ++k) {
    if (stored.valid[k] == 0) continue;
    ++report.stored_rows;
    const double deviation = sample.rows[k].stored_deviation;
    report.stored_worst_sigma = std::max(report.stored_worst_sigma, deviation);
    if (!differs_from_stored(deviation)) continue;
    if (sample.rows[k].stored_is_legacy) {
      report.stored_legacy.push_back(sample.rows[k].injection_id);
    }
    if (report.stored_different++ == 0) {
      report.stored_first_different = sample.rows[k].injection_id;
    }
  }
}

}  // namespace

ProbeReport run_probe(const RunOnDisk& run, const ProbeRequest& request,
                      const parallel::Communicator& world, Log& log) {
  use_level_of(run, world);
  const auto config = read_config(run.folder.run_yaml(), {}, world, log);
  const auto settings = settings_of(config, request);
  const Session session = open_session(config, world, log);
  const auto legacy = open_legacy(session, world);
  const auto rows = draw_probe_rows(run, request.rows, config.run.seed, world);
  auto sample = render_sample(run, session, legacy, settings, rows, world, log);
  require_rows(sample);

  ProbeReport report{.run_name = config.run.name,
                     .seed = config.run.seed,
                     .bands = config.bands,
                     .leakage_band = config.bands[settings.leakage_band],
                     .core_radius_pix = settings.core_radius_pix,
                     .mask_radius_pix = settings.mask_radius_pix,
                     .arc_mag_offset = request.arc_mag_offset,
                     .dropout_rate = request.dropout_rate,
                     .outer_radius_pix = settings.shape.outer_radius_pix,
                     .rows = static_cast<std::int64_t>(sample.rows.size()),
                     .failed = sample.failed,
                     .split_rows = rows_per_split(sample.rows, {}),
                     .split_hosts = hosts_per_split(sample.rows, {})};
  std::array<bool, variant_count> applies{};
  for (std::size_t v = 0; v < variant_count; ++v) {
    applies[v] = enough_rows(rows_per_split(sample.rows, sample.variants[v].valid));
  }
  std::set<std::int64_t> visible_hosts;
  std::vector<double> theta_e, snr;
  for (const auto& row : sample.rows) {
    if (row.split != catalogue::Split::test) continue;
    theta_e.push_back(row.theta_e_arcsec);
    snr.push_back(row.arc_snr);
    if (!has_visible_counter_image(row)) continue;
    ++report.visible_test_rows;
    visible_hosts.insert(row.host);
  }
  report.visible_test_hosts = static_cast<std::int64_t>(visible_hosts.size());
  report.has_visible = report.visible_test_rows >= fewest_other_rows;
  const BinEdges edges{.theta_e_arcsec = equal_edges(std::move(theta_e)),
                       .arc_snr = equal_edges(std::move(snr))};
  const auto fits = fit_all(sample, settings, applies, world);
  for (std::size_t v = 0; v < variant_count; ++v) {
    const auto& from = sample.variants[v];
    VariantReport variant{
        .variant = analysis::all_variants[v],
        .applies = applies[v],
        .reason = from.reason,
        .rows = std::ranges::count(from.valid, char{1}),
        .core_flux_fraction = analysis::mean_of(from.core_flux_fraction),
        .core_offset_nmgy_per_pix = analysis::mean_of(from.core_offset_nmgy_per_pix)};
    for (std::size_t region = 0; applies[v] && region < variant.regions.size();
         ++region) {
      // The baseline is the first of the variants.
      const auto baseline =
          v == 0 ? Classifier::logistic : report.variants[0].regions[region].larger;
      report_region(sample, fits, {.variant = v, .region = region}, edges,
                    report.has_visible, baseline, variant.regions[region]);
    }
    report.variants.push_back(std::move(variant));
  }
  rank(report);
  compare_stored(sample, report);
  return report;
}

}  // namespace lensmill::pipeline
