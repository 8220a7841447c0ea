#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/job/finish_run.hpp"
#include "pipeline/job/job_record.hpp"

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
            const auto path = values["RUN"].as<std::string>();
            const ExitCode code = finish_run(path, context.world, context.log);
            context.world.agree([&] {
              if (context.world.is_root()) write_prov_file(open_run(path).folder);
            });
            return code;
          }};
}

}  // namespace lensmill::pipeline::cli
