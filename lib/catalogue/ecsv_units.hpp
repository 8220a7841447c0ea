#pragma once

#include <map>
#include <string>

namespace lensmill::catalogue {

/// The units that the header of an ECSV file (astropy's CSV with a header of comments,
/// APE 6) states: column -> unit. Empty for any other text file.
/// \throws IoError when the file cannot be opened
std::map<std::string, std::string> ecsv_units(const std::string& path);

}  // namespace lensmill::catalogue
