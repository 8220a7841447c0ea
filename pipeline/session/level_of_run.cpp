#include "pipeline/session/level_of_run.hpp"

#include "lib/core/errors.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

std::string level_of_shards(const RunFolder& folder,
                            const parallel::Communicator& world) {
  std::string level;
  world.agree([&] {
    if (!world.is_root()) return;
    if (const auto header = first_header(folder)) {
      level = header->identity.instruction_level;
    }
  });
  world.broadcast(level);
  return level;
}

std::string use_level_of(const RunOnDisk& run, const parallel::Communicator& world) {
  const std::string made_at = level_of_shards(run.folder, world);
  try {
    return agree_on_level(world, made_at);
  } catch (const ConfigError&) {
    return agree_on_level(world, "");
  }
}

}  // namespace lensmill::pipeline
