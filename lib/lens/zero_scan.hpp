#pragma once

#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lensmill::lens::detail {

/// One abscissa of a scan and the function there.
struct ScanNode {
  double s = 0.0;
  double value = 0.0;
};

/// All zeros of a smooth function f between nodes 1 and n-2 of an ascending list of n
/// nodes; the first and last are guards that show how the function goes on beyond the
/// ends. Finds sign changes (TOMS 748), and pairs of zeros between two nodes by
/// following every dip of |f| to its bottom (Brent). A dip that stays above zero by no
/// more than `touch` counts as one double zero. Nodes must resolve the function's
/// extrema.
template <class Function>
void scan_for_zeros(const Function& f, std::span<const ScanNode> nodes, double touch,
                    std::vector<double>& zeros) {
  if (nodes.size() < 3) return;
  constexpr int bits = 50;  // of 53: what a bracket of doubles can give
  const boost::math::tools::eps_tolerance<double> tolerance(bits);
  const auto bracketed = [&](double a, double fa, double b, double fb) {
    if (fa == 0.0) return a;
    if (fb == 0.0) return b;
    std::uintmax_t most = 60;
    const auto [lo, hi] =
        boost::math::tools::toms748_solve(f, a, b, fa, fb, tolerance, most);
    return 0.5 * (lo + hi);
  };
  const auto changes = [](double a, double b) { return (a < 0.0) != (b < 0.0); };

  for (std::size_t i = 1; i + 2 < nodes.size(); ++i) {
    const auto& a = nodes[i];
    const auto& b = nodes[i + 1];
    if (changes(a.value, b.value)) {
      zeros.push_back(bracketed(a.s, a.value, b.s, b.value));
    }
  }
  for (std::size_t i = 1; i + 1 < nodes.size(); ++i) {
    const auto& before = nodes[i - 1];
    const auto& at = nodes[i];
    const auto& after = nodes[i + 1];
    if (changes(before.value, at.value) || changes(at.value, after.value)) continue;
    const double sign = at.value < 0.0 ? -1.0 : 1.0;
    const double left = sign * before.value;
    const double middle = sign * at.value;
    const double right = sign * after.value;
    if (!(middle < left && middle < right)) continue;
    // The parabola through the three nodes foretells the bottom: most dips are shallow.
    const double slope = 0.5 * (right - left);
    const double bend = right - 2.0 * middle + left;
    constexpr double deep = 0.5;
    if (middle - 0.5 * slope * slope / bend > deep * middle) continue;
    std::uintmax_t most = 60;
    const auto [s, bottom] = boost::math::tools::brent_find_minima(
        [&](double x) { return sign * f(x); }, before.s, after.s, bits / 2, most);
    if (bottom < 0.0) {
      zeros.push_back(bracketed(before.s, before.value, s, sign * bottom));
      zeros.push_back(bracketed(s, sign * bottom, after.s, after.value));
    } else if (bottom <= touch) {
      zeros.push_back(s);
    }
  }
}

}  // namespace lensmill::lens::detail
