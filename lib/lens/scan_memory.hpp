#pragma once

#include <vector>

namespace lensmill::lens::detail {

/// One abscissa of a scan and the function there.
struct ScanNode {
  double s = 0.0;
  double value = 0.0;
};

/// Memory of scans for zeros (zero_scan.hpp), reused from scan to scan.
struct ScanMemory {
  std::vector<ScanNode> nodes;
  std::vector<double> zeros;
};

}  // namespace lensmill::lens::detail
