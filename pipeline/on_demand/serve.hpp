#pragma once

#include <functional>
#include <iosfwd>
#include <span>

#include "pipeline/on_demand/row_renderer.hpp"

namespace lensmill::pipeline {

/// Where answers go. \return whether all was written; false: nobody reads any more
using Sink = std::function<bool(std::span<const char>)>;

/// Answer requests until there are no more. First a line of JSON, the renderer's
/// description. A request is a line of JSON, `{"rows": [3, 4, 7], "split": "train"}`
/// (`split` may be absent); its answer is a line of JSON, `{"rows": [3, 7], "bytes":
/// N}`, and N bytes: dataset after dataset as in the description, each of all rows, in
/// the machine's byte order. What cannot be answered gives `{"error": TEXT, "code": N}`
/// (a code of ExitCode) and nothing else; the next request is read.
void serve(RowRenderer& renderer, std::istream& requests, const Sink& sink);

}  // namespace lensmill::pipeline
