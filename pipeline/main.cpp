#include <cstdio>
#include <exception>

#include "lib/io/hdf5/file_state.hpp"
#include "lib/parallel/environment.hpp"
#include "pipeline/cli/command.hpp"

namespace {

using namespace lensmill;
using pipeline::cli::Request;

/// Run the command; what it throws becomes a code and a message.
parallel::Outcome carry_out(const Request& request,
                            const pipeline::cli::Context& context) {
  try {
    return {.code = request.command->run(request.values, context), .message = {}};
  } catch (const Error& error) {
    return {.code = error.exit_code(), .message = error.what()};
  } catch (const std::exception& error) {
    return {.code = ExitCode::internal,
            .message =
                std::string("internal error (a defect in lensmill): ") + error.what()};
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto commands = pipeline::cli::commands();
  Request request;
  try {
    request = parse(commands, arguments);
  } catch (const Error& error) {
    std::fprintf(stderr, "lensmill: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
  if (request.command == nullptr) {
    std::fputs(request.text.c_str(), stdout);
    return 0;
  }

  parallel::Environment environment(argc, argv);
  const auto& world = environment.world();
  parallel::Outcome outcome;
  {
    pipeline::Log log(world.is_root());
    outcome = carry_out(request, {world, log, {argv, argv + argc}});
  }
  const bool speaks = environment.agree_on_end(outcome);
  if (speaks && !outcome.message.empty()) {
    std::fprintf(stderr, "lensmill: %s\n", outcome.message.c_str());
  }
  // Also waits until the message is out.
  if (world.any(io::hdf5::must_not_finalise())) {
    parallel::Environment::abort(outcome.code);
  }
  return static_cast<int>(outcome.code);
}
