#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/estimate.hpp"

namespace lensmill::analysis {

/// One stamp's score by a classifier. Stamps of one host (a positive and its paired
/// negative, other rows of a host that serves several) form a cluster.
struct Scored {
  double score = 0.0;
  bool positive = false;
  std::int64_t host = 0;
};

/// The AUC of some scores and what its error is made of: the structural components of
/// DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44, 837), V10(x) = share of
/// negatives below positive x and V01(y) = share of positives above negative y (ties
/// count one half), each minus the AUC, over the number of its class, summed by host as
/// Obuchowski (1997, Biometrics 53, 567) does for clustered data.
struct AucComponents {
  struct Host {
    std::int64_t host = 0;
    double positive = 0.0;  ///< sum of (V10 - AUC) / number of positives
    double negative = 0.0;  ///< sum of (V01 - AUC) / number of negatives
    bool has_positive = false;
    bool has_negative = false;
  };
  double auc = 0.0;  ///< NaN where a class is empty
  std::int64_t positives = 0;
  std::int64_t negatives = 0;
  std::vector<Host> hosts;  ///< ascending by host
};

/// O(n log n). Equal scores of both classes everywhere give exactly 0.5.
AucComponents auc_components(std::span<const Scored> scores);

/// The AUC's interval, symmetric in its logit (so that it stays in [0, 1]). Where no
/// pair, or every pair, is in the wrong order the components have no spread: the bound
/// is then that of as many independent pairs as there are hosts, 0.05^(1 / hosts). NaN
/// where a class is empty.
Estimate auc_estimate(const AucComponents& components);

/// AUC of `a` minus AUC of `b`, two classifiers on the same hosts: components
/// subtracted host by host, so that what both have in common cancels.
Estimate auc_difference(const AucComponents& a, const AucComponents& b);

}  // namespace lensmill::analysis
