#include "lib/io/fits/image_hdu.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/fits/check.hpp"
#include "lib/io/fits/open_file.hpp"

namespace lensmill::io::fits {

ImageHdu::ImageHdu(std::shared_ptr<OpenFile> file, int index)
    : Hdu(std::move(file), index) {
  fitsfile* fits = as_fits(handle());
  int status = 0;
  int type = 0;
  fits_get_hdu_type(fits, &type, &status);
  check(status, "fits_get_hdu_type", place());
  if (type != IMAGE_HDU && fits_is_compressed_image(fits, &status) == 0) {
    throw DataError(place() + ": is a table, not an image");
  }
  std::array<LONGLONG, 3> extents{1, 1, 1};  // fastest first
  fits_get_img_dim(fits, &axes_, &status);
  check(status, "fits_get_img_dim", place());
  if (axes_ != 2 && axes_ != 3) {
    throw DataError(
        fmt::format("{}: an image [y, x] or cube [plane, y, x] is needed, this HDU has "
                    "{} axes",
                    place(), axes_));
  }
  fits_get_img_sizell(fits, axes_, extents.data(), &status);
  check(status, "fits_get_img_size", place());
  for (const LONGLONG extent : extents) {
    if (extent < 1 || extent > std::numeric_limits<int>::max()) {
      throw DataError(fmt::format("{}: an axis of length {}", place(), extent));
    }
  }
  // As Hdu's check, which a product of axes beyond 64 bits gets past. What is
  // compressed may be larger than its file.
  int bits = 0;
  fits_get_img_type(fits, &bits, &status);
  check(status, "fits_get_img_type", place());
  const double bytes = std::abs(bits) / 8.0 * static_cast<double>(extents[0]) *
                       static_cast<double>(extents[1]) *
                       static_cast<double>(extents[2]);
  const auto file_bytes = static_cast<double>(fits->Fptr->filesize);
  if (type == IMAGE_HDU && fits_is_compressed_image(fits, &status) == 0 &&
      bytes > file_bytes) {
    throw DataError(fmt::format(
        "{}: truncated file ({} x {} x {} pixels in a file of {:.0f} bytes)", place(),
        extents[2], extents[1], extents[0], file_bytes));
  }
  nx_ = static_cast<int>(extents[0]);
  ny_ = static_cast<int>(extents[1]);
  planes_ = static_cast<int>(extents[2]);
}

void ImageHdu::check_block(int plane, int y, int x, int ny, int nx) const {
  if (plane < 0 || plane >= planes_ || y < 0 || x < 0 || ny > ny_ - y || nx > nx_ - x) {
    throw DataError(fmt::format(
        "{}: rows {}-{}, columns {}-{} of plane {} asked for, but its shape "
        "is [{}, {}, {}]",
        place(), y, y + ny - 1, x, x + nx - 1, plane, planes_, ny_, nx_));
  }
}

template <class T>
void ImageHdu::read_block(ImageView<T> out, int type, int plane, int y, int x) const {
  check_block(plane, y, x, out.ny(), out.nx());
  if (out.size() == 0) return;
  std::array<long, 3> first{x + 1, y + 1, plane + 1};
  std::array<long, 3> last{x + out.nx(), y + out.ny(), plane + 1};
  std::array<long, 3> stride{1, 1, 1};
  T undefined = std::numeric_limits<T>::quiet_NaN();
  int any_undefined = 0;
  int status = 0;
  fits_read_subset(as_fits(handle()), type, first.data(), last.data(), stride.data(),
                   &undefined, out.data(), &any_undefined, &status);
  check(status, "fits_read_subset", place());
}

std::vector<std::uint64_t> ImageHdu::read_integers(int plane, int y, int x, int ny,
                                                   int nx) const {
  check_block(plane, y, x, ny, nx);
  int type = 0;
  int status = 0;
  fits_get_img_type(as_fits(handle()), &type, &status);
  check(status, "fits_get_img_type", place());
  constexpr double half = 9223372036854775808.0;  // 2^63
  const double zero = find_double("BZERO").value_or(0.0);
  const bool is_unsigned = zero == half;
  if (type != LONGLONG_IMG || find_double("BSCALE").value_or(1.0) != 1.0 ||
      (zero != 0.0 && !is_unsigned)) {
    return {};
  }
  std::vector<std::uint64_t> values(static_cast<std::size_t>(ny) *
                                    static_cast<std::size_t>(nx));
  if (values.empty()) return values;
  std::array<long, 3> first{x + 1, y + 1, plane + 1};
  std::array<long, 3> last{x + nx, y + ny, plane + 1};
  std::array<long, 3> stride{1, 1, 1};
  int any_undefined = 0;
  // As they are stored: CFITSIO's conversion of unsigned ones overflows at 2^63.
  fitsfile* fits = as_fits(handle());
  fits_set_bscale(fits, 1.0, 0.0, &status);
  fits_read_subset(fits, TLONGLONG, first.data(), last.data(), stride.data(), nullptr,
                   values.data(), &any_undefined, &status);
  int restored = 0;
  fits_set_bscale(fits, 1.0, zero, &restored);
  check(status, "fits_read_subset", place());
  check(restored, "fits_set_bscale", place());
  if (is_unsigned) {
    for (auto& value : values) value ^= std::uint64_t{1} << 63U;
  }
  return values;
}

void ImageHdu::read_into(ImageView<float> out, int plane, int y, int x) const {
  read_block(out, TFLOAT, plane, y, x);
}

void ImageHdu::read_into(ImageView<double> out, int plane, int y, int x) const {
  read_block(out, TDOUBLE, plane, y, x);
}

}  // namespace lensmill::io::fits
