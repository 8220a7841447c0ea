#include "pipeline/analyse/analyse_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {
namespace {

/// "0.5,0.75,1": ascending edges. \throws UsageError
std::vector<double> edges_of(const std::string& text) {
  const auto fail = [&](const std::string& problem) -> std::vector<double> {
    throw UsageError(
        fmt::format("analyse: --theta-e-bins: {} (got \"{}\"); give ascending edges in "
                    "arcsec, such "
                    "as 0.5,0.75,1,1.5,2,2.5",
                    problem, text));
  };
  std::vector<double> edges;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    double edge = 0.0;
    const auto [next, error] = std::from_chars(at, end, edge);
    if (error != std::errc() || !std::isfinite(edge))
      return fail("not a list of numbers");
    edges.push_back(edge);
    if (next == end) break;
    if (*next != ',') return fail("not a list of numbers");
    at = next + 1;
  }
  if (edges.size() < 2) return fail("needs at least two edges");
  if (std::ranges::adjacent_find(edges, std::ranges::greater_equal()) != edges.end()) {
    return fail("edges must ascend");
  }
  return edges;
}

}  // namespace

Command analyse_command() {
  Command command{
      .name = "analyse",
      .summary = "core leakage from a run's tables: attribution, hypotheses, model",
      .usage =
          "lensmill analyse RUN [--theta-e-bins EDGES] [--counterfactuals N]\n"
          "                 [--with RUN2] ...",
      .positional = "RUN",
      .positional_help = "the run's folder",
      .example =
          "  mpirun -n 2 lensmill analyse runs/seed_gen5\n"
          "Prints the tables and writes RUN/analysis/analysis.json and "
          "RUN/analysis/*.csv:\n"
          "the same for any number of ranks. docs/analysis.md explains them.\n",
      .options = po::options_description("Options", 88),
      .run = [](const po::variables_map& values, const Context& context) {
        AnalysisOptions options;
        options.theta_e_edges_arcsec =
            edges_of(values["theta-e-bins"].as<std::string>());
        options.counterfactuals = values["counterfactuals"].as<std::int64_t>();
        if (options.counterfactuals < 0) {
          throw UsageError(
              fmt::format("analyse: --counterfactuals must be >= 0 (got {})",
                          options.counterfactuals));
        }
        if (values.count("with") != 0) {
          options.with = values["with"].as<std::vector<std::string>>();
        }
        analyse_run(values["RUN"].as<std::string>(), options, context.world,
                    context.log);
        return ExitCode::ok;
      }};
  command.options.add_options()(
      "theta-e-bins",
      po::value<std::string>()
          ->default_value("0.5,0.75,1,1.5,2,2.5")
          ->value_name("EDGES"),
      "edges of the bins of theta_E in arcsec: bins [a, b), the last one closed")(
      "counterfactuals", po::value<std::int64_t>()->default_value(0)->value_name("N"),
      "render N rows of the run again with and without extended source, counter-image "
      "and PSF, and by the legacy operator: for H3 and the Shapley values (0: none)")(
      "with", po::value<std::vector<std::string>>()->composing()->value_name("RUN2"),
      "another run, of the same bands and apertures: which cause leads in each, beside "
      "each other (may be repeated)");
  return command;
}

}  // namespace lensmill::pipeline::cli
