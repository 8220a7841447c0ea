#include "pipeline/analyse/several_runs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/analyse/leading_cause.hpp"
#include "pipeline/analyse/run_rows.hpp"
#include "pipeline/analyse/sections.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/archive/open_shard.hpp"

namespace lensmill::pipeline {
namespace {

std::size_t place_of(const ResultTable& table, const std::string& name) {
  const auto at = std::ranges::find(table.columns, name, &TableColumn::name);
  EXPECT(at != table.columns.end());
  return static_cast<std::size_t>(at - table.columns.begin());
}

std::string value_of(const RunOnDisk& run, const std::string& key) {
  const auto at = run.config.find(key);
  return at == run.config.end() ? "" : at->second;
}

/// "outer_image leads", "tie", ...
std::string finding_of(const std::string& leader, const std::string& dominance) {
  return dominance == "leads" ? leader + " leads" : dominance;
}

/// A run's ways of counting in one bin of theta_E.
struct Bin {
  const std::vector<Cell>* reported = nullptr;  ///< its first way
  std::string finding;
  std::int64_t ways = 0, agree = 0;
};

std::optional<Bin> find_bin(const ResultTable& table, const std::string& label) {
  const auto text = [&](const std::vector<Cell>& row, const std::string& column) {
    return std::get<std::string>(row[place_of(table, column)]);
  };
  Bin bin;
  for (const auto& row : table.rows) {
    if (text(row, "theta_e_bin") != label) continue;
    const auto finding = finding_of(text(row, "leader"), text(row, "dominance"));
    if (bin.reported == nullptr) {
      bin.reported = &row;
      bin.finding = finding;
    }
    ++bin.ways;
    if (finding == bin.finding) ++bin.agree;
  }
  if (bin.reported == nullptr) return std::nullopt;
  return bin;
}

/// Bins in which any run has rows, in the order of theta_E; "all" comes last.
std::vector<std::string> labels_of(const std::vector<LeadsOfRun>& runs) {
  std::vector<std::pair<double, std::string>> labels;
  for (const auto& run : runs) {
    for (const auto& row : run.robustness.rows) {
      const auto& label = std::get<std::string>(row.front());
      if (label == "all" ||
          std::ranges::find(labels, label, &std::pair<double, std::string>::second) !=
              labels.end()) {
        continue;
      }
      labels.emplace_back(std::stod(label.substr(1)), label);  // "[0.5, 0.75)"
    }
  }
  std::ranges::sort(labels);
  std::vector<std::string> out;
  for (const auto& [edge, label] : labels) out.push_back(label);
  out.emplace_back("all");
  return out;
}

std::string sentence_of(const std::string& label, const std::vector<LeadsOfRun>& runs,
                        const std::vector<std::optional<Bin>>& bins) {
  std::set<std::string> findings;
  std::vector<std::string> each;
  bool everywhere = true;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (bins[k]) findings.insert(bins[k]->finding);
    everywhere = everywhere && bins[k];
    each.push_back(
        fmt::format("{}: {}", runs[k].path, bins[k] ? bins[k]->finding : "no rows"));
  }
  const bool leads =
      findings.size() == 1 && findings.begin()->find(" leads") != std::string::npos;
  if (everywhere && leads) {
    return fmt::format("theta_E {} arcsec: {} in each of the {} runs.", label,
                       *findings.begin(), runs.size());
  }
  return fmt::format("theta_E {} arcsec: {}. {}", label,
                     findings.size() > 1 ? "the runs do not give one answer"
                                         : "no one cause is shown to lead in all runs",
                     fmt::format("{}.", fmt::join(each, "; ")));
}

}  // namespace

void require_comparable(const RunOnDisk& first, const RunOnDisk& other) {
  const auto& a = first.folder.path();
  const auto& b = other.folder.path();
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored)) {
    throw DataError(
        fmt::format("{}: is given twice (a run agrees with itself); give "
                    "--with another run",
                    b));
  }
  std::vector<std::string> differ;
  const auto hold = [&](const std::string& what, const std::string& of_first,
                        const std::string& of_other) {
    if (of_first != of_other) {
      differ.push_back(
          fmt::format("{} ({} in {}, {} in {})", what, of_first, a, of_other, b));
    }
  };
  hold("bands", fmt::format("{}", fmt::join(first.bands, ", ")),
       fmt::format("{}", fmt::join(other.bands, ", ")));
  hold("measure.aperture_radius_pix",
       fmt::format("{}", fmt::join(first.aperture_radius_pix, ", ")),
       fmt::format("{}", fmt::join(other.aperture_radius_pix, ", ")));
  hold("grid.pixel_scale_arcsec", fmt::format("{}", first.pixel_scale_arcsec),
       fmt::format("{}", other.pixel_scale_arcsec));
  for (const std::string key : {"measure.aperture_mask", "measure.aperture_centre"}) {
    hold(key, value_of(first, key), value_of(other, key));
  }
  if (differ.empty()) return;
  throw DataError(fmt::format(
      "{}: cannot be compared with {}: {} (the core is not the same); make both runs "
      "with the same bands and apertures, or analyse each alone",
      b, a, fmt::join(differ, "; ")));
}

