#pragma once

#include <span>

namespace lensmill::psf {

/// A node of a Gauss-Legendre rule on [-1/2, 1/2]; the weights sum to 1.
struct GaussNode {
  double offset;
  double weight;
};

inline constexpr int largest_gauss_order = 12;

/// The rule with `order` nodes, 1 .. largest_gauss_order; exact up to degree
/// 2 order - 1. Computed once by Newton iteration on the Legendre polynomial.
std::span<const GaussNode> gauss_legendre(int order);

}  // namespace lensmill::psf
