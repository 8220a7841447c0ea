#include "lib/analysis/roc.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Host = AucComponents::Host;

/// Variance of the sum of all hosts' components, Obuchowski's eq. for S10, S01, S11:
/// with one stamp per host it is DeLong's S10 / m + S01 / n.
double variance_of(std::span<const Host> hosts) {
  double positive = 0.0, negative = 0.0, both = 0.0;
  double n_positive = 0.0, n_negative = 0.0;
  for (const auto& host : hosts) {
    positive += host.positive * host.positive;
    negative += host.negative * host.negative;
    both += host.positive * host.negative;
    n_positive += host.has_positive ? 1.0 : 0.0;
    n_negative += host.has_negative ? 1.0 : 0.0;
  }
  const auto n = static_cast<double>(hosts.size());
  if (n_positive < 2.0 || n_negative < 2.0) return nan;
  const double variance = n_positive / (n_positive - 1.0) * positive +
                          n_negative / (n_negative - 1.0) * negative +
                          2.0 * n / (n - 1.0) * both;
  // The last term may be negative, the sum only by rounding.
  return std::max(0.0, variance);
}

std::int64_t count_of(const AucComponents& components, bool Host::*has) {
  return std::ranges::count_if(components.hosts,
                               [&](const Host& host) { return host.*has; });
}

double logit(double p) { return std::log(p / (1.0 - p)); }
double logistic(double t) { return 1.0 / (1.0 + std::exp(-t)); }

}  // namespace

AucComponents auc_components(std::span<const Scored> scores) {
  std::vector<Scored> sorted(scores.begin(), scores.end());
  std::ranges::stable_sort(sorted, {}, &Scored::score);
  AucComponents components;
  for (const auto& scored : sorted) {
    ++(scored.positive ? components.positives : components.negatives);
  }
  const auto m = static_cast<double>(components.positives);
  const auto n = static_cast<double>(components.negatives);
  if (components.positives == 0 || components.negatives == 0) {
    components.auc = nan;
    return components;
  }

  // Placement values V10, V01, group by group of equal scores.
  std::vector<double> placement(sorted.size());
  double below_positive = 0.0, below_negative = 0.0, sum = 0.0;
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    double tied_positive = 0.0, tied_negative = 0.0;
    while (last < sorted.size() && sorted[last].score == sorted[first].score) {
      (sorted[last].positive ? tied_positive : tied_negative) += 1.0;
      ++last;
    }
    const double v10 = (below_negative + 0.5 * tied_negative) / n;
    const double v01 = 1.0 - (below_positive + 0.5 * tied_positive) / m;
    for (std::size_t k = first; k < last; ++k) {
      placement[k] = sorted[k].positive ? v10 : v01;
    }
    sum += tied_positive * (below_negative + 0.5 * tied_negative);
    below_positive += tied_positive;
    below_negative += tied_negative;
    first = last;
  }
  components.auc = sum / (m * n);

  std::map<std::int64_t, Host> hosts;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    Host& host = hosts[sorted[k].host];
    host.host = sorted[k].host;
    const double difference = placement[k] - components.auc;
    if (sorted[k].positive) {
      host.positive += difference / m;
      host.has_positive = true;
    } else {
      host.negative += difference / n;
      host.has_negative = true;
    }
  }
  for (const auto& [number, host] : hosts) components.hosts.push_back(host);
  return components;
}

Estimate auc_estimate(const AucComponents& components) {
  const double auc = components.auc;
  Estimate estimate{.value = auc,
                    .standard_error = std::sqrt(variance_of(components.hosts)),
                    .lower = nan,
                    .upper = nan};
  if (std::isnan(auc)) return {};
  if (auc <= 0.0 || auc >= 1.0) {
    const auto pairs =
        static_cast<double>(std::min(count_of(components, &Host::has_positive),
                                     count_of(components, &Host::has_negative)));
    const double bound = std::pow(0.5 * (1.0 - confidence), 1.0 / pairs);
    estimate.lower = auc >= 1.0 ? bound : 0.0;
    estimate.upper = auc >= 1.0 ? 1.0 : 1.0 - bound;
    return estimate;
  }
  const double half_width =
      confidence_quantile * estimate.standard_error / (auc * (1.0 - auc));
  if (half_width == 0.0) {
    estimate.lower = estimate.upper = auc;
    return estimate;
  }
  estimate.lower = logistic(logit(auc) - half_width);
  estimate.upper = logistic(logit(auc) + half_width);
  return estimate;
}

Estimate auc_difference(const AucComponents& a, const AucComponents& b) {
  std::map<std::int64_t, Host> hosts;
  const auto add = [&](const AucComponents& components, double sign) {
    for (const auto& from : components.hosts) {
      Host& host = hosts[from.host];
      host.positive += sign * from.positive;
      host.negative += sign * from.negative;
      host.has_positive = host.has_positive || from.has_positive;
      host.has_negative = host.has_negative || from.has_negative;
    }
  };
  add(a, 1.0);
  add(b, -1.0);
  std::vector<Host> differences;
  differences.reserve(hosts.size());
  for (const auto& [number, host] : hosts) differences.push_back(host);
  const double value = a.auc - b.auc;
  const double error = std::sqrt(variance_of(differences));
  return {.value = value,
          .standard_error = error,
          .lower = value - confidence_quantile * error,
          .upper = value + confidence_quantile * error};
}

}  // namespace lensmill::analysis
