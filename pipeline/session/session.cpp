#include "pipeline/session/session.hpp"

#include <fmt/format.h>

#include "lib/core/errors.hpp"
#include "lib/core/instruction_level.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/session/split_warnings.hpp"
#include "stages/config/read_run_config.hpp"

namespace lensmill::pipeline {

config::RunConfig read_config(const std::string& path,
                              const std::vector<std::string>& overrides,
                              const parallel::Communicator& world, Log& log) {
  config::RunConfig config;
  world.agree([&] {
    if (world.is_root()) config = config::read_run_config(path, overrides, open_table);
  });
  std::string resolved = config.resolved_yaml;
  world.broadcast(resolved);
  world.agree([&] {
    if (!world.is_root())
      config = config::read_run_config_text(resolved, path, {}, ".", open_table);
  });
  for (const auto& warning : config.warnings) log.warning(warning);
  return config;
}

Session open_session(const config::RunConfig& config,
                     const parallel::Communicator& world, Log& log) {
  Session session{.config = config,
                  .opened = open_inputs(config, world, HostsToMeasure::of_rows),
                  .setup = {},
                  .plan = {}};
  world.agree(
      [&] { session.setup = stages::make_setup(config, session.opened.inputs); });
  session.plan = {.rows = session.rows().count(),
                  .rows_per_shard = config.output.rows_per_shard};
  if (!config.catalogue.keep.criteria.empty()) {
    session.selection.emplace(session.chain().schema(), config.bands,
                              config.catalogue.keep.criteria);
  }
  // Of a file's rows, which are known only now.
  const auto problem =
      config::shards_problem(session.plan.rows, session.plan.rows_per_shard);
  if (!problem.empty()) throw ConfigError("output.rows_per_shard: " + problem);
  for (const auto& warning : session.opened.warnings) log.warning(warning);
  if (session.opened.inputs->hosts) {
    for (const auto& warning :
         split_warnings(config.run.seed, session.opened.inputs->hosts->count(),
                        config.catalogue.split)) {
      log.warning(warning);
    }
  }
  for (const auto& prior : session.setup.sampler->overridden()) {
    log.info(fmt::format("the catalogue gives {}: its prior is not used", prior));
  }
  return session;
}

std::string agree_on_level(const parallel::Communicator& world,
                           const std::string& wanted) {
  const auto lowest = static_cast<InstructionLevel>(
      world.minimum(static_cast<std::int64_t>(detected_level())));
  auto level = lowest;
  if (!wanted.empty()) {
    const auto existing = instruction_level_from(wanted);
    if (!existing || *existing > lowest) {
      throw ConfigError(fmt::format(
          "the run's shards were made at instruction level {}, this job's machines "
          "have "
          "{} (its rows would differ in the last digits); continue it on machines like "
          "the first ones, or give --accept-different-build",
          wanted, to_string(lowest)));
    }
    level = *existing;
  }
  limit_level(level);
  return std::string(to_string(level));
}

}  // namespace lensmill::pipeline
