#include "lib/core/random_bulk.hpp"

#include <cstring>

#include "lib/core/contracts.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/core/random_bulk.cpp"
#include <hwy/foreach_target.h>
// After foreach_target: per-target code.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lensmill::random_bulk::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Salmon et al. (2011), Philox4x32: multipliers and Weyl increments.
constexpr std::uint32_t multiplier_0 = 0xD2511F53;
constexpr std::uint32_t multiplier_1 = 0xCD9E8D57;
constexpr std::uint32_t weyl_0 = 0x9E3779B9;
constexpr std::uint32_t weyl_1 = 0xBB67AE85;

// Four words of one block per 64-bit lane. Only the low 32 bits of a lane count, so
// products and exclusive-ors may leave rubbish above them.
template <class V>
struct Block {
  V word0, word1, word2, word3;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V product(D d, V a, V b) {
  if constexpr (HWY_TARGET == HWY_SCALAR) {  // one lane: no even half of it
    return hn::Set(d, (hn::GetLane(a) & 0xFFFFFFFFu) * hn::GetLane(b));
  } else {
    const hn::Repartition<std::uint32_t, D> d32;
    return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, b));
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE Block<V> philox_round(D d, const Block<V>& in, V key0, V key1) {
  const auto p0 = product(d, in.word0, hn::Set(d, multiplier_0));
  const auto p1 = product(d, in.word2, hn::Set(d, multiplier_1));
  return {hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), in.word1), key0), p1,
          hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), in.word3), key1), p0};
}

// Into stream order: the words of a block side by side.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_words(D d, const Block<V>& block, std::uint64_t* out) {
  const auto low_half = hn::Set(d, 0xFFFFFFFFu);
  hn::StoreInterleaved2(
      hn::Or(hn::And(block.word0, low_half), hn::ShiftLeft<32>(block.word1)),
      hn::Or(hn::And(block.word2, low_half), hn::ShiftLeft<32>(block.word3)), d, out);
}

void philox_words(const PhiloxIdentity& id, std::uint32_t first_block,
                  std::uint32_t* HWY_RESTRICT out, std::size_t blocks) {
  const hn::ScalableTag<std::uint64_t> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  // Two vectors of blocks at once hide the multiplier's latency.
  HWY_ALIGN std::uint64_t buffer[4 * HWY_MAX_BYTES / sizeof(std::uint64_t)];
  for (std::size_t i = 0; i < blocks; i += 2 * lanes) {
    Block<V> a{hn::Set(d, id.counter[0]), hn::Set(d, id.counter[1]),
               hn::Set(d, id.counter[2]), hn::Iota(d, std::uint64_t{first_block} + i)};
    Block<V> b = a;
    b.word3 = hn::Add(a.word3, hn::Set(d, lanes));
    std::uint32_t key0 = id.key[0];
    std::uint32_t key1 = id.key[1];
    for (int round = 0; round < 10; ++round) {
      const auto k0 = hn::Set(d, key0);
      const auto k1 = hn::Set(d, key1);
      a = philox_round(d, a, k0, k1);
      b = philox_round(d, b, k0, k1);
      key0 += weyl_0;
      key1 += weyl_1;
    }
    const bool whole = i + 2 * lanes <= blocks;
    auto* target = whole ? reinterpret_cast<std::uint64_t*>(out + 4 * i) : buffer;
    store_words(d, a, target);
    store_words(d, b, target + 2 * lanes);
    if (!whole) std::memcpy(out + 4 * i, buffer, 16 * (blocks - i));
  }
}

// `pairs` is padded by the caller to whole vectors.
void normal_from_words(const std::uint32_t* HWY_RESTRICT words, float* HWY_RESTRICT out,
                       std::size_t pairs) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::RebindToSigned<decltype(d)> di;
  const auto to_unit = hn::Set(d, 0x1p-31f);
  const auto half = hn::Set(d, 0.5f);
  const auto to_angle = hn::Set(d, 1.46291807926715968e-9f);  // pi / 2^31
  const auto minus_two = hn::Set(d, -2.0f);
  for (std::size_t i = 0; i < pairs; i += hn::Lanes(d)) {
    hn::Vec<decltype(du)> a, b;
    hn::LoadInterleaved2(du, words + 2 * i, a, b);
    const auto integer = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(a)));
    const auto u = hn::Mul(hn::Add(integer, half), to_unit);
    const auto radius = hn::Sqrt(hn::Mul(minus_two, hn::Log(d, u)));
    const auto angle = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, b)), to_angle);
    hn::StoreInterleaved2(hn::Mul(radius, hn::Cos(d, angle)),
                          hn::Mul(radius, hn::Sin(d, angle)), d, out + 2 * i);
  }
}