void require_different(const RunOnDisk& first, const std::vector<LeadsOfRun>& runs) {
  std::map<std::pair<std::string, std::int64_t>, std::string> seen{
      {{first.config_hash, first.plan.rows}, first.folder.path()}};
  for (const auto& run : runs) {
    const auto [at, is_new] =
        seen.emplace(std::pair(run.config_hash, run.rows), run.path);
    if (is_new || run.config_hash.empty()) continue;
    throw DataError(
        fmt::format("{}: is the same run as {} (the same configuration, input files "
                    "and rows: a run "
                    "agrees with itself); give --with another run",
                    run.path, at->second));
  }
}

LeadsOfRun read_leads(const RunOnDisk& first, const std::string& path,
                      const AnalysisOptions& options,
                      const parallel::Communicator& world, Log& log) {
  const RunOnDisk run = open_run(path, world);
  std::optional<RowReader> reader;
  world.agree([&] {
    require_comparable(first, run);
    check_end_of_selection(run);
    const auto shard = first_shard(run);
    if (!shard) {
      throw DataError(run.folder.path() +
                      ": no shard is there yet: there is nothing to compare (continue "
                      "the run with `lensmill run ... --resume`)");
    }
    reader.emplace(run, run.folder.shard(*shard));
  });
  const RunNumbers numbers = read_numbers(run, *reader, options, world, log);
  if (run.lacks_rows() || numbers.shards < run.plan.shards()) {
    log.warning(run.folder.path() + ": the run is incomplete: compared as it is");
  }
  LeadsOfRun leads{.path = path,
                   .config_hash = run.config_hash,
                   .rows = run.plan.rows,
                   .psf_operator = value_of(run, "convolve.operator"),
                   .robustness = {}};
  world.agree([&] {
    if (!world.is_root()) return;
    const analysis::Bootstrap bootstrap(numbers.sums.sums());
    const analysis::Bootstrap views_bootstrap(numbers.views.sums());
    const AnalysisInput input{.run = run,
                              .reader = *reader,
                              .options = options,
                              .numbers = numbers,
                              .bootstrap = bootstrap,
                              .views_bootstrap = views_bootstrap};
    leads.is_grid = input.is_grid();
    leads.robustness = leading_causes(input).robustness;
  });
  return leads;
}

Section runs_section(const std::vector<LeadsOfRun>& runs) {
  EXPECT(!runs.empty());
  Section section{.id = "runs",
                  .title = "Which cause leads, in each of several runs",
                  .sentences = {}};
  const ResultTable& model = runs.front().robustness;
  ResultTable all = model;
  all.id = "runs_robustness";
  all.columns.insert(all.columns.begin(), TableColumn{"run"});
  all.rows.clear();
  for (const auto& run : runs) {
    for (auto row : run.robustness.rows) {
      row.insert(row.begin(), run.path);
      all.rows.push_back(std::move(row));
    }
    if (run.is_grid) {
      section.sentences.push_back(
          run.path + " is a grid: what it says is of its points, not of a population.");
    }
    if (run.psf_operator != runs.front().psf_operator) {
      section.sentences.push_back(
          fmt::format("{} was convolved with the operator {}, {} with {}.", run.path,
                      run.psf_operator, runs.front().path, runs.front().psf_operator));
    }
  }

  ResultTable table{
      .id = "runs",
      .title =
          "Account split, reported band and aperture, mean over "
          "rows; `agree` of `ways` of counting say the same",
      .columns = {{"theta_e_bin", "arcsec"}, {"run"}, {"n"}, {"leader"}, {"next"}},
      .rows = {}};
  table.add_estimate_columns("lead", "", 3);
  for (const std::string name : {"dominance", "agree", "ways"}) {
    table.columns.push_back({name});
  }
  for (const auto& label : labels_of(runs)) {
    std::vector<std::optional<Bin>> bins;
    for (const auto& run : runs) {
      const auto& bin = bins.emplace_back(find_bin(run.robustness, label));
      if (!bin) continue;
      std::vector<Cell> row{label, run.path};
      const auto& from = *bin->reported;
      for (const std::string name :
           {"n", "leader", "next", "lead", "lead_standard_error", "lead_lower",
            "lead_upper", "dominance"}) {
        row.push_back(from[place_of(model, name)]);
      }
      row.emplace_back(bin->agree);
      row.emplace_back(bin->ways);
      table.rows.push_back(std::move(row));
    }
    // Over all theta_E a mean says how many rows of each theta_E a run has: no
    // sentence.
    if (label != "all") section.sentences.push_back(sentence_of(label, runs, bins));
  }
  section.tables = {std::move(table), std::move(all)};
  return section;
}

}  // namespace lensmill::pipeline
