#include "lib/io/claim.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/core/seconds_from_environment.hpp"
#include "lib/io/claim_owner.hpp"
#include "lib/io/files.hpp"
#include "lib/io/this_process.hpp"

namespace lensmill::io {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view held = ".claim";
/// Announced, while one looks at the others': see Claim::ask.
constexpr std::string_view wanted = ".wanted";
constexpr std::string_view prefix = "shards-";
constexpr std::int64_t last_item = std::numeric_limits<std::int64_t>::max();

struct Range {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

/// "shards-FIRST-END.WHOEVER.claim"
std::optional<Range> range_of(std::string_view name) {
  if (!name.starts_with(prefix)) return {};
  if (!name.ends_with(held) && !name.ends_with(wanted)) return {};
  Range range;
  const char* last = name.data() + name.size();
  auto [at, error] = std::from_chars(name.data() + prefix.size(), last, range.first);
  if (error != std::errc() || at == last || *at != '-') return {};
  auto [dot, bad] = std::from_chars(at + 1, last, range.end);
  if (bad != std::errc() || dot == last || *dot != '.') return {};
  return range;
}

/// Names of the others' claims on any of the items, in order.
std::vector<std::string> overlapping(const std::string& folder, const Range& range,
                                     const std::string& own) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator at(folder, none), end; !none && at != end;
       at.increment(none)) {
    const std::string name = at->path().filename().string();
    const auto other = range_of(name);
    if (!other || name == own) continue;
    if (other->first < range.end && range.first < other->end) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

/// Opened, not merely looked up: that makes network file systems ask the server.
std::optional<timespec> last_touched(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  ::close(file);
  if (!known) return {};
  return status.st_mtim;
}

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

enum class Sign { alive, silent, gone };
Sign watch(const std::string& path, const ClaimTimes& times) {
  const auto before = last_touched(path);
  if (!before) return Sign::gone;
  for (const auto until = Clock::now() + times.silence; Clock::now() < until;) {
    std::this_thread::sleep_for(times.poll);
    const auto now = last_touched(path);
    if (!now) return Sign::gone;
    if (!same(*now, *before)) return Sign::alive;
  }
  return Sign::silent;
}

ClaimOwner owner_of(const std::string& path) {
  try {
    return ClaimOwner::from_text(read_text(path));
  } catch (const Error&) {
    return {};
  }
}

std::string items_text(const std::string& name) {
  const auto range = range_of(name);
  // Whole runs are claimed without an end: they may be extended.
  if (!range || range->end > std::int64_t{1} << 50U) return "all shards";
  return "shards " + std::to_string(range->first) + " to " +
         std::to_string(range->end - 1);
}

void write_claim(const std::string& path, const std::string& text) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0) throw IoError(path + ": cannot be made (" + std::strerror(errno) + ")");
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (::close(file) != 0 || !written) {
    ::unlink(path.c_str());
    throw IoError(path + ": cannot be written (" + std::strerror(reason) + ")");
  }
}

/// Looks at the others' claims for one who wants [first, end).
class Seeker {
 public:
  Seeker(std::string folder, Range range, std::string own, ClaimOwner me,
         const ClaimTimes& times, const std::function<void(const std::string&)>& say)
      : folder_(std::move(folder)),
        range_(range),
        own_(std::move(own)),
        me_(std::move(me)),
        times_(times),
        say_(say) {}

