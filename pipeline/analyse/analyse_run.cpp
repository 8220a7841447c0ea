#include "pipeline/analyse/analyse_run.hpp"

#include <fmt/format.h>

#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "pipeline/analyse/leading_cause.hpp"
#include "pipeline/analyse/report.hpp"
#include "pipeline/analyse/sections.hpp"
#include "pipeline/analyse/several_runs.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/archive/open_shard.hpp"

namespace lensmill::pipeline {
namespace {

// Of analysis.json's layout.
constexpr int format_version = 1;

void write(const RunOnDisk& run, const std::vector<Section>& sections,
           const ShardHeader& header) {
  const std::string folder = analysis_folder(run.folder);
  io::make_folders(folder);
  nlohmann::ordered_json json{
      {"format", "lensmill analysis"},
      {"format_version", format_version},
      {"run",
       {{"name", run.config.at("run.name")},
        {"config_hash", header.identity.config_hash},
        {"build_fingerprint", header.identity.build_fingerprint},
        {"instruction_level", header.identity.instruction_level}}}};
  for (const auto& section : sections) {
    json[section.id] = to_json(section);
    for (const auto& table : section.tables) {
      io::write_text(fmt::format("{}/{}.csv", folder, table.id), to_csv(table));
    }
  }
  io::write_text(folder + "/analysis.json", json.dump(1) + "\n");
}

void warn(const RunOnDisk& run, const RunNumbers& numbers, Log& log) {
  const auto summary = numbers.summary.numbers();
  if (run.lacks_rows()) {
    log.warning(fmt::format(
        "{}: the run is incomplete ({} of {} rows are kept): analysed as it "
        "is",
        run.folder.path(), run.plan.rows, run.wanted_rows()));
  } else if (numbers.shards < run.plan.shards()) {
    log.warning(fmt::format(
        "{}: the run is incomplete ({} of {} shards are there): analysed as it is",
        run.folder.path(), numbers.shards, run.plan.shards()));
  }
  const auto left_out = summary.rows - summary.counted;
  if (left_out > 0) {
    log.warning(
        fmt::format("{} of {} rows failed and are left out of the analysis: see "
                    "/measurements/status",
                    grouped(left_out), grouped(summary.rows)));
  }
}

}  // namespace

void analyse_run(const std::string& path, const AnalysisOptions& options,
                 const parallel::Communicator& world, Log& log) {
  const RunOnDisk run = open_run(path, world);
  std::optional<RowReader> reader;
  std::optional<ShardHeader> header;
  world.agree([&] {
    check_end_of_selection(run);
    const auto shard = first_shard(run);
    if (!shard) {
      throw DataError(run.folder.path() +
                      ": no shard is there yet: there is nothing to analyse (continue "
                      "the run with `lensmill run ... --resume`)");
    }
    header = open_shard(run, *shard).header;
    reader.emplace(run, run.folder.shard(*shard));
  });
  const RunNumbers numbers = read_numbers(run, *reader, options, world, log);
  warn(run, numbers, log);
  std::vector<LeadsOfRun> others;
  for (const auto& other : options.with) {
    others.push_back(read_leads(run, other, options, world, log));
  }
  require_different(run, others);
  std::optional<CounterfactualNumbers> counterfactuals;
  if (options.counterfactuals > 0) {
    counterfactuals =
        render_counterfactuals(run, options.counterfactuals, reader->resamples_hosts(),
                               numbers.sums.bins(), world, log);
  }
  world.agree([&] {
    if (!world.is_root()) return;
    const auto op = run.config.find("convolve.operator");
    const analysis::Bootstrap bootstrap(numbers.sums.sums());
    const analysis::Bootstrap views_bootstrap(numbers.views.sums());
    std::optional<analysis::Bootstrap> counterfactual_bootstrap;
    if (counterfactuals) {
      counterfactual_bootstrap.emplace(counterfactuals->sums.sums());
    }
    const AnalysisInput input{
        .run = run,
        .reader = *reader,
        .options = options,
        .numbers = numbers,
        .bootstrap = bootstrap,
        .views_bootstrap = views_bootstrap,
        .legacy_operator = op != run.config.end() && op->second == "legacy_ifftshift",
        .counterfactuals = counterfactuals ? &*counterfactuals : nullptr,
        .counterfactual_bootstrap =
            counterfactual_bootstrap ? &*counterfactual_bootstrap : nullptr};
    std::vector<Section> sections;
    for (const auto make : section_makers()) sections.push_back(make(input));
    if (!others.empty()) {
      others.insert(others.begin(),
                    {.path = path,
                     .is_grid = input.is_grid(),
                     .psf_operator = op != run.config.end() ? op->second : "",
                     .robustness = leading_causes(input).robustness});
      sections.push_back(runs_section(others));
    }
    write(run, sections, *header);
    for (const auto& section : sections) log.result(to_text(section));
    log.result(
        fmt::format("Written: {0}/analysis/analysis.json and the tables as "
                    "{0}/analysis/*.csv",
                    run.folder.path()));
  });
}

}  // namespace lensmill::pipeline
