#include "pipeline/analyse/counterfactuals.hpp"

#include <fmt/format.h>

#include "lib/analysis/reported_core.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/archive/find_injection.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/program/steps.hpp"
#include "pipeline/rerender/coalitions.hpp"
#include "pipeline/rerender/render_sample.hpp"
#include "pipeline/rerender/sample_rows.hpp"
#include "pipeline/session/level_of_run.hpp"
#include "pipeline/session/session.hpp"
#include "stages/config/read_run_config.hpp"

namespace lensmill::pipeline {
namespace {

/// The run by the correct operator, with the aperture that the game is defined by.
std::vector<std::string> correct_overrides(const config::RunConfig& config) {
  std::vector<std::string> overrides{"measure.aperture_mask=pixel_overlap",
                                     "measure.aperture_centre=lens"};
  if (config.convolve.op == config::ConvolveOperator::legacy_ifftshift) {
    overrides.insert(overrides.end(),
                     {"convolve.operator=fft", "convolve.oversample=auto",
                      "convolve.allow_double_pixel=false"});
  }
  return overrides;
}

std::vector<analysis::CounterfactualRow> render_part(const RunOnDisk& run,
                                                     const Session& session,
                                                     CoalitionRenderer& renderer,
                                                     std::span<const std::int64_t> rows,
                                                     bool resamples_hosts, Log& log) {
  const auto factors = session.config.catalogue.saltelli_factors.size();
  CatalogueRows catalogue_rows(run);
  std::vector<analysis::CounterfactualRow> part;
  Steps steps(log, "rows rendered in 12 ways (of this rank)", std::ssize(rows));
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto block = session.rows().read(catalogue_rows.of(rows[k]), 1);
    auto row = renderer.render(block.injection_id[0], block.row(0));
    if (!row) continue;
    row->row = rows[k];
    row->unit = factors > 0       ? saltelli_place(rows[k], factors).point
                : resamples_hosts ? renderer.host_index()
                                  : block.injection_id[0];
    part.push_back(*row);
    steps.done();
  }
  return part;
}

}  // namespace

CounterfactualNumbers render_counterfactuals(const RunOnDisk& run, std::int64_t wanted,
                                             bool resamples_hosts,
                                             const analysis::Bins& theta_e_bins,
                                             const parallel::Communicator& world,
                                             Log& log) {
  use_level_of(run, world);
  const auto config = read_config(run.folder.run_yaml(), {}, world, log);
  const Session session = open_session(config, world, log);
  std::shared_ptr<const stages::Chain> correct;
  world.agree([&] {
    correct = stages::make_setup(config::read_run_config_text(
                                     session.config.resolved_yaml, "run.yaml",
                                     correct_overrides(config), ".", open_table),
                                 session.opened.inputs)
                  .chain;
  });
  const auto legacy = open_legacy(session, world);
  const auto core = analysis::reported_core(run.bands, run.aperture_radius_pix);
  CoalitionRenderer renderer(*correct, legacy.chain.get(),
                             {.band = core.band,
                              .radius = core.radius,
                              .radius_pix = core.radius_pix,
                              .grid = config.grid});
  const auto rows = draw_probe_rows(run, wanted, config.run.seed, world);
  std::vector<analysis::CounterfactualRow> part;
  world.agree([&] {
    part = render_part(run, session, renderer, share_of(rows, world), resamples_hosts,
                       log);
  });
  CounterfactualNumbers numbers{.sums = analysis::CounterfactualSums(theta_e_bins),
                                .drawn = static_cast<std::int64_t>(rows.size()),
                                .no_legacy_reason = legacy.reason};
  for (const auto& failure : world.all_gather(renderer.legacy_failure())) {
    if (numbers.no_legacy_reason.empty()) numbers.no_legacy_reason = failure;
  }
  std::int64_t used = 0;
  for (const auto& row :
       world.all_gather(std::span<const analysis::CounterfactualRow>(part))) {
    used += numbers.sums.add(row) ? 1 : 0;
  }
  numbers.left_out = numbers.drawn - used;
  return numbers;
}

}  // namespace lensmill::pipeline
