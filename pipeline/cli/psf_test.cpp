#include "pipeline/cli/command.hpp"
#include "pipeline/cli/config_options.hpp"
#include "pipeline/session/psf_check.hpp"

namespace lensmill::pipeline::cli {
namespace {

ExitCode run(const po::variables_map& values, const Context& context) {
  const Session session = session_from(values, context);
  PsfCheck check;
  context.world.agree([&] {
    if (context.world.is_root()) {
      check = check_psfs(session.setup, session.opened.inputs);
    }
  });
  context.world.broadcast(check.failed);
  context.log.result(check.text);
  context.log.result(counts_text(check));
  return check.failed == 0 ? ExitCode::ok : ExitCode::config;
}

}  // namespace

Command psf_test_command() {
  Command command{.name = "psf-test",
                  .summary = "test every PSF against its stated policy",
                  .usage = "lensmill psf-test CONFIG [options]",
                  .positional = "CONFIG",
                  .positional_help = "the configuration (YAML)",
                  .example =
                      "  lensmill psf-test configs/real_decals.yaml\n"
                      "Ends with 78 when a PSF fails.\n",
                  .options = po::options_description("Options", 88),
                  .run = run};
  add_config_options(command.options);
  return command;
}

}  // namespace lensmill::pipeline::cli
