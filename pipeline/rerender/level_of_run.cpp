#include "pipeline/rerender/level_of_run.hpp"

#include "lib/core/errors.hpp"
#include "pipeline/archive/level_of_shards.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

std::string use_level_of(const RunOnDisk& run, const parallel::Communicator& world) {
  const std::string made_at = level_of_shards(run.folder, world);
  try {
    return agree_on_level(world, made_at);
  } catch (const ConfigError&) {
    return agree_on_level(world, "");
  }
}

}  // namespace lensmill::pipeline
