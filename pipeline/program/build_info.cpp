#include "pipeline/program/build_info.hpp"

#include <fftw3.h>
#include <fitsio.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>
#include <boost/version.hpp>

#include <filesystem>
#include <string_view>

#include "lensmill_git.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "lib/io/sha256.hpp"

namespace lensmill::pipeline {
namespace {

std::string hdf5_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  // One of the few calls that are allowed before MPI_Init.
  MPI_Get_library_version(text, &length);
  const std::string_view all(text, static_cast<std::size_t>(length));
  return std::string(all.substr(0, all.find(',')));
}

std::string cfitsio_version() {
  float version = 0.0F;
  return fmt::format("{:.3f}", ffvers(&version));
}

BuildInfo collect() {
  return {.version = LENSMILL_VERSION,
          .git_commit = LENSMILL_GIT_COMMIT,
          .git_dirty = LENSMILL_GIT_DIRTY,
          .compiler = LENSMILL_COMPILER,
          .compiler_flags = LENSMILL_FLAGS,
          .build_type = LENSMILL_BUILD_TYPE,
          .libraries = {{"hdf5", hdf5_version()},
                        {"mpi", mpi_version()},
                        {"fftw", static_cast<const char*>(fftwf_version)},
                        {"cfitsio", cfitsio_version()},
                        {"wcslib", io::fits::wcslib_version()},
                        {"boost", BOOST_LIB_VERSION}}};
}

}  // namespace

const BuildInfo& build_info() {
  static const BuildInfo info = collect();
  return info;
}

const std::string& build_fingerprint() {
  static const std::string fingerprint = [] {
    const auto& info = build_info();
    io::Sha256 digest;
    const bool known = info.git_commit != "unknown" && !info.git_dirty;
    digest.update(known ? info.git_commit : io::sha256_of_file("/proc/self/exe"));
    for (const auto& text : {info.compiler, info.compiler_flags, info.build_type}) {
      digest.update("\n" + text);
    }
    for (const auto& [name, version] : info.libraries) digest.update("\n" + version);
    return digest.hex_digest().substr(0, 16);
  }();
  return fingerprint;
}

std::string version_line() {
  const auto& info = build_info();
  return fmt::format("lensmill {} ({}{})", info.version, info.git_commit.substr(0, 8),
                     info.git_dirty ? ", with uncommitted changes" : "");
}

}  // namespace lensmill::pipeline
