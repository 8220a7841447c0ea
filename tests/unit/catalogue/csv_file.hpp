#pragma once

#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace lensmill::catalogue {

/// A CSV file with this text, as long as the object lives.
class CsvFile {
 public:
  explicit CsvFile(const std::string& text) {
    std::ofstream(path(), std::ios::binary) << text;
  }
  std::string path() const { return (folder_ / "rows.csv").string(); }

 private:
  test_support::TemporaryFolder folder_;
};

}  // namespace lensmill::catalogue
