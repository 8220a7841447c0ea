#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lensmill::io {

/// Write an 8-bit RGB image. `rgb` is [y, x, 3] with row 0 at the *bottom*, as all
/// images here; the file has the top row first. \throws IoError
void write_png(const std::string& path, std::span<const std::uint8_t> rgb, int ny,
               int nx);

}  // namespace lensmill::io
