#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/io/fits/writer.hpp"
#include "lib/io/hdf5/file.hpp"

/// \file
/// Input files for tests, and the memory that opening them takes.

namespace lensmill::test_support {

/// A FITS cube [n, ny, nx] of value(plane, y, x); n = 0: an image [ny, nx].
template <class Value>
std::string write_cube(const std::string& path, int n, int ny, int nx, Value value) {
  std::vector<float> pixels;
  for (int plane = 0; plane < std::max(1, n); ++plane) {
    for (int y = 0; y < ny; ++y) {
      for (int x = 0; x < nx; ++x) {
        pixels.push_back(static_cast<float>(value(plane, y, x)));
      }
    }
  }
  io::fits::Writer writer;
  if (n > 0) {
    writer.add_cube("cutouts", pixels, n, ny, nx, {});
  } else {
    writer.add_image("cutout", ImageView<const float>(pixels.data(), ny, nx), {});
  }
  writer.save(path);
  return path;
}

/// Add a dataset of value(flat index), float32, to an HDF5 file.
template <class Value>
void write_dataset(io::hdf5::File& file, const std::string& name,
                   const io::hdf5::Shape& shape, Value value) {
  std::vector<float> values;
  for (std::size_t i = 0; i < io::hdf5::elements(shape); ++i) {
    values.push_back(static_cast<float>(value(i)));
  }
  file.create_dataset(name, ElementType::float32, shape).write_all<float>(values);
}

/// Most memory that this process has held so far, in MiB; 0 under the address
/// sanitizer, which keeps what is freed.
inline double peak_memory_mib() {
#ifdef __SANITIZE_ADDRESS__
  return 0.0;
#else
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
#endif
}

}  // namespace lensmill::test_support
