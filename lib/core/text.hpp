#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// \file
/// Numbers and text as people read them.

namespace lensmill {

/// "3 h 12 min", "2 min 5 s", "14 s"
std::string duration_text(double seconds);
/// "12,345,678"
std::string grouped(std::int64_t number);
/// "1.2 GB" (powers of 1000)
std::string bytes_text(double bytes);

/// The shortest text that reads back as this number; empty where there is none (NaN,
/// infinity): a field of a CSV file.
std::string csv_number(double value);

/// ASCII letters as small ones.
std::string lower_case(std::string_view text);

/// The text with its control characters (but line ends and tabs) written as \\x1b: what
/// a file says must not move a terminal's cursor or colour its lines.
std::string printable(std::string_view text);

}  // namespace lensmill
