#include "pipeline/inputs/pixel_masks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using config::WeightKind;

constexpr std::size_t card_length = 80;
constexpr double exact_integers = 9007199254740992.0;  // 2^53
constexpr int most_bits = 53;  // what a double represents exactly

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" '");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" '") - begin + 1);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return upper;
}

/// A whole number, also as 0x10.
std::optional<std::uint64_t> number_of(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(),
                                            value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Card {
  std::string_view keyword;
  std::string_view value;  ///< without quotes and comment
};

Card card_of(std::string_view text) {
  if (text.starts_with("HIERARCH ")) text.remove_prefix(9);
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {};
  const auto rest = text.substr(equals + 1);
  const auto first = rest.find_first_not_of(' ');
  // A quoted value ends at its quote, another one where its comment begins.
  const bool quoted = first != std::string_view::npos && rest[first] == '\'';
  const auto end = quoted ? rest.find('\'', first + 1) : rest.find('/');
  return {trimmed(text.substr(0, equals)), trimmed(rest.substr(0, end))};
}

void add_bit(const std::string& name, std::uint64_t bit, const io::fits::Hdu& hdu,
             std::map<std::string, int>& bits) {
  if (bit >= static_cast<std::uint64_t>(most_bits)) {
    throw DataError(fmt::format("{}: puts `{}` at bit {}, beyond those that are read",
                                hdu.place(), name, bit));
  }
  const auto [at, added] = bits.emplace(name, static_cast<int>(bit));
  if (added || at->second == static_cast<int>(bit)) return;
  throw DataError(fmt::format("{}: its cards put the bit `{}` at both {} and {}",
                              hdu.place(), name, at->second, bit));
}

}  // namespace

void to_invvar(WeightKind kind, double nmgy_per_unit, Image<float>& weight) {
  const double unit_variance = nmgy_per_unit * nmgy_per_unit;
  const double inverse_variance = 1.0 / unit_variance;
  for (float& value : weight.pixels()) {
    if (!(value > 0.0F) || !std::isfinite(value)) {
      value = 0.0F;
      continue;
    }
    double invvar = 0.0;
    switch (kind) {
      case WeightKind::invvar: invvar = inverse_variance * double{value}; break;
      case WeightKind::variance: invvar = inverse_variance / double{value}; break;
      case WeightKind::rms:
        invvar = inverse_variance / (double{value} * double{value});
        break;
    }
    value = static_cast<float>(invvar);
    if (!std::isfinite(value)) value = 0.0F;
  }
}

std::map<std::string, int> named_bits(const io::fits::Hdu& hdu) {
  std::map<std::string, int> bits;
  const std::string header = hdu.header_cards();
  for (std::size_t at = 0; at + card_length <= header.size(); at += card_length) {
    const auto [keyword, value] =
        card_of(std::string_view(header).substr(at, card_length));
    const auto number = number_of(value);
    if (keyword.starts_with("MBIT_")) {
      const auto bit = number_of(keyword.substr(5));
      if (bit && !value.empty()) add_bit(upper_case(value), *bit, hdu, bits);
    } else if (keyword.starts_with("MP_") && number) {
      add_bit(upper_case(keyword.substr(3)), *number, hdu, bits);
    } else if (keyword.starts_with("MB_") && number) {
      if (!std::has_single_bit(*number)) {
        throw DataError(fmt::format("{}: {} = {} is not the value of one bit",
                                    hdu.place(), keyword, value));
      }
      add_bit(upper_case(keyword.substr(3)),
              static_cast<std::uint64_t>(std::countr_zero(*number)), hdu, bits);
    }
  }
  return bits;
}

MaskRule::MaskRule(const config::PixelMask& mask,
                   const std::map<std::string, int>& names, const std::string& place)
    : zero_masks_(mask.zero_masks) {
  for (const auto& bit : mask.bits) {
    // read_mask has refused all other numbers.
    const bool is_number =
        std::ranges::all_of(bit, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (const auto number = number_of(bit); number && is_number) {
      EXPECT(*number < static_cast<std::uint64_t>(most_bits));
      bits_ |= std::uint64_t{1} << *number;
      continue;
    }
    const auto at = names.find(upper_case(bit));
    if (at == names.end()) {
      std::vector<std::string> known;
      for (const auto& [name, number] : names) known.push_back(name);
      throw DataError(fmt::format(
          "{}: {}.bits: its header names no bit `{}` ({}); give the bit's number",
          place, mask.key, bit,
          known.empty() ? std::string("no cards MB_<NAME>, MBIT_<n> or MP_<NAME>")
                        : fmt::format("it names {}", fmt::join(known, ", "))));
    }
    bits_ |= std::uint64_t{1} << static_cast<unsigned>(at->second);
  }
}

bool MaskRule::masks(double value) const {
  if (!std::isfinite(value)) return true;
  if (zero_masks_) return value == 0.0;
  if (bits_ == 0) return value != 0.0;
  if (std::abs(value) >= exact_integers || value != std::floor(value)) return true;
  // Bit 31 of a signed image makes it negative.
  return (static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) & bits_) != 0;
}

void MaskRule::apply(const Image<double>& values,
                     const std::function<std::vector<std::uint64_t>()>& integers,
                     Image<float>& mask) const {
  const bool is_rounded =
      bits_ != 0 && std::ranges::any_of(values.pixels(), [](double value) {
        return std::isfinite(value) && std::abs(value) >= exact_integers;
      });
  const auto bits = is_rounded ? integers() : std::vector<std::uint64_t>();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double value = values.pixels()[k];
    const bool masked =
        bits.empty() || !std::isfinite(value) ? masks(value) : (bits[k] & bits_) != 0;
    if (masked) mask.pixels()[k] = 1.0F;
  }
}

void mask_useless(const Image<float>& nmgy, const Image<float>* invvar,
                  Image<float>& mask) {
  mask.assign(nmgy.ny(), nmgy.nx());
  for (std::size_t k = 0; k < nmgy.size(); ++k) {
    const bool usable = std::isfinite(nmgy.pixels()[k]) &&
                        (invvar == nullptr || invvar->pixels()[k] > 0.0F);
    mask.pixels()[k] = usable ? 0.0F : 1.0F;
  }
}

}  // namespace lensmill::pipeline
