#include "pipeline/audit/audit.hpp"

#include <filesystem>

#include "lib/io/files.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/output_file.hpp"

namespace lensmill::pipeline::cli {
namespace {

ExitCode run(const po::variables_map& values, const Context& context) {
  AuditRequest request{.file = values["FILE"].as<std::string>(),
                       .mapping = values["MAPPING"].as<std::string>(),
                       .sample = values["sample"].as<std::int64_t>(),
                       .seed = values["seed"].as<std::uint64_t>()};
  if (request.sample < 1) throw UsageError("audit: --sample: must be >= 1");
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const auto folder =
        values.contains("output")
            ? values["output"].as<std::string>()
            : "audit-" + std::filesystem::path(request.file).stem().string();
    const std::vector<OutputFile> outputs{
        {"audit: --output", folder + "/audit.json", "an audit's report", "{"},
        {"audit: --output", folder + "/audit.csv", "an audit's table", "row,state,"}};
    check_output_files(outputs, {request.file, request.mapping});
    const auto result = audit(request, context.log);
    io::make_folders(folder);
    io::write_text(folder + "/audit.json", audit_json(result));
    io::write_text(folder + "/audit.csv", audit_csv(result));
    context.log.result(audit_text(result));
    context.log.info(folder + "/audit.json, audit.csv: written");
  });
  return ExitCode::ok;
}

}  // namespace

Command audit_command() {
  Command command{
      .name = "audit",
      .summary = "say how the PSF was placed in existing training data",
      .usage = "lensmill audit FILE MAPPING [options]",
      .positional = "FILE",
      .positional_help = "HDF5 file with stamps and their parameters",
      .example =
          "  lensmill audit train.h5 mapping.yaml --sample 1000 --output audit\n"
          "with a mapping as in docs/audit.md; for files of `lensmill run` it is\n"
          "  mapping: lensmill\n",
      .options = po::options_description("Options", 88),
      .run = run,
      .second_positional = "MAPPING",
      .second_positional_help = "YAML: their columns and conventions in ours"};
  command.options.add_options()(
      "sample", po::value<std::int64_t>()->default_value(500)->value_name("N"),
      "rows to compare, drawn without repetition")(
      "seed", po::value<std::uint64_t>()->default_value(1)->value_name("SEED"),
      "of that draw")("output,o", po::value<std::string>()->value_name("DIR"),
                      "folder for audit.json and audit.csv; default: ./audit-NAME");
  return command;
}

}  // namespace lensmill::pipeline::cli
