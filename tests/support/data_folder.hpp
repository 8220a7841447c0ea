#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace lensmill::test_support {

/// The folder of real-input data: environment variable LENSMILL_DATA, set by CTest.
inline std::filesystem::path data_folder() {
  const char* folder = std::getenv("LENSMILL_DATA");
  return folder == nullptr ? std::filesystem::path{} : std::filesystem::path{folder};
}

/// Path of one data file, e.g. data_path("oracle/open.h5").
inline std::filesystem::path data_path(std::string_view relative) {
  return data_folder() / relative;
}

inline bool has_data(std::string_view relative) {
  std::error_code ignored;
  return !data_folder().empty() &&
         std::filesystem::exists(data_path(relative), ignored);
}

/// Whether the folder was made by jobs/demo-data.sh: synthetic stand-ins in the layout
/// of the survey files, with other values.
inline bool data_is_synthetic() { return has_data("SYNTHETIC"); }

/// Whether a missing data file is a failure (LENSMILL_REQUIRE_DATA=1, as CI sets it)
/// rather than a skipped test.
inline bool data_is_required() {
  const char* value = std::getenv("LENSMILL_REQUIRE_DATA");
  return value != nullptr && std::string_view{value} == "1";
}

}  // namespace lensmill::test_support

#define LENSMILL_SKIP_WITHOUT_(present, relative)                              \
  do {                                                                         \
    if (!(present)) {                                                          \
      const auto missing_data_ =                                               \
          ::lensmill::test_support::data_path(relative).string();              \
      if (::lensmill::test_support::data_is_required()) {                      \
        FAIL() << "no data file " << missing_data_                             \
               << " (LENSMILL_REQUIRE_DATA=1); set LENSMILL_DATA to the data " \
                  "folder";                                                    \
      }                                                                        \
      GTEST_SKIP() << "no data file " << missing_data_                         \
                   << "; set LENSMILL_DATA to the data folder";                \
    }                                                                          \
  } while (false)

/// First line of a test that reads the data folder, real or synthetic: skips it, saying
/// which file is missing, or fails it under LENSMILL_REQUIRE_DATA=1.
#define LENSMILL_NEEDS_DATA(relative) \
  LENSMILL_SKIP_WITHOUT_(::lensmill::test_support::has_data(relative), relative)

/// Likewise, of a test that compares with values of the survey's own files.
#define LENSMILL_NEEDS_REAL_DATA(relative)                                   \
  LENSMILL_SKIP_WITHOUT_(::lensmill::test_support::has_data(relative) &&     \
                             !::lensmill::test_support::data_is_synthetic(), \
                         relative)
