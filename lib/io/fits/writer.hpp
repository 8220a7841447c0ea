#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/core/image.hpp"

namespace lensmill::io::fits {

/// A header card. Keywords longer than 8 characters become HIERARCH cards. Non-finite
/// numbers, which FITS headers cannot hold, are written as the strings 'NaN', 'Inf'.
struct Card {
  std::string keyword;
  std::variant<double, std::int64_t, std::string> value;
  std::string comment;
};

/// Images and tables collected in memory and written as one FITS file, whole or not at
/// all.
class Writer {
 public:
  Writer();
  /// Append an image [y, x] as an HDU (the first is the primary) with EXTNAME `name`.
  /// \throws IoError
  void add_image(const std::string& name, ImageView<const float> image,
                 std::span<const Card> cards);
  /// A cube [plane, y, x], row-major.
  void add_cube(const std::string& name, std::span<const float> pixels, int planes,
                int ny, int nx, std::span<const Card> cards);
  /// A binary table with EXTNAME `name`, units as TUNIT, descriptions as comments of
  /// TTYPE. \pre at least one column, all of one length. \throws IoError
  void add_table(const std::string& name, const Table& table,
                 std::span<const Card> cards);
  /// Write the file, replacing what is there (via a partial file). The writer is empty
  /// after that. \throws IoError
  void save(const std::string& path);

 private:
  struct MemoryFile;
  struct Deleter {
    void operator()(MemoryFile* file) const noexcept;
  };
  void add(const std::string& name, std::span<const float> pixels,
           std::vector<std::int64_t> axes, std::span<const Card> cards);

  std::unique_ptr<MemoryFile, Deleter> file_;
};

}  // namespace lensmill::io::fits
