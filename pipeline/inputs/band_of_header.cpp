#include "pipeline/inputs/band_of_header.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace lensmill::pipeline {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      words.back() += static_cast<char>(std::tolower(byte));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

/// The filter that a word (in small letters) names; "" if it is none that is known.
std::string known_filter(const std::string& word) {
  constexpr std::string_view letters = "ugrizyjhk";
  const bool letter = letters.find(word.front()) != std::string_view::npos;
  if (letter && (word.size() == 1 || (word.size() == 2 && is_digit(word[1])))) {
    return word.substr(0, 1);
  }
  if (word == "ks") return "k";
  // f814w, f1500w, f160w: digits between an f and letters.
  const auto digits = std::count_if(word.begin(), word.end(), is_digit);
  if (word.front() == 'f' && word.size() >= 5 && digits >= 3 && is_digit(word[1]) &&
      !is_digit(word.back())) {
    return word;
  }
  return "";
}

/// Each once.
std::vector<std::string> known_filters(const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (const auto& word : words) {
    auto filter = known_filter(word);
    if (filter.empty() || std::ranges::find(known, filter) != known.end()) continue;
    known.push_back(std::move(filter));
  }
  return known;
}

bool share_one(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(
      a, [&](const auto& word) { return std::ranges::find(b, word) != b.end(); });
}

}  // namespace

std::vector<StatedBand> stated_bands(const io::fits::Hdu& hdu) {
  std::vector<StatedBand> stated;
  for (const char* card : {"BAND", "FILTER", "FILTNAM"}) {
    const auto value = hdu.find_string(card);
    if (value && !words_of(*value).empty()) stated.push_back({card, *value});
  }
  return stated;
}

BandMatch compare_bands(const std::string& stated, const std::string& band) {
  const auto theirs = words_of(stated);
  const auto ours = words_of(band);
  const auto their_filters = known_filters(theirs);
  const auto our_filters = known_filters(ours);
  if (share_one(their_filters, our_filters)) return BandMatch::same;
  const bool one_each = their_filters.size() == 1 && our_filters.size() == 1;
  const auto is_letter = [](const std::string& filter) { return filter.size() == 1; };
  if (one_each && is_letter(their_filters[0]) == is_letter(our_filters[0])) {
    return BandMatch::other;
  }
  return share_one(theirs, ours) ? BandMatch::same : BandMatch::unknown;
}

}  // namespace lensmill::pipeline
