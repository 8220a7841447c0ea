#include "stages/config/read_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace lensmill::config {
namespace {

struct KindName {
  WeightKind kind;
  bool is_mask;
  bool operator==(const KindName&) const = default;
};
constexpr Named<KindName> kinds[] = {{"invvar", {WeightKind::invvar, false}},
                                     {"variance", {WeightKind::variance, false}},
                                     {"rms", {WeightKind::rms, false}},
                                     {"mask", {WeightKind::invvar, true}}};
constexpr Named<bool> masked_values[] = {{"nonzero", false}, {"zero", true}};
constexpr int most_bits = 53;  // what a double represents exactly
constexpr std::string_view wild = "*?[";

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isdigit(c) != 0;
  });
}

FileList read_column(const Section& files) {
  FileList list;
  list.column = files.text("column");
  if (files.has("table")) list.table = files.existing_file("table");
  return list;
}

}  // namespace

StatedKind read_weight_kind(const Section& weight) {
  const auto stated = weight.choice<KindName>("kind", kinds);
  return {.kind = stated.kind, .is_mask = stated.is_mask};
}

PixelMask read_mask(const Section& mask) {
  PixelMask out;
  out.key = mask.path();
  out.bits = mask.texts("bits", std::vector<std::string>{});
  for (const auto& bit : out.bits) {
    if (bit.starts_with("0x") || bit.starts_with("0X")) {
      mask.problem("bits", fmt::format("a bit is named by its number, not by its value "
                                       "(got {}; the value of bit n is 2^n)",
                                       bit));
    }
    if (is_number(bit) && (bit.size() > 2 || std::stoi(bit) >= most_bits)) {
      mask.problem("bits", fmt::format("a bit's number is from 0 to {} (got {}; the "
                                       "value of bit n is 2^n)",
                                       most_bits - 1, bit));
    }
  }
  out.zero_masks = mask.choice<bool>("masked", masked_values, false);
  if (out.zero_masks && !out.bits.empty()) {
    mask.problem("masked", "`zero` is for images without bits, `bits` for those with");
  }
  return out;
}

FileList read_file_list(const Section& section, std::string_view key) {
  section.describe(key, "file name with *, list of files, or a map");
  if (section.is_map(key)) return read_column(section.section(key));
  FileList list;
  if (section.is_list(key)) {
    Node recorded;
    recorded.kind = Node::Kind::list;
    for (const auto& file : section.texts(key)) {
      list.files.push_back(section.absolute_path(file));
      recorded.items.push_back(Node::make_string(list.files.back()));
    }
    if (list.files.empty()) section.problem(key, "must name at least one file");
    section.record_node(key, std::move(recorded));
    return list;
  }
  const auto text = section.text(key);
  if (text.empty()) return list;
  const auto path = section.absolute_path(text);
  (text.find_first_of(wild) == std::string::npos ? list.files.emplace_back()
                                                 : list.pattern) = path;
  section.record_text(key, path);
  return list;
}

}  // namespace lensmill::config
