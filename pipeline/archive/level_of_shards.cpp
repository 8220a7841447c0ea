#include "pipeline/archive/level_of_shards.hpp"

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

std::string level_of_shards(const RunFolder& folder,
                            const parallel::Communicator& world) {
  std::string level;
  world.agree([&] {
    if (!world.is_root()) return;
    for (const auto& file : shard_files(folder)) {
      try {
        level =
            ShardHeader::read(io::hdf5::File::open(file)).identity.instruction_level;
        break;
      } catch (const Error&) {
        // Partial or damaged: no level is known.
      }
    }
  });
  world.broadcast(level);
  return level;
}

}  // namespace lensmill::pipeline