template <class D, class V>
HWY_INLINE V horner(D d, V x, double a, double b, double c, double e) {
  return hn::MulAdd(
      hn::MulAdd(hn::MulAdd(hn::Set(d, a), x, hn::Set(d, b)), x, hn::Set(d, c)), x,
      hn::Set(d, e));
}

// Inverse normal CDF to 1.2e-7 relative, Wichura (1988), AS 241, PPND7.
template <class D, class V>
HWY_INLINE V inverse_normal(D d, V u) {
  const auto one = hn::Set(d, 1.0);
  const auto q = hn::Sub(u, hn::Set(d, 0.5));
  const auto r = hn::NegMulAdd(q, q, hn::Set(d, 0.180625));
  const auto centre = hn::Div(
      hn::Mul(q, horner(d, r, 59.109374720, 159.29113202, 50.434271938, 3.3871327179)),
      horner(d, r, 67.187563600, 78.757757664, 17.895169469, 1.0));
  const auto outside = hn::Gt(hn::Abs(q), hn::Set(d, 0.425));
  if (hn::AllFalse(d, outside)) return centre;
  const auto t = hn::Sqrt(hn::Neg(hn::Log(d, hn::Min(u, hn::Sub(one, u)))));
  const auto r1 = hn::Sub(t, hn::Set(d, 1.6));
  const auto near =
      hn::Div(horner(d, r1, 0.17023821103, 1.3067284816, 2.7568153900, 1.4234372777),
              horner(d, r1, 0.0, 0.12021132975, 0.73700164250, 1.0));
  const auto r2 = hn::Sub(t, hn::Set(d, 5.0));
  const auto far =
      hn::Div(horner(d, r2, 0.017337203997, 0.42868294337, 3.0812263860, 6.6579051150),
              horner(d, r2, 0.0, 0.012258202635, 0.24197894225, 1.0));
  const auto tail = hn::IfThenElse(hn::Gt(t, hn::Set(d, 5.0)), far, near);
  return hn::IfThenElse(outside, hn::CopySign(tail, q), centre);
}

template <class D, class V>
HWY_INLINE V poisson_expansion(D d, V u, V mean) {
  const auto w = inverse_normal(d, u);
  const auto w2 = hn::Mul(w, w);
  const auto root = hn::Sqrt(mean);
  const auto inverse_root = hn::Div(hn::Set(d, 1.0), root);
  // 1/3 + w^2/6,  -(w/36 + w^3/72),  -8/405 + 7 w^2/810 + w^4/270
  const auto order_0 = hn::MulAdd(w2, hn::Set(d, 1.0 / 6.0), hn::Set(d, 1.0 / 3.0));
  const auto order_1 =
      hn::Mul(w, hn::MulAdd(w2, hn::Set(d, -1.0 / 72.0), hn::Set(d, -1.0 / 36.0)));
  const auto order_2 =
      hn::MulAdd(w2, hn::MulAdd(w2, hn::Set(d, 1.0 / 270.0), hn::Set(d, 7.0 / 810.0)),
                 hn::Set(d, -8.0 / 405.0));
  const auto small =
      hn::MulAdd(hn::MulAdd(order_2, inverse_root, order_1), inverse_root, order_0);
  const auto q = hn::Add(hn::MulAdd(root, w, mean), small);
  return hn::Max(hn::Floor(q), hn::Zero(d));
}

// P(K > 255) < 1e-130 for a mean below 30; the search ends there at the latest.
constexpr int search_limit = 256;
struct Reciprocals {
  double of[search_limit];
  constexpr Reciprocals() : of{} {
    for (int k = 1; k < search_limit; ++k) of[k] = 1.0 / k;
  }
};
constexpr Reciprocals reciprocals;

