#include "lib/io/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"

namespace lensmill::io {
namespace {

EVP_MD_CTX* cast(void* context) { return static_cast<EVP_MD_CTX*>(context); }

void check(int success, const char* call) {
  if (success != 1)
    throw IoError(std::string("SHA-256: OpenSSL's ") + call + " failed");
}

}  // namespace

void Sha256::Free::operator()(void* context) const noexcept {
  EVP_MD_CTX_free(cast(context));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr ? 1 : 0, "EVP_MD_CTX_new");
  reset();
}

void Sha256::reset() {
  check(EVP_DigestInit_ex(cast(context_.get()), EVP_sha256(), nullptr),
        "EVP_DigestInit_ex");
}

void Sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(cast(context_.get()), bytes.data(), bytes.size()),
        "EVP_DigestUpdate");
}

std::string Sha256::hex_digest() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(cast(context_.get()), digest.data(), &size),
        "EVP_DigestFinal_ex");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 15U];
  }
  reset();
  return hex;
}

std::string sha256_of(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex_digest();
}

std::string sha256_of(std::string_view text) {
  return sha256_of(std::as_bytes(std::span(text)));
}

std::string sha256_of_file(const std::string& path) {
  check_is_file(path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) {
    throw IoError(path + ": cannot be opened (" + std::strerror(errno) + ")");
  }
  Sha256 hash;
  std::vector<std::byte> piece(std::size_t{1} << 20U);
  for (;;) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
    if (got == 0) break;
    hash.update(std::span(piece).first(got));
  }
  if (std::ferror(file.get()) != 0) {
    throw IoError(path + ": cannot be read (" + std::strerror(errno) + ")");
  }
  return hash.hex_digest();
}

}  // namespace lensmill::io
