#pragma once

#include <cstdint>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/io/fits/hdu.hpp"

namespace lensmill::io::fits {

/// An HDU with pixels: an image [y, x] or a cube [plane, y, x], compressed or not.
/// Pixels come with BSCALE and BZERO applied; undefined ones (BLANK) are NaN.
class ImageHdu : public Hdu {
 public:
  /// \throws DataError if the HDU has no image of 2 or 3 axes
  ImageHdu(std::shared_ptr<OpenFile> file, int index);

  int planes() const { return planes_; }  ///< 1 for a 2-D image
  int ny() const { return ny_; }
  int nx() const { return nx_; }
  /// 2 or 3.
  int axes() const { return axes_; }

  /// One plane; only its pixels are read. T: float or double.
  /// \throws DataError for a plane that is not there, IoError
  template <class T>
  Image<T> read_plane(int plane) const {
    return read_cutout<T>(plane, 0, 0, ny_, nx_);
  }
  /// The same into an image that is used again and again; it gets the plane's shape.
  template <class T>
  void read_plane(int plane, Image<T>& image) const {
    image.assign(ny_, nx_);
    read_into(image.view(), plane, 0, 0);
  }
  /// Rows [y, y + ny), columns [x, x + nx) of a plane. \throws as read_plane
  template <class T>
  Image<T> read_cutout(int plane, int y, int x, int ny, int nx) const {
    Image<T> image(ny, nx);
    read_into(image.view(), plane, y, x);
    return image;
  }
  /// Pixels of images of 64-bit integers as such (two's complement); {} for images of
  /// other types, whose pixels are doubles exactly. \throws as read_plane
  std::vector<std::uint64_t> read_integers(int plane, int y, int x, int ny,
                                           int nx) const;
  /// As many rows and columns as the image has, from (y, x). \throws as read_plane
  void read_cutout_into(ImageView<float> out, int plane, int y, int x) const {
    read_into(out, plane, y, x);
  }

 private:
  void read_into(ImageView<float> out, int plane, int y, int x) const;
  void read_into(ImageView<double> out, int plane, int y, int x) const;
  void check_block(int plane, int y, int x, int ny, int nx) const;
  template <class T>
  void read_block(ImageView<T> out, int type, int plane, int y, int x) const;

  int axes_ = 0;
  int planes_ = 1;
  int ny_ = 0;
  int nx_ = 0;
};

}  // namespace lensmill::io::fits
