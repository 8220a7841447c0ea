#include "lib/core/gauss_legendre.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"

namespace lensmill {
namespace {

using Rule = std::array<GaussNode, largest_gauss_order>;

Rule make_rule(int order) {
  Rule rule{};
  for (int k = 0; k < order; ++k) {
    // Tricomi's starting value, then Newton on P_order (Press et al., Numerical
    // Recipes).
    double x = std::cos(std::numbers::pi * (k + 0.75) / (order + 0.5));
    double derivative = 1.0;
    for (int iteration = 0; iteration < 20; ++iteration) {
      double p = 1.0;
      double previous = 0.0;
      for (int n = 1; n <= order; ++n) {
        const double before = previous;
        previous = p;
        p = ((2 * n - 1) * x * previous - (n - 1) * before) / n;
      }
      derivative = order * (x * p - previous) / (x * x - 1.0);
      x -= p / derivative;
    }
    if (2 * k + 1 == order) x = 0.0;
    rule[static_cast<std::size_t>(order - 1 - k)] = {
        0.5 * x, 1.0 / ((1.0 - x * x) * derivative * derivative)};
  }
  return rule;
}

std::array<Rule, largest_gauss_order + 1> make_rules() {
  std::array<Rule, largest_gauss_order + 1> rules{};
  for (int order = 1; order <= largest_gauss_order; ++order) {
    rules[static_cast<std::size_t>(order)] = make_rule(order);
  }
  return rules;
}

}  // namespace

std::span<const GaussNode> gauss_legendre(int order) {
  EXPECT(order >= 1 && order <= largest_gauss_order);
  static const auto rules = make_rules();
  return std::span(rules[static_cast<std::size_t>(order)])
      .first(static_cast<std::size_t>(order));
}

}  // namespace lensmill
