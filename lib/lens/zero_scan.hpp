#pragma once

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/lens/scan_memory.hpp"

namespace lensmill::lens::detail {

/// What to make of a place where the function touches zero, as far as its resolution
/// tells, without changing its sign.
enum class Touching { one_zero, no_zero };

/// All zeros of a smooth function f between nodes 1 and n-2 of an ascending list of n
/// nodes; the first and last are guards that show how the function goes on beyond the
/// ends.
///
/// The nodes' second differences bound f's curvature, and with it each interval is
/// either free of zeros, or has exactly one (TOMS 748 finds it), or is halved, down to
/// where f varies by less than `resolution`: so pairs and triples of zeros between two
/// nodes are found however close they are. The nodes must resolve f's curvature.
template <class Function>
class ZeroScan {
 public:
  ZeroScan(const Function& f, double resolution, Touching touching,
           std::vector<double>& zeros)
      : f_(f), resolution_(resolution), touching_(touching), zeros_(zeros) {}

  void operator()(std::span<const ScanNode> nodes) {
    zeros_.clear();
    for (std::size_t i = 1; i + 2 < nodes.size(); ++i) {
      const auto second_difference = [&](std::size_t k) {
        return std::abs(nodes[k - 1].value - 2.0 * nodes[k].value + nodes[k + 1].value);
      };
      constexpr double safety = 3.0;  // for the curvature's change between nodes
      const double bend =
          safety * std::max(second_difference(i), second_difference(i + 1));
      resolve(nodes[i], nodes[i + 1], bend);
    }
  }

 private:
  /// `bend`: bound on |f''| times the interval's length squared.
  void resolve(const ScanNode& a, const ScanNode& b, double bend) {
    if (!std::isfinite(b.value - a.value)) return;  // outside the function's domain
    const bool crosses = (a.value < 0.0) != (b.value < 0.0);
    const double nearest = std::min(std::abs(a.value), std::abs(b.value));
    // f is within bend/8 of the chord, and f' within bend of the chord's slope.
    if (!crosses && nearest > 0.125 * bend) return;
    if (crosses && std::abs(b.value - a.value) > bend) return add_crossing(a, b);
    if (0.125 * bend <= resolution_ || halvings_ == most_halvings) {
      if (crosses) return add_crossing(a, b);
      if (touching_ == Touching::one_zero) add_touch(a, b);
      return;
    }
    ++halvings_;
    const double middle = 0.5 * (a.s + b.s);
    const ScanNode m{middle, f_(middle)};
    resolve(a, m, 0.25 * bend);
    resolve(m, b, 0.25 * bend);
  }

  void add_crossing(const ScanNode& a, const ScanNode& b) {
    if (a.value == 0.0 || b.value == 0.0) {
      zeros_.push_back(a.value == 0.0 ? a.s : b.s);
      return;
    }
    constexpr int bits = 50;  // of 53: what a bracket of doubles can give
    const boost::math::tools::eps_tolerance<double> tolerance(bits);
    std::uintmax_t most = 60;
    const auto [lo, hi] = boost::math::tools::toms748_solve(f_, a.s, b.s, a.value,
                                                            b.value, tolerance, most);
    zeros_.push_back(0.5 * (lo + hi));
  }

  /// Neighbouring intervals see the same touch.
  void add_touch(const ScanNode& a, const ScanNode& b) {
    const double width = b.s - a.s;
    if (!zeros_.empty() && a.s - zeros_.back() < 2.0 * width) return;
    zeros_.push_back(0.5 * (a.s + b.s));
  }

  /// Hundreds for a triple zero; more only where the nodes don't resolve the function.
  static constexpr int most_halvings = 5000;

  const Function& f_;
  double resolution_;
  Touching touching_;
  std::vector<double>& zeros_;
  int halvings_ = 0;
};

/// The zeros between `memory.nodes`, in `memory.zeros`.
template <class Function>
std::span<const double> scan_for_zeros(const Function& f, ScanMemory& memory,
                                       double resolution, Touching touching) {
  ZeroScan<Function>(f, resolution, touching, memory.zeros)(memory.nodes);
  return memory.zeros;
}

}  // namespace lensmill::lens::detail
