# Run by a build rule (cmake -P): writes OUTPUT, a C++ file with the texts of FILES (a list
# separated by `|`), for `lensmill init`.
string(REPLACE "|" ";" files "${FILES}")
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND entries "    {\"${name}\", R\"yaml(${text})yaml\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"pipeline/cli/shipped_configs.hpp\"

namespace lensmill::pipeline::cli {

std::span<const ShippedConfig> shipped_configs() {
  static constexpr ShippedConfig configs[] = {
${entries}  };
  return configs;
}

}  // namespace lensmill::pipeline::cli
")
