#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace lensmill {

/// A Gauss-Legendre rule of N points on [-1, 1], known when the program is compiled:
/// for cells and panels whose order never changes.
template <std::size_t N>
struct FixedGaussRule {
  std::array<double, N> node;  ///< ascending
  std::array<double, N> weight;
};
inline constexpr FixedGaussRule<3> gauss_3{
    {-0.77459666924148337704, 0.0, 0.77459666924148337704},
    {5.0 / 9.0, 8.0 / 9.0, 5.0 / 9.0}};
inline constexpr FixedGaussRule<5> gauss_5{
    {-0.90617984593866399280, -0.53846931010568309104, 0.0, 0.53846931010568309104,
     0.90617984593866399280},
    {0.23692688505618908751, 0.47862867049936646804, 0.56888888888888888889,
     0.47862867049936646804, 0.23692688505618908751}};

/// A node of a Gauss-Legendre rule on [-1/2, 1/2]; the weights sum to 1.
struct GaussNode {
  double offset;
  double weight;
};

inline constexpr int largest_gauss_order = 12;

/// The rule with `order` nodes, 1 .. largest_gauss_order; exact up to degree
/// 2 order - 1. Computed once by Newton iteration on the Legendre polynomial.
std::span<const GaussNode> gauss_legendre(int order);

}  // namespace lensmill
