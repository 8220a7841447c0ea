#pragma once

#include <string>
#include <vector>

#include "lib/config/reader.hpp"
#include "stages/config/host_files.hpp"

/// \file
/// The sections `weight` and `masks` of real hosts. A weight of `kind: mask` is a mask,
/// and gives no inverse variance.

namespace lensmill::config {

/// What `weight.kind` says.
struct StatedKind {
  WeightKind kind = WeightKind::invvar;
  bool is_mask = false;
};
StatedKind read_weight_kind(const Section& weight);

/// `bits` and `masked` of a mask, and how messages name it; not where it is.
PixelMask read_mask(const Section& mask);

/// Files named by a pattern, a list, or `{column: NAME, table: FILE}`.
FileList read_file_list(const Section& section, std::string_view key);

}  // namespace lensmill::config
