#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/path_errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/hdf5/file_state.hpp"
#include "lib/parallel/environment.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/python_commands.hpp"

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
  } catch (const std::filesystem::filesystem_error& error) {
    const IoError known = io_error_of(error);
    return {.code = known.exit_code(), .message = known.what()};
  } catch (const std::bad_alloc&) {
    return {.code = ExitCode::internal,
            .message =
                "out of memory: use fewer ranks per node, smaller stamps or fewer "
                "rows (`lensmill check` prints what a run needs)"};
  } catch (const std::exception& error) {
    return {.code = ExitCode::internal,
            .message =
                std::string("internal error (a defect in lensmill): ") + error.what()};
  }
}

/// Where they are closed (`>&-`), messages would go into the files opened next.
void open_standard_streams() {
  int next = 0;
  while (next >= 0 && next <= STDERR_FILENO) next = ::open("/dev/null", O_RDWR);
  if (next >= 0) ::close(next);
}

/// What is left of main once the request is understood and MPI runs. \throws IoError
/// where MPI fails
int carry_out_under_mpi(const parallel::Environment& environment,
                        const Request& request, int argc, char** argv) {
  const auto& world = environment.world();
  parallel::Outcome outcome;
  {
    pipeline::Log log(world.is_root());
    outcome = carry_out(request, {world, log, {argv, argv + argc}});
    if (outcome.code == ExitCode::ok && !log.lost_output().empty()) {
      outcome = {.code = ExitCode::io,
                 .message = "standard output: cannot be written (" + log.lost_output() +
                            "); what it should have got is lost, or in RUN/log"};
    }
  }
  const bool speaks = environment.agree_on_end(outcome);
  if (speaks && !outcome.message.empty()) {
    std::fprintf(stderr, "lensmill: %s\n", printable(outcome.message).c_str());
  }
  // Also waits until the message is out.
  if (world.any(io::hdf5::must_not_finalise())) {
    parallel::Environment::abort(outcome.code);
  }
  return static_cast<int>(outcome.code);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away (`| head`) must not kill a run.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor must the limit of a file's size (`ulimit -f`): writes then fail, and are
  // reported, as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  open_standard_streams();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto commands = pipeline::cli::commands();
  Request request;
  try {
    request = parse(commands, arguments);
    if (request.command != nullptr && !request.command->run) {
      // What it becomes, and starts, must not inherit that these are ignored.
      std::signal(SIGPIPE, SIG_DFL);
      std::signal(SIGXFSZ, SIG_DFL);
      pipeline::cli::hand_on_to_python(arguments);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "lensmill: %s\n", printable(error.what()).c_str());
    return static_cast<int>(error.exit_code());
  }
  if (request.command == nullptr) {
    std::fputs(request.text.c_str(), stdout);
    return 0;
  }

  // Outlives what is caught: its end would wait for the other ranks.
  std::optional<parallel::Environment> environment;
  try {
    environment.emplace(argc, argv);
    return carry_out_under_mpi(*environment, request, argc, argv);
  } catch (const Error& error) {
    // MPI itself: the other ranks cannot be asked, and may not know.
    std::fprintf(stderr, "lensmill: %s\n", printable(error.what()).c_str());
    parallel::Environment::abort(error.exit_code());
  }
}
