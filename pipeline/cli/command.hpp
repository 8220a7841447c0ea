#pragma once

#include <boost/program_options.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline::cli {

namespace po = boost::program_options;

/// What a subcommand gets to work with.
struct Context {
  const parallel::Communicator& world;
  Log& log;
  std::vector<std::string> command_line;  ///< of the whole program
};

/// One subcommand. `run` is \collective over context.world; it throws lensmill::Error.
struct Command {
  std::string name;
  std::string summary;     ///< one line, for the list of commands
  std::string usage;       ///< "lensmill run CONFIG [options]"
  std::string positional;  ///< name of the required positional argument, or ""
  std::string positional_help;
  std::string example;  ///< one or more command lines
  po::options_description options;
  std::function<ExitCode(const po::variables_map&, const Context&)> run;
  std::string second_positional{};  ///< likewise, after the first
  std::string second_positional_help{};
};

Command init_command();
Command run_command();
Command check_command();
Command psf_test_command();
Command info_command();
Command verify_command();
Command extract_command();
Command render_command();
Command finalize_command();
Command stop_command();
Command noise_model_command();
Command analyse_command();
Command probe_command();
Command audit_command();
Command field_command();
Command recover_command();

/// All subcommands in the order of the help text.
std::vector<Command> commands();

/// What the command line asks for.
struct Request {
  const Command* command = nullptr;  ///< null: print `text` and end with 0
  po::variables_map values;
  std::string text;
};

/// Understand the arguments after the program's name.
/// \throws UsageError: no or unknown command (with the nearest), unknown option, a
///   missing or surplus argument
Request parse(const std::vector<Command>& commands,
              const std::vector<std::string>& arguments);

}  // namespace lensmill::pipeline::cli
