#pragma once

#include <string>
#include <vector>

#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {

/// Without `run`: hand_on_to_python carries it out.
Command report_command();
Command answers_command();

/// Become `python3 -m lensmill ARGUMENTS`, before MPI begins: the Python of
/// LENSMILL_PYTHON, or the first of python3 on PATH and /usr/bin/python3 that has what
/// a report needs; the package of the clone that this program was built in, or an
/// installed one.
/// \throws UsageError: started on several ranks; DataError: no Python has all of it,
///   naming what is missing; IoError: it cannot be started
[[noreturn]] void hand_on_to_python(const std::vector<std::string>& arguments);

}  // namespace lensmill::pipeline::cli
