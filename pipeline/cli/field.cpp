#ifdef LENSMILL_FIELD
#include "pipeline/field/run_field.hpp"
#endif

#include "lib/config/reader.hpp"
#include "pipeline/cli/check_field.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/config_options.hpp"

namespace lensmill::pipeline::cli {
namespace {

#ifdef LENSMILL_FIELD
ExitCode run(const po::variables_map& values, const Context& context) {
  FieldOptions options{.dry_run = values.contains("dry-run"),
                       .planned_ranks = {},
                       .command_line = context.command_line};
  if (values.contains("resume") && values.contains("overwrite")) {
    throw UsageError("field: --resume and --overwrite exclude each other");
  }
  if (values.contains("resume")) options.existing = ExistingField::resume;
  if (values.contains("overwrite")) options.existing = ExistingField::overwrite;
  if (values.contains("ranks")) {
    options.planned_ranks = values["ranks"].as<int>();
    if (!options.dry_run || *options.planned_ranks < 1) {
      throw UsageError("field: --ranks N (N >= 1) goes with --dry-run");
    }
  }
  const auto config =
      read_field_config(values["CONFIG"].as<std::string>(), overrides_from(values),
                        context.world, context.log);
  if (options.dry_run) context.log.result(config.run.resolved_yaml);
  return run_field(config, options, context.world, context.log);
}
#else
ExitCode run(const po::variables_map&, const Context&) {
  throw UsageError(
      "field: this lensmill was built without FFTW3-MPI; build it with "
      "-DLENSMILL_FIELD=ON and libfftw3-mpi-dev");
}
#endif

}  // namespace

#ifdef LENSMILL_FIELD
void check_field(const po::variables_map& values, const Context& context, int ranks) {
  const auto path = values["CONFIG"].as<std::string>();
  const auto overrides = overrides_from(values);
  bool is_there = false;
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    is_there = config::Document::from_file(path, overrides).root().has("field");
  });
  context.world.broadcast(is_there);
  if (!is_there) return;
  const auto config = read_field_config(path, overrides, context.world, context.log);
  run_field(config, {.dry_run = true, .planned_ranks = ranks, .command_line = {}},
            context.world, context.log);
}
#else
void check_field(const po::variables_map&, const Context&, int) {}
#endif

Command field_command() {
  Command command{
      .name = "field",
      .summary = "paint injections into one wide image, for a search to run on",
      .usage = "lensmill field CONFIG [options]",
      .positional = "CONFIG",
      .positional_help = "the configuration (YAML), with a section `field`",
      .example =
          "  mpirun -n 4 lensmill field configs/field.yaml --output /tmp/brick\n"
          "  lensmill field configs/field.yaml --dry-run --ranks 16\n",
      .options = po::options_description("Options", 88),
      .run = run};
  add_config_options(command.options);
  command.options.add_options()(
      "resume", "continue the field that is there: make the bands that are missing")(
      "overwrite", "remove the field that is there and begin anew")(
      "dry-run", "open and check everything, say what memory is needed, stop")(
      "ranks", po::value<int>()->value_name("N"),
      "with --dry-run: for this many ranks");
  return command;
}

}  // namespace lensmill::pipeline::cli
