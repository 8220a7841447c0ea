#pragma once

#include <string>

namespace lensmill::io {

/// Who holds a claim, as written into its file.
struct ClaimOwner {
  std::string host{};
  std::string process{};        ///< its number
  std::string process_start{};  ///< ticks since boot: numbers are used again
  std::string machine{};    ///< boot and process namespace: where `process` means it
  std::string slurm_job{};  ///< or ""
  std::string slurm_restart{};  ///< how often the job was requeued, or ""
  std::string since_utc{};      ///< for people

  static ClaimOwner this_process();
  std::string to_text() const;
  /// Lines "key value"; what is missing stays empty.
  static ClaimOwner from_text(const std::string& text);
  /// "process 12 on node7 (SLURM job 4711), since 2026-11-26T17:48:23Z"
  std::string description() const;

  enum class State { alive, dead, unknown };
  /// What this process can know of the owner without waiting.
  struct Verdict {
    State state = State::unknown;
    std::string reason{};
  };
  Verdict judge(const ClaimOwner& judging) const;
};

}  // namespace lensmill::io
