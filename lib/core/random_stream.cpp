#include "lib/core/random_stream.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"
#include "lib/core/random_bulk.hpp"

namespace lensmill {
namespace {

// Numbers made per call of the vectorised engine; the buffers stay in the first cache.
constexpr std::size_t chunk = 512;
static_assert(chunk % random_bulk::bulk_elements == 0);
constexpr double two_to_minus_52 = 1.0 / 4503599627370496.0;
}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::int64_t injection_id, StreamTag tag,
                           std::uint16_t sub_stream)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      counter_{
          static_cast<std::uint32_t>(injection_id),
          static_cast<std::uint32_t>(static_cast<std::uint64_t>(injection_id) >> 32),
          (std::uint32_t{sub_stream} << 16) | static_cast<std::uint32_t>(tag), 0} {}

void RandomStream::refill() {
  const r123::Philox4x32::ctr_type counter{
      {counter_[0], counter_[1], counter_[2], counter_[3]}};
  const r123::Philox4x32::key_type key{{key_[0], key_[1]}};
  const auto block = r123::Philox4x32{}(counter, key);
  for (int i = 0; i < 4; ++i) block_[i] = block[static_cast<std::size_t>(i)];
  ++counter_[3];
  used_ = 0;
}

std::uint32_t RandomStream::bits() {
  if (used_ == 4) refill();
  return block_[used_++];
}

double RandomStream::uniform() {
  const std::uint64_t high = bits();
  const std::uint64_t low = bits();
  // Half a step above zero keeps both ends of the interval out; with 52 bits the sum is
  // exact (with 53 the largest value would round to 1).
  return (static_cast<double>(((high << 32) | low) >> 12) + 0.5) * two_to_minus_52;
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  EXPECT(n >= 1);
  // Reject the top of the range that does not divide evenly.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  while (true) {
    const std::uint64_t high = bits();
    const std::uint64_t value = (high << 32) | bits();
    if (value < limit) return value % n;
  }
}

void RandomStream::bulk_words(std::span<std::uint32_t> words) {
  random_bulk::philox_words(
      {{key_[0], key_[1]}, {counter_[0], counter_[1], counter_[2]}}, counter_[3],
      words);
  counter_[3] += static_cast<std::uint32_t>(words.size() / 4);
  used_ = 4;
}

void RandomStream::fill_bits(std::span<std::uint32_t> out) {
  const std::size_t whole = out.size() / 4 * 4;
  bulk_words(out.first(whole));
  if (whole == out.size()) return;
  std::array<std::uint32_t, 4> last{};
  bulk_words(last);
  std::ranges::copy(std::span(last).first(out.size() - whole),
                    out.subspan(whole).begin());
}

void RandomStream::fill_normal(std::span<float> out) {
  alignas(64) std::array<std::uint32_t, chunk> words;
  alignas(64) std::array<float, chunk> normals;
  while (!out.empty()) {
    bulk_words(words);
    random_bulk::normal_from_words(words, normals);
    const std::size_t taken = std::min(out.size(), chunk);
    std::copy_n(normals.begin(), taken, out.begin());
    out = out.subspan(taken);
  }
}

void RandomStream::fill_poisson(std::span<const double> mean, std::span<double> out) {
  EXPECT(mean.size() == out.size());
  alignas(64) std::array<std::uint32_t, 2 * chunk> words;
  alignas(64) std::array<double, chunk> means{};
  alignas(64) std::array<double, chunk> deviates;
  for (std::size_t begin = 0; begin < out.size(); begin += chunk) {
    const std::size_t taken = std::min(out.size() - begin, chunk);
    std::ranges::copy(mean.subspan(begin, taken), means.begin());
    std::ranges::fill(std::span(means).subspan(taken), 0.0);
    bulk_words(words);
    random_bulk::poisson_from_words(words, means, deviates);
    std::copy_n(deviates.begin(), taken, out.subspan(begin).begin());
  }
}

}  // namespace lensmill