  /// Whether nobody alive is in the way; else `answer.holder` is set.
  bool clear(Claim::Answer& answer) const {
    const auto until = Clock::now() + times_.silence;
    for (;;) {
      bool waiting = false;
      for (const auto& name : overlapping(folder_, range_, own_)) {
        if (!alive(name, answer)) continue;
        const bool undecided = name.ends_with(wanted);
        // Of two who ask at once the first name goes on; but the other may have looked
        // before we came, and then it gets the claim.
        if (undecided && own_ < name) {
          waiting = true;
          continue;
        }
        answer.holder =
            owner_of(folder_ + "/" + name).description() + ", " + items_text(name);
        return false;
      }
      if (!waiting || Clock::now() > until) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  bool alive(const std::string& name, Claim::Answer& answer) const {
    const std::string path = folder_ + "/" + name;
    const ClaimOwner owner = owner_of(path);
    auto verdict = owner.judge(me_);
    if (verdict.state == ClaimOwner::State::unknown) {
      say_("waiting up to " + std::to_string(times_.silence.count() / 1000) +
           " s for a sign of life of another job's claim, " + path + ": " +
           owner.description());
      const Sign sign = watch(path, times_);
      if (sign == Sign::gone) return false;
      if (sign == Sign::alive) return true;
      verdict = {.state = ClaimOwner::State::dead,
                 .reason = "no sign of life in " +
                           std::to_string(times_.silence.count() / 1000) + " s"};
    }
    if (verdict.state == ClaimOwner::State::alive) return true;
    if (::unlink(path.c_str()) == 0) {
      answer.taken_over.push_back(owner.description() + ", " + items_text(name) + ": " +
                                  verdict.reason);
    }
    return false;
  }

  std::string folder_;
  Range range_;
  std::string own_;
  ClaimOwner me_;
  const ClaimTimes& times_;
  const std::function<void(const std::string&)>& say_;
};

}  // namespace

/// The file and the thread that touches it.
class Claim::Holder {
 public:
  Holder(std::string path, std::chrono::milliseconds interval)
      : path_(std::move(path)), thread_([this, interval] { touch(interval); }) {}
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  void touch(std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, interval, [this] { return ended_; })) {
      // A claim that another job took away is not made again: it has been told that we
      // are dead, and makes the same bytes.
      if (::utimensat(AT_FDCWD, path_.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
    }
  }

  std::string path_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

Claim::Claim(std::unique_ptr<Holder> holder) : holder_(std::move(holder)) {}
Claim::Claim(Claim&&) noexcept = default;
Claim& Claim::operator=(Claim&&) noexcept = default;
Claim::~Claim() = default;
const std::string& Claim::path() const { return holder_->path(); }

std::string Claim::holder_of(const std::string& folder, std::int64_t first,
                             std::int64_t end) {
  const auto names = overlapping(folder, {first, end}, "");
  if (names.empty()) return {};
  return owner_of(folder + "/" + names.front()).description() + ", " +
         items_text(names.front());
}

std::vector<Claim::Entry> Claim::living(const std::string& folder,
                                        const std::string& touched_now,
                                        const ClaimTimes& times) {
  std::vector<Entry> entries;
  const auto now = last_touched(touched_now);
  const ClaimOwner me = ClaimOwner::this_process();
  for (const auto& name : overlapping(folder, {0, last_item}, "")) {
    const std::string path = folder + "/" + name;
    const ClaimOwner owner = owner_of(path);
    const auto state = owner.judge(me).state;
    if (state == ClaimOwner::State::dead) continue;
    if (state == ClaimOwner::State::unknown) {
      // Both times are the file server's.
      const auto then = last_touched(path);
      if (!then) continue;
      const std::chrono::seconds silent(now ? now->tv_sec - then->tv_sec : 0);
      if (silent > times.silence) continue;
    }
    entries.push_back({.name = name.substr(0, name.rfind('.')),
                       .description = owner.description() + ", " + items_text(name)});
  }
  return entries;
}

Claim::Answer Claim::ask(const std::string& folder, std::int64_t first,
                         std::int64_t end, const ClaimTimes& times,
                         const std::function<void(const std::string&)>& say) {
  const ClaimOwner me = ClaimOwner::this_process();
  const std::string stem = std::string(prefix) + std::to_string(first) + "-" +
                           std::to_string(end) + "." + unique_process_name();
  const std::string own = stem + std::string(wanted);
  const std::string path = folder + "/" + own;
  Answer answer;
  try {
    write_claim(path, me.to_text());
    // Announced first, then looked: of two who do so at least one sees the other.
    if (!Seeker(folder, {first, end}, own, me, times, say).clear(answer)) {
      ::unlink(path.c_str());
      return answer;
    }
    const std::string mine = folder + "/" + stem + std::string(held);
    if (std::rename(path.c_str(), mine.c_str()) != 0) {
      throw IoError(path + ": cannot be renamed (" + std::strerror(errno) + ")");
    }
    answer.claim.push_back(Claim(std::make_unique<Holder>(mine, times.heartbeat)));
  } catch (const Error& error) {
    ::unlink(path.c_str());
    answer.problem = error.what();
  }
  return answer;
}

ClaimTimes claim_times_from_environment() {
  ClaimTimes times;
  const double seconds = seconds_from_environment(
      "LENSMILL_CLAIM_SILENCE_S", std::chrono::duration<double>(times.silence).count());
  times.silence = std::chrono::milliseconds(std::lround(seconds * 1000.0));
  return times;
}

}  // namespace lensmill::io
