#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// The seal of an HDF5 file of ours: a text in its user block (the bytes before HDF5's
/// own, which HDF5 skips) with a SHA-256 over every byte of the file but those of the
/// large arrays, so that damage to the file's structure is found before HDF5 walks it:
/// its library crashes on some (1.10's H5HG_read on one flipped bit in a
/// variable-length string). Checking costs one read of the structure, whatever the size
/// of the data.
///
///     lensmill-sealed-hdf5 1
///     digest_algorithm SHA-256
///     block_bytes 4096
///     file_bytes 1066576
///     data 8192 1048576
///     structure_digest 64 hexadecimal digits
///
/// then zeros up to block_bytes. A line `data OFFSET BYTES` for each run of bytes that
/// is left out; the digest is of the rest of the file, with zeros ('0') for its own
/// digits.

namespace lensmill::io::hdf5 {

/// Bytes [offset, offset + bytes) of a file.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// The user block that a file with so many arrays outside the seal needs: a power of 2,
/// at least 512, as HDF5 demands.
std::size_t seal_block_bytes(std::size_t arrays);

/// Whether a file that begins so carries a seal.
bool is_sealed(std::string_view first_bytes);

/// Write the seal into a closed file that was created with a user block of
/// `block_bytes`. \independent \throws IoError
void write_seal(const std::string& path, std::size_t block_bytes,
                std::vector<Extent> data);

/// Compare a file with its seal; false if it has none. \independent
/// \throws DataError: it has one, and not the bytes it was written with; IoError
bool check_seal(const std::string& path);

}  // namespace lensmill::io::hdf5
