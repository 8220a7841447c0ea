#include "lib/io/fits/whole_column.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "lib/core/errors.hpp"

namespace lensmill::io::fits {
namespace {

template <class T>
std::optional<T> parsed(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole_number(std::string text, std::int64_t without) {
  if (text.empty()) return without;
  if (const auto whole = parsed<std::int64_t>(text)) return whole;
  // Also written as 1.0, or 1.0D0.
  for (char& c : text) c = c == 'D' || c == 'd' ? 'E' : c;
  const auto real = parsed<double>(text);
  constexpr double largest_exact = 9007199254740992.0;  // 2^53
  if (!real || *real != std::floor(*real) || std::abs(*real) > largest_exact) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*real);
}

}  // namespace

std::optional<WholeScale> whole_scale(const std::string& tscal,
                                      const std::string& tzero) {
  const auto scale = whole_number(tscal, 1);
  const auto zero = whole_number(tzero, 0);
  if (!scale || !zero) return std::nullopt;
  return WholeScale{.scale = *scale, .zero = *zero};
}

void apply_scale(const WholeScale& scale, std::size_t per_row, std::int64_t first,
                 const std::string& place, std::vector<std::int64_t>& values) {
  if (scale.is_identity()) return;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto stored = values[k];
    std::int64_t scaled = 0;
    if (!__builtin_mul_overflow(stored, scale.scale, &scaled) &&
        !__builtin_add_overflow(scaled, scale.zero, &values[k])) {
      continue;
    }
    throw DataError(fmt::format(
        "{}, row {}: {} times TSCAL ({}) plus TZERO ({}) is beyond 64 bits; write the "
        "column without them, or as text",
        place, first + static_cast<std::int64_t>(k / per_row) + 1, stored, scale.scale,
        scale.zero));
  }
}

std::vector<std::int64_t> whole_cells(const std::vector<std::string>& cells,
                                      std::int64_t first, const std::string& place) {
  refuse_blank_cells(cells, first, place);
  std::vector<std::int64_t> values;
  values.reserve(cells.size());
  for (const auto& cell : cells) {
    const auto value = parsed<std::int64_t>(cell);
    if (!value) {
      throw DataError(
          fmt::format("{}, row {}: must be an integer below 2^63 (got `{}`)", place,
                      first + std::ssize(values) + 1, cell));
    }
    values.push_back(*value);
  }
  return values;
}

void refuse_blank_cells(const std::vector<std::string>& cells, std::int64_t first,
                        const std::string& place) {
  for (std::size_t k = 0; k < cells.size(); ++k) {
    if (!cells[k].empty()) continue;
    throw DataError(
        fmt::format("{}, row {}: the cell is blank (0, or a missing number); write the "
                    "number, or a "
                    "text that TNULL declares",
                    place, first + static_cast<std::int64_t>(k) + 1));
  }
}

}  // namespace lensmill::io::fits
