#include "pipeline/cli/command.hpp"
#include "pipeline/run/finish_run.hpp"

namespace lensmill::pipeline::cli {

Command finalize_command() {
  return {.name = "finalize",
          .summary = "make the file over all shards and print the tables",
          .usage = "lensmill finalize RUN",
          .positional = "RUN",
          .positional_help = "the run's folder",
          .example = "  lensmill finalize runs/seed_gen5\n",
          .options = po::options_description("Options", 88),
          .run = [](const po::variables_map& values, const Context& context) {
            return finish_run(values["RUN"].as<std::string>(), context.world,
                              context.log);
          }};
}

}  // namespace lensmill::pipeline::cli
