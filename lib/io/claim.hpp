#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lensmill::io {

/// How long claims live. Other machines' clocks are never compared with ours.
struct ClaimTimes {
  /// A holder touches its claim this often.
  std::chrono::milliseconds heartbeat{10000};
  /// A claim of another machine that was not touched while we watched it for so long is
  /// a dead job's.
  std::chrono::milliseconds silence{60000};
  /// How often a claim is looked at meanwhile.
  std::chrono::milliseconds poll{500};
};

/// A file that says "this process makes items [first, end)": FOLDER/shards-FIRST-END.
/// HOST-PROCESS-RANDOM.claim. Works where locks do not (NFS, Lustre without flock): it
/// needs only that files appear to others in the order in which they were made. A
/// thread of its own touches it until the object is gone, which removes the file; a
/// killed process leaves it, and others find out:
///  * made on this machine (boot and process namespace): by whether its process lives;
///  * by an earlier start of the same SLURM job: dead;
///  * elsewhere: by whether it is touched while one watches (ClaimTimes::silence).
class Claim {
 public:
  ~Claim();
  Claim(Claim&&) noexcept;
  Claim& operator=(Claim&&) noexcept;

  /// The outcome of asking for a claim. Neither `claim` nor `holder`: `problem` says
  /// why no claim can be made here.
  struct Answer;
  /// Claim items [first, end) in a folder that is there. Of several who ask at the same
  /// time one gets it. Dead jobs' claims of any of the items are removed.
  /// \param say called with what is being waited for, before a wait of seconds
  /// \throws nothing: a claim that cannot be written is no reason to end \independent
  static Answer ask(const std::string& folder, std::int64_t first, std::int64_t end,
                    const ClaimTimes& times,
                    const std::function<void(const std::string&)>& say);

  /// Who has a claim on any of the items, or "". For messages. \independent
  static std::string holder_of(const std::string& folder, std::int64_t first,
                               std::int64_t end);

  /// Another job's claim: its file's name without .claim or .wanted, which no other
  /// claim has had or will have; and whose it is, for messages.
  struct Entry {
    std::string name;
    std::string description;
  };
  /// The claims in a folder that are not known to be a dead job's, without waiting:
  /// another machine's counts as dead when it was not touched for ClaimTimes::silence
  /// before `touched_now`, a file in that folder that just was (or is not there).
  /// \independent \throws nothing
  static std::vector<Entry> living(const std::string& folder,
                                   const std::string& touched_now,
                                   const ClaimTimes& times);

  const std::string& path() const;

 private:
  class Holder;
  explicit Claim(std::unique_ptr<Holder> holder);
  std::unique_ptr<Holder> holder_;
};

struct Claim::Answer {
  std::vector<Claim> claim;  ///< one, or none
  std::string holder;        ///< the living job that has items of these
  std::vector<std::string>
      taken_over;  ///< dead jobs whose claims were removed, and why
  std::string problem;
};

/// The default times, with LENSMILL_CLAIM_SILENCE_S seconds of silence if that is set.
/// \throws UsageError unless it is a number above 0.
ClaimTimes claim_times_from_environment();

}  // namespace lensmill::io
