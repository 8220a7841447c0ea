#include "lib/io/hdf5/dataset.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/strings.hpp"

namespace lensmill::io::hdf5 {
namespace {

std::vector<hsize_t> extents(const Shape& shape) {
  return {shape.begin(), shape.end()};
}

// What HDF5 keeps unpacked, on every rank, to read any part of a packed chunk.
constexpr std::uint64_t largest_chunk_bytes = std::uint64_t{1} << 30U;

/// \throws DataError where a packed chunk is too large, however few bytes of the file
/// it is
void refuse_large_chunks(hid_t dataset, const Shape& shape, std::size_t element_bytes,
                         const Place& place) {
  const Handle properties =
      own(H5Dget_create_plist(dataset), H5Pclose, "H5Dget_create_plist", place);
  if (check(H5Pget_layout(properties.get()), "H5Pget_layout", place) != H5D_CHUNKED ||
      check(H5Pget_nfilters(properties.get()), "H5Pget_nfilters", place) == 0) {
    return;
  }
  std::vector<hsize_t> chunk(shape.size());
  check(H5Pget_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()),
        "H5Pget_chunk", place);
  std::uint64_t bytes = element_bytes;
  for (const hsize_t extent : chunk) bytes *= extent;  // below 4 GiB, says HDF5
  if (bytes <= largest_chunk_bytes) return;
  throw DataError(fmt::format(
      "{}: is packed in chunks of {} MB, and every rank would unpack a whole one to "
      "read any of it; pack it in chunks of at most {} MB, one cutout each, say "
      "(h5repack -l CHUNK=1x1x64x64 in.h5 out.h5; h5py: chunks=True)",
      place.text(), bytes >> 20U, largest_chunk_bytes >> 20U));
}

/// Say of a failed read that the file's compression is unknown to this HDF5, where that
/// is why. \throws DataError
void refuse_unknown_filters(hid_t dataset, const Place& place) {
  const Handle properties =
      own(H5Dget_create_plist(dataset), H5Pclose, "H5Dget_create_plist", place);
  const int filters =
      check(H5Pget_nfilters(properties.get()), "H5Pget_nfilters", place);
  for (int k = 0; k < filters; ++k) {
    unsigned flags = 0;
    std::size_t parameters = 0;
    std::array<char, 64> name{};
    const H5Z_filter_t filter =
        H5Pget_filter2(properties.get(), static_cast<unsigned>(k), &flags, &parameters,
                       nullptr, name.size(), name.data(), nullptr);
    if (filter < 0 || H5Zfilter_avail(filter) > 0) continue;
    throw DataError(fmt::format(
        "{}: is compressed by the filter {} (number {}), which this HDF5 does not "
        "have; "
        "write the file with gzip or without compression (h5repack -f GZIP=4 in.h5 "
        "out.h5, where that knows the filter; h5py: compression='gzip')",
        place.text(), name.front() == '\0' ? "without a name" : name.data(),
        static_cast<int>(filter)));
  }
}

/// Select a block of the file's dataspace and return the matching memory dataspace;
/// an empty block selects nothing in both, which collective transfers need.
Handle select_block(const Handle& file_space, const Shape& start, const Shape& count,
                    const Place& place) {
  const auto file_start = extents(start);
  const auto file_count = extents(count);
  const hsize_t total = elements(count);
  Handle memory =
      own(H5Screate_simple(1, &total, nullptr), H5Sclose, "H5Screate_simple", place);
  if (total == 0) {
    check(H5Sselect_none(file_space.get()), "H5Sselect_none", place);
    check(H5Sselect_none(memory.get()), "H5Sselect_none", place);
  } else if (!count.empty()) {
    check(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, file_start.data(),
                              nullptr, file_count.data(), nullptr),
          "H5Sselect_hyperslab", place);
  }
  return memory;
}

/// The type in memory: of strings, that of the file's own length.
Handle type_in_memory(ElementType type, const TypeInfo& on_disk, const Place& place) {
  if (type == ElementType::text) {
    return string_type(on_disk.bytes, place, on_disk.is_ascii);
  }
  return own(H5Tcopy(memory_type(type)), H5Tclose, "H5Tcopy", place);
}

}  // namespace

Dataset::Dataset(Handle handle, Place place, std::shared_ptr<FileState> state)
    : Object(std::move(handle), std::move(place), std::move(state)) {
  const Handle space = file_space();
  const int rank = check(H5Sget_simple_extent_ndims(space.get()),
                         "H5Sget_simple_extent_ndims", place_);
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr),
        "H5Sget_simple_extent_dims", place_);
  shape_.assign(dims.begin(), dims.end());
  type_ = describe(own(H5Dget_type(id()), H5Tclose, "H5Dget_type", place_), place_);
  refuse_large_chunks(id(), shape_, type_.bytes, place_);
}

Handle Dataset::file_space() const {
  return own(H5Dget_space(id()), H5Sclose, "H5Dget_space", place_);
}

void Dataset::write_rows_raw(std::size_t first, std::size_t rows, ElementType type,
                             const void* values, Transfer& transfer) {
  EXPECT(rows == 0 || first + rows <= this->rows());
  EXPECT(transfer.mode() == TransferMode::independent || driver() == Driver::mpi);
  Shape start(shape_.size(), 0);
  Shape count(shape_);
  if (!count.empty()) {
    start.front() = first;
    count.front() = rows;
  }
  const Handle space = file_space();
  const Handle memory = select_block(space, start, count, place_);
  // Some MPI-IO layers reject a null buffer even for no elements.
  const char nothing = 0;
  const Handle in_memory = type_in_memory(type, type_, place_);
  const herr_t result = H5Dwrite(id(), in_memory.get(), memory.get(), space.get(),
                                 transfer.id(), values == nullptr ? &nothing : values);
  if (result < 0) {
    state_->failed = true;
    throw_failure("H5Dwrite", place_);
  }
}

