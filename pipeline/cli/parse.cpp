#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "lib/config/suggest.hpp"
#include "pipeline/cli/python_commands.hpp"
#include "pipeline/program/build_info.hpp"

namespace lensmill::pipeline::cli {
namespace {

constexpr int help_width = 88;

std::string overview(const std::vector<Command>& commands) {
  std::string text =
      version_line() +
      "\nStrong-lens injections and core leakage, in parallel.\n\n"
      "  lensmill COMMAND ... [options]\n"
      "  mpirun -n N lensmill COMMAND ...      (run, verify, finalize, analyse,\n"
      "                                         probe, field)\n\n";
  for (const auto& command : commands) {
    text += fmt::format("  {:<11} {}\n", command.name, command.summary);
  }
  return text +
         "\n  --version, --build-info, --help; `lensmill COMMAND --help` for one "
         "command\n"
         "Exit codes: 0 done, 64 usage, 65 bad input data, 70 internal error, 74 I/O,\n"
         "75 interrupted (run again with --resume), 78 configuration\n";
}

std::string build_text() {
  const auto& info = build_info();
  std::string text = version_line() + "\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    text += fmt::format("{:<14} {}\n", name, value);
  };
  line("git_commit", info.git_commit);
  line("fingerprint", build_fingerprint());
  line("compiler", info.compiler);
  line("flags", info.compiler_flags);
  line("build_type", info.build_type);
  for (const auto& [name, version] : info.libraries) line(name, version);
  return text;
}

std::string help_of(const Command& command) {
  std::ostringstream options;
  options << command.options;
  std::string text = fmt::format("{}\n{}\n\n", command.usage, command.summary);
  if (!command.positional.empty()) {
    text += fmt::format("  {:<22} {}\n", command.positional, command.positional_help);
  }
  if (!command.second_positional.empty()) {
    text += fmt::format("  {:<22} {}\n", command.second_positional,
                        command.second_positional_help);
  }
  return text + options.str() + "\nFor example:\n" + command.example;
}

const Command& find_command(const std::vector<Command>& commands,
                            const std::string& name) {
  const auto at = std::ranges::find(commands, name, &Command::name);
  if (at != commands.end()) return *at;
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const auto& command : commands) names.push_back(command.name);
  throw UsageError(fmt::format("{}: no such command; {} (lensmill --help)", name,
                               config::suggest_key(name, names)));
}

po::variables_map read_options(const Command& command,
                               const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(command.options);
  po::positional_options_description positional;
  if (!command.positional.empty()) {
    all.add_options()(command.positional.c_str(), po::value<std::string>());
    positional.add(command.positional.c_str(), 1);
  }
  if (!command.second_positional.empty()) {
    all.add_options()(command.second_positional.c_str(), po::value<std::string>());
    positional.add(command.second_positional.c_str(), 1);
  }
  po::variables_map values;
  try {
    // No guessing of abbreviated options: a later option could change their meaning.
    const auto style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(positional)
                  .style(style)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    throw UsageError(fmt::format("{}: {} (lensmill {} --help)", command.name,
                                 error.what(), command.name));
  }
  return values;
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> list;
  list.push_back(init_command());
  list.push_back(run_command());
  list.push_back(check_command());
  list.push_back(psf_test_command());
  list.push_back(info_command());
  list.push_back(verify_command());
  list.push_back(extract_command());
  list.push_back(render_command());
  list.push_back(finalize_command());
  list.push_back(stop_command());
  list.push_back(noise_model_command());
  list.push_back(analyse_command());
  list.push_back(probe_command());
  list.push_back(report_command());
  list.push_back(answers_command());
  list.push_back(audit_command());
  list.push_back(field_command());
  list.push_back(recover_command());
  for (auto& command : list) command.options.add_options()("help,h", "this text");
  return list;
}

Request parse(const std::vector<Command>& commands,
              const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw UsageError("no command given\n" + overview(commands));
  const std::string& first = arguments.front();
  if (first == "--help" || first == "-h" || first == "help") {
    return {.command = nullptr, .values = {}, .text = overview(commands)};
  }
  if (first == "--version") {
    return {.command = nullptr, .values = {}, .text = version_line() + "\n"};
  }
  if (first == "--build-info") {
    return {.command = nullptr, .values = {}, .text = build_text()};
  }
  Request request;
  request.command = &find_command(commands, first);
  request.values =
      read_options(*request.command, {arguments.begin() + 1, arguments.end()});
  if (request.values.contains("help")) {
    request.text = help_of(*request.command);
    request.command = nullptr;
    return request;
  }
  for (const auto* positional :
       {&request.command->positional, &request.command->second_positional}) {
    if (positional->empty() || request.values.contains(*positional)) continue;
    throw UsageError(fmt::format("{}: {} is missing; usage: {}", request.command->name,
                                 *positional, request.command->usage));
  }
  return request;
}

}  // namespace lensmill::pipeline::cli
