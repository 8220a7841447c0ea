#pragma once

#include <string>
#include <vector>

#include "pipeline/inputs/cutout_reader.hpp"

namespace lensmill::pipeline {

/// What all hosts are called, where it does not take their headers to know it.
class KnownIds {
 public:
  /// \param of_host empty: by `id_card`
  explicit KnownIds(const std::vector<std::string>& of_host);
  /// "" where it is not known.
  std::string of(std::size_t host) const;
  /// Whether it is the id of a host.
  bool has(const std::string& id) const;

 private:
  const std::vector<std::string>& of_host_;
  std::vector<std::string> sorted_;  ///< as they are compared
};

/// What one host's file says.
struct CutoutFacts {
  std::string id;  ///< as it is known, else by `id_card`
  std::vector<std::string>
      problems;  ///< contradictions of headers to the configuration
  std::vector<std::string> warnings;
  bool has_unused_invvar = false;  ///< an HDU of inverse variances that nothing names
};

/// Look at the headers of a host's files: units, zero points, pixel scale against what
/// is stated (compare_claims), bands, weights and masks aligned with each other by
/// their WCS within half a pixel, and all of one object: the card of `id_card` or of
/// the name of `id_column` must be the host's id, and no other card of `object_names`
/// may be another host's id, or in weights and masks another object than in the image
/// (OBJECT and ID, which also name fields and files, may). \throws as open_cutout;
/// DataError without the card that names the host
CutoutFacts inspect_cutout(const config::RunConfig& config, const CutoutPaths& paths,
                           const KnownIds& known, std::size_t index, int ny, int nx);

}  // namespace lensmill::pipeline