void Dataset::write_strings(std::span<const std::string> values) {
  EXPECT(values.size() == elements(shape_));
  EXPECT(type_.content == Content::string && !type_.variable_length);
  if (values.empty()) return;
  std::vector<char> text(values.size() * type_.bytes, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT(values[i].size() <= type_.bytes);
    std::memcpy(text.data() + i * type_.bytes, values[i].data(), values[i].size());
  }
  const Handle memory = string_type(type_.bytes, place_);
  check(H5Dwrite(id(), memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()),
        "H5Dwrite", place_);
}

std::size_t Dataset::checked_block(const Shape& start, const Shape& count,
                                   ElementType wanted) const {
  if (!converts_to(type_, wanted)) {
    throw DataError(fmt::format("{}: contains {}, which cannot be read as {}",
                                place_.text(), type_.text(),
                                lensmill::to_string(wanted)));
  }
  EXPECT(start.size() == shape_.size() && count.size() == shape_.size());
  for (std::size_t axis = 0; axis < shape_.size(); ++axis) {
    if (start[axis] > shape_[axis] || count[axis] > shape_[axis] - start[axis]) {
      throw DataError(fmt::format(
          "{}: rows {} to {} of axis {} asked for, but its shape is {}", place_.text(),
          start[axis], start[axis] + count[axis], axis, to_string(shape_)));
    }
  }
  return elements(count);
}

void Dataset::read_block_raw(const Shape& start, const Shape& count, ElementType type,
                             void* out) const {
  if (checked_block(start, count, type) == 0) return;
  const Handle space = file_space();
  const Handle memory = select_block(space, start, count, place_);
  const Handle in_memory = type_in_memory(type, type_, place_);
  if (H5Dread(id(), in_memory.get(), memory.get(), space.get(), H5P_DEFAULT, out) < 0) {
    const std::string reason = error_reason();
    refuse_unknown_filters(id(), place_);
    throw IoError(fmt::format("{}: H5Dread failed ({})", place_.text(), reason));
  }
}

std::vector<std::string> Dataset::read_strings() const {
  if (type_.content != Content::string) {
    throw DataError(
        fmt::format("{}: contains {}, not strings", place_.text(), type_.text()));
  }
  return hdf5::read_strings(
      type_, elements(shape_), place_, [&](hid_t type, void* buffer) {
        check(H5Dread(id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer), "H5Dread",
              place_);
      });
}

std::vector<std::string> Dataset::read_strings(std::size_t first,
                                               std::size_t rows) const {
  if (type_.content != Content::string || shape_.size() != 1) {
    throw DataError(fmt::format("{}: contains {} values of {}, not one string per row",
                                place_.text(), to_string(shape_), type_.text()));
  }
  if (first > shape_[0] || rows > shape_[0] - first) {
    throw DataError(fmt::format("{}: rows {} to {} asked for of {}", place_.text(),
                                first, first + rows, shape_[0]));
  }
  const Handle space = file_space();
  const Handle memory = select_block(space, {first}, {rows}, place_);
  return hdf5::read_strings(type_, rows, place_, [&](hid_t type, void* buffer) {
    check(H5Dread(id(), type, memory.get(), space.get(), H5P_DEFAULT, buffer),
          "H5Dread", place_);
  });
}

bool Dataset::is_written() const {
  if (elements(shape_) == 0) return true;
  const Handle properties =
      own(H5Dget_create_plist(id()), H5Pclose, "H5Dget_create_plist", place_);
  const auto layout = check(H5Pget_layout(properties.get()), "H5Pget_layout", place_);
  if (layout == H5D_VIRTUAL) return true;
  if (layout == H5D_CHUNKED) {
    // The count of bytes decides nothing: chunks are packed, or reach beyond the edge.
    std::vector<hsize_t> chunk(shape_.size());
    check(H5Pget_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()),
          "H5Pget_chunk", place_);
    hsize_t wanted = 1;
    for (std::size_t axis = 0; axis < shape_.size(); ++axis) {
      wanted *= (shape_[axis] - 1) / chunk[axis] + 1;
    }
    hsize_t written = 0;
    const Handle space = file_space();
    check(H5Dget_num_chunks(id(), space.get(), &written), "H5Dget_num_chunks", place_);
    return written >= wanted;
  }
  H5D_space_status_t status{};
  check(H5Dget_space_status(id(), &status), "H5Dget_space_status", place_);
  return status == H5D_SPACE_STATUS_ALLOCATED;
}

Extent Dataset::extent() const {
  const std::uint64_t bytes = H5Dget_storage_size(id());
  if (bytes == 0) return {};
  const haddr_t offset = H5Dget_offset(id());
  if (offset == HADDR_UNDEF) throw_failure("H5Dget_offset", place_);
  return {.offset = offset, .bytes = bytes};
}

bool Dataset::is_virtual() const {
  const Handle properties =
      own(H5Dget_create_plist(id()), H5Pclose, "H5Dget_create_plist", place_);
  return check(H5Pget_layout(properties.get()), "H5Pget_layout", place_) == H5D_VIRTUAL;
}

}  // namespace lensmill::io::hdf5