// Uniforms (m + 1/2) 2^-52 from pairs of words; the first is the high half, as in
// RandomStream::uniform().
template <class D>
HWY_INLINE hn::Vec<D> uniform_from_words(D d, const std::uint32_t* words) {
  const hn::RebindToUnsigned<D> du;
  const auto exponent = hn::Set(du, std::uint64_t{0x3FF} << 52);
  const auto pair = hn::LoadU(du, reinterpret_cast<const std::uint64_t*>(words));
  const auto bits = hn::Or(hn::ShiftLeft<32>(pair), hn::ShiftRight<32>(pair));
  return hn::Sub(hn::BitCast(d, hn::Or(hn::ShiftRight<12>(bits), exponent)),
                 hn::Set(d, 1.0 - 0x1p-53));
}

// Cumulative search in progress: `count` is the number of k with P(K <= k) <= u so far.
// A mean outside (0, 30) is searched as 0: P(K <= 0) = 1 at once.
template <class D, class V = hn::Vec<D>>
struct Search {
  V u, mean, searched_mean, term, cumulative, count;

  HWY_INLINE Search(D d, const std::uint32_t* words, const double* means)
      : u(uniform_from_words(d, words)), mean(hn::LoadU(d, means)) {
    const auto inside = hn::And(hn::Gt(mean, hn::Zero(d)),
                                hn::Lt(mean, hn::Set(d, poisson_expansion_mean)));
    searched_mean = hn::IfThenElseZero(inside, mean);
    term = hn::Exp(d, hn::Neg(searched_mean));
    cumulative = term;
    count = hn::Zero(d);
  }
  HWY_INLINE auto beyond() const { return hn::Ge(u, cumulative); }
  template <class M>
  HWY_INLINE void step(D d, M beyond, V reciprocal) {
    count = hn::Add(count, hn::IfThenElseZero(beyond, hn::Set(d, 1.0)));
    term = hn::Mul(term, hn::Mul(searched_mean, reciprocal));
    cumulative = hn::Add(cumulative, term);
  }
  HWY_INLINE void store(D d, double* out) const {
    const auto expanded = hn::Ge(mean, hn::Set(d, poisson_expansion_mean));
    if (hn::AllFalse(d, expanded)) {
      hn::StoreU(count, d, out);
    } else {
      hn::StoreU(hn::IfThenElse(expanded, poisson_expansion(d, u, mean), count), d,
                 out);
    }
  }
};

// `count` is padded by the caller to whole vectors.
void poisson_from_words(const std::uint32_t* HWY_RESTRICT words,
                        const double* HWY_RESTRICT mean, double* HWY_RESTRICT out,
                        std::size_t count) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  // Two vectors at once hide the latency of the chain term -> cumulative -> test.
  for (std::size_t i = 0; i < count; i += 2 * lanes) {
    Search<decltype(d)> a(d, words + 2 * i, mean + i);
    Search<decltype(d)> b(d, words + 2 * (i + lanes), mean + i + lanes);
    for (int k = 1; k < search_limit; ++k) {
      const auto a_beyond = a.beyond();
      const auto b_beyond = b.beyond();
      if (hn::AllFalse(d, hn::Or(a_beyond, b_beyond))) break;
      const auto reciprocal = hn::Set(d, reciprocals.of[k]);
      a.step(d, a_beyond, reciprocal);
      b.step(d, b_beyond, reciprocal);
    }
    a.store(d, out + i);
    b.store(d, out + i + lanes);
  }
}

}  // namespace lensmill::random_bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::random_bulk {

HWY_EXPORT(philox_words);
HWY_EXPORT(normal_from_words);
HWY_EXPORT(poisson_from_words);

void philox_words(const PhiloxIdentity& identity, std::uint32_t first_block,
                  std::span<std::uint32_t> words) {
  EXPECT(words.size() % 4 == 0);
  HWY_DYNAMIC_DISPATCH(philox_words)
  (identity, first_block, words.data(), words.size() / 4);
}

void normal_from_words(std::span<const std::uint32_t> words, std::span<float> out) {
  EXPECT(words.size() == out.size());
  EXPECT(words.size() % bulk_elements == 0);
  HWY_DYNAMIC_DISPATCH(normal_from_words)(words.data(), out.data(), out.size() / 2);
}

void poisson_from_words(std::span<const std::uint32_t> words,
                        std::span<const double> mean, std::span<double> out) {
  EXPECT(words.size() == 2 * mean.size() && out.size() == mean.size());
  EXPECT(mean.size() % bulk_elements == 0);
  HWY_DYNAMIC_DISPATCH(poisson_from_words)
  (words.data(), mean.data(), out.data(), mean.size());
}

}  // namespace lensmill::random_bulk
#endif  // HWY_ONCE
