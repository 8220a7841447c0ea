#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "pipeline/probe/probe.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::size_t most_bins = 4;
// Normal quantile of `seen_probability`.
constexpr double seen_quantile = 1.2815515655446004;

}  // namespace

std::vector<double> equal_edges(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  std::ranges::sort(values);
  const std::size_t bins =
      std::min(most_bins, values.size() / static_cast<std::size_t>(fewest_other_rows));
  std::vector<double> edges;
  for (std::size_t k = 0; bins > 0 && k <= bins; ++k) {
    edges.push_back(values[k * (values.size() - 1) / bins]);
  }
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges.size() > 1 ? edges : std::vector<double>();
}

double smallest_cost_seen(const analysis::Estimate& change) {
  return (analysis::confidence_quantile + seen_quantile) * change.standard_error;
}

void report_region(const ProbeSample& sample, const RegionFits& fits,
                   const RegionOfVariant& which, const BinEdges& edges,
                   bool has_visible, Classifier baseline, RegionReport& out) {
  const auto& fit = fits[which.variant][which.region];
  const auto& base = fits[0][which.region];
  const auto& valid = sample.variants[which.variant].valid;
  const auto components = [&](const RegionFit& of, Classifier classifier,
                              std::span<const char> rows, auto&& wanted) {
    return analysis::auc_components(
        test_pairs(of.test_scores[static_cast<std::size_t>(classifier)], sample.rows,
                   rows, wanted));
  };
  // The baseline on the rows that the variant has.
  const auto in_variant = [&](const SampledRow& row) {
    return valid[static_cast<std::size_t>(&row - sample.rows.data())] != 0;
  };
  out.l2 = fit.l2;
  out.converged = fit.converged;
  out.trees = fit.trees;
  for (const Classifier classifier : all_classifiers) {
    const auto auc =
        analysis::auc_estimate(components(fit, classifier, valid, in_variant));
    out.aucs[static_cast<std::size_t>(classifier)] = auc;
    if (classifier == Classifier::logistic || auc.value > out.auc.value) {
      out.auc = auc;
      out.larger = classifier;
    }
  }
  if (which.variant == 0) baseline = out.larger;
  const auto compare = [&](auto&& wanted) {
    const auto both = [&](const SampledRow& row) {
      return in_variant(row) && wanted(row);
    };
    const auto of_variant = components(fit, out.larger, valid, both);
    const auto of_baseline = components(base, baseline, sample.variants[0].valid, both);
    return std::pair{analysis::auc_estimate(of_variant),
                     analysis::auc_difference(of_variant, of_baseline)};
  };
  out.change = compare([](const SampledRow&) { return true; }).second;
  if (has_visible) {
    std::tie(out.visible_auc, out.visible_change) = compare(has_visible_counter_image);
  }
  const auto bins = [&](const std::vector<double>& at, double SampledRow::*quantity) {
    std::vector<BinReport> list;
    for (std::size_t k = 1; k < at.size(); ++k) {
      const auto inside = [&](const SampledRow& row) {
        const double value = row.*quantity;
        const bool below = k + 1 == at.size() ? value <= at[k] : value < at[k];
        return value >= at[k - 1] && below;
      };
      BinReport bin{.lower = at[k - 1], .upper = at[k]};
      for (const auto& row : sample.rows) {
        const bool counts = row.split == catalogue::Split::test && in_variant(row);
        bin.test_rows += counts && inside(row) ? 1 : 0;
      }
      // Where few rows share a value (a grid), a bin may have none to speak of.
      if (bin.test_rows >= fewest_other_rows) {
        std::tie(bin.auc, bin.change) = compare(inside);
      }
      list.push_back(bin);
    }
    return list;
  };
  out.by_theta_e = bins(edges.theta_e_arcsec, &SampledRow::theta_e_arcsec);
  out.by_snr = bins(edges.arc_snr, &SampledRow::arc_snr);
}

}  // namespace lensmill::pipeline
