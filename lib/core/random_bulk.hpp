#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// \file
/// Bulk random numbers, vectorised with run-time dispatch: the engine below
/// RandomStream's fill_ functions. Every element depends on its own words only, so
/// results do not depend on the vector width; log, exp and sin differ in the last bits
/// between instruction levels with and without fused multiply-add.

namespace lensmill::random_bulk {

/// Identity of a Philox4x32-10 stream: key and the first three counter words.
struct PhiloxIdentity {
  std::uint32_t key[2];
  std::uint32_t counter[3];
};

/// The normal and Poisson functions take whole multiples of this many elements (of
/// words, for normals), so that every vector is full: callers pad their last block.
inline constexpr std::size_t bulk_elements = 64;

/// Words of consecutive blocks (fourth counter word first_block, first_block + 1, ...),
/// in stream order: the same numbers as drawn one by one.
/// \param words size a multiple of 4
void philox_words(const PhiloxIdentity& identity, std::uint32_t first_block,
                  std::span<std::uint32_t> words);

/// Standard normal deviates by Box & Muller (1958): words 2i and 2i+1 give elements 2i
/// (cosine) and 2i+1 (sine). 31-bit radius: |z| <= 6.66.
/// \param words size of `out`, a multiple of bulk_elements
void normal_from_words(std::span<const std::uint32_t> words, std::span<float> out);

/// Mean from which on the expansion replaces the exact inversion.
inline constexpr double poisson_expansion_mean = 30.0;

/// Poisson deviates from one 52-bit uniform u each (words 2i and 2i+1 for element i),
/// monotone in u and so in the mean: 0 for a mean <= 0 or NaN; below
/// poisson_expansion_mean exact inversion of the distribution by cumulative search;
/// from there on floor(Q(w)), w = inverse normal CDF of u (Wichura 1988, AS 241,
/// PPND7), Q the Cornish-Fisher expansion to order 1/mean (Giles 2016, ACM TOMS 42, 7:
/// Q_N with the terms below): total variation distance to the exact distribution
/// 1.4e-5 at 30, 1.2e-6 at 100, 1.2e-8 at 1000.
/// \param mean size a multiple of bulk_elements
/// \param words twice the size of `mean`
void poisson_from_words(std::span<const std::uint32_t> words,
                        std::span<const double> mean, std::span<double> out);

}  // namespace lensmill::random_bulk
