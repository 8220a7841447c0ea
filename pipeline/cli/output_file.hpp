#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lensmill::pipeline::cli {

/// A file that an option asks for, to be checked before the work.
struct OutputFile {
  std::string option;  ///< "extract: --png", for messages
  std::string path;
  std::string kind;         ///< "a PNG picture"
  std::string first_bytes;  ///< of every such file
  std::string suffix{};     ///< what is called so may be replaced, whatever it holds
};

/// Refuse to write onto what it would destroy: an input, a file that belongs to a run,
/// a file of another kind, what is no file, and, among each other, the same file twice.
/// Another file of the same kind is replaced.
/// \param inputs files that the command reads
/// \independent \throws UsageError
void check_output_files(const std::vector<OutputFile>& outputs,
                        const std::vector<std::string>& inputs);

inline constexpr std::string_view png_signature{"\x89PNG\r\n\x1a\n", 8};
inline constexpr std::string_view fits_signature{"SIMPLE  ="};

}  // namespace lensmill::pipeline::cli
