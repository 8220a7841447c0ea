#include "lib/io/files.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/job/stop_request.hpp"

namespace lensmill::pipeline::cli {
namespace {

ExitCode run(const po::variables_map& values, const Context& context) {
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const RunFolder folder(run_folder_of(values["RUN"].as<std::string>()), "");
    // A job's first traces: run.yaml comes later.
    if (!io::is_folder(folder.log()) || !io::is_folder(folder.shards())) {
      throw DataError(folder.path() + ": not a run (it has no log and no shards)");
    }
    const auto told = ask_jobs_to_stop(folder);
    if (told.empty()) {
      context.log.result(folder.path() +
                         ": no job is making shards of this run: nothing to stop (one "
                         "that still opens "
                         "its inputs does not count yet: ask again when it has begun)");
      return;
    }
    for (const auto& job : told) context.log.result("asked to stop: " + job);
    context.log.result(
        "The shards in flight are finished; then exit code 75, continue with "
        "--resume.");
  });
  return ExitCode::ok;
}

}  // namespace

Command stop_command() {
  return {.name = "stop",
          .summary = "ask the jobs at work on a run to end in good order",
          .usage = "lensmill stop RUN",
          .positional = "RUN",
          .positional_help = "the run's folder, from any machine that sees it",
          .example =
              "  lensmill stop runs/seed_gen5\n"
              "Returns at once. The jobs see RUN/log/stop within some seconds, finish "
              "the\nshards in flight and end with 75: the run can then be resumed. "
              "Batch jobs that\nwait in the queue are for scancel.\n",
          .options = po::options_description("Options", 88),
          .run = run};
}

}  // namespace lensmill::pipeline::cli
