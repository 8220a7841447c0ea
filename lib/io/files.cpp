#include "lib/io/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/io/this_process.hpp"

namespace lensmill::io {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw IoError(path + ": " + what + " (" + std::strerror(error) + ")");
}

/// A file descriptor, closed on all ways out.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (value_ < 0) fail(path, "cannot be opened", errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  /// Network file systems report a full disk as late as at close.
  void close(const std::string& path) {
    if (::close(std::exchange(value_, -1)) != 0) fail(path, "cannot be closed", errno);
  }

 private:
  int value_;
};

constexpr int new_file = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
constexpr mode_t as_umask_says = 0666;

[[noreturn]] void refuse_what_is_no_file(const std::string& path, mode_t mode) {
  if (S_ISDIR(mode)) fail(path, "cannot be read", EISDIR);
  throw IoError(path + ": is no file (a pipe, a socket or a device is there)");
}

/// What is at the path, links followed; nothing if nothing is there.
std::optional<mode_t> kind_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_mode;
  if (errno == ENOENT || errno == ENOTDIR) return {};
  fail(path, "cannot be looked up", errno);
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

struct Maker {
  std::string_view host;  ///< behind what the file will be called
  std::string_view process;
};
/// Who makes a file of this name, by own_partial(); nothing if it is none.
std::optional<Maker> maker_of(std::string_view name, std::string_view of) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view ending = ".partial";
  if (!name.ends_with(ending)) return {};
  name.remove_suffix(ending.size());
  if (!of.empty()) {
    if (!name.starts_with(of) || name.substr(of.size(), 1) != ".") return {};
    name.remove_prefix(of.size() + 1);
  }
  auto dash = name.rfind('-');
  if (dash == std::string_view::npos) return {};
  const auto last = name.substr(dash + 1);
  const auto before = name.substr(0, dash);
  // HOST-PROCESS-RANDOM, or of older versions HOST-PROCESS.
  const auto earlier = before.rfind('-');
  if (last.size() == random_digits && earlier != std::string_view::npos &&
      all_of(last, "0123456789abcdef") && all_of(before.substr(earlier + 1), digits)) {
    return Maker{before.substr(0, earlier), before.substr(earlier + 1)};
  }
  if (!all_of(last, digits)) return {};
  return Maker{before, last};
}

void write_all(const Descriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_new(const std::string& path, std::string_view text) {
  Descriptor file(path, new_file, as_umask_says);
  write_all(file, path, text);
  file.close(path);
}

}  // namespace

void sync_file(const std::string& path) {
  Descriptor file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (::fsync(file.get()) != 0) fail(path, "cannot be synced to disk", errno);
  file.close(path);
}

void sync_folder(const std::string& path) {
  const Descriptor folder(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  // Some network file systems cannot sync a folder and have no need to.
  if (::fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail(path, "folder cannot be synced to disk", errno);
  }
}

void make_new(const std::string& path) {
  Descriptor file(path, new_file, as_umask_says);
  file.close(path);
}

void publish(const std::string& partial, const std::string& path) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode) &&
      !S_ISLNK(there.st_mode)) {
    throw IoError(path + ": is there and is no file: it is not replaced");
  }
  sync_file(partial);
  if (std::rename(partial.c_str(), path.c_str()) != 0) {
    fail(partial, "cannot be renamed to " + path, errno);
  }
  sync_folder(std::filesystem::path(path).parent_path().string());
}

std::string own_partial(const std::string& path) {
  return path + "." + unique_process_name() + ".partial";
}

void remove_dead_partials(const std::string& folder, const std::string& published,
                          const std::string& of) {
  namespace fs = std::filesystem;
  const std::string here = host_name();
  std::error_code error;
  const auto now = fs::last_write_time(published, error);
  const bool there = !error;
  error.clear();
  for (fs::directory_iterator at(folder.empty() ? "." : folder, error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const auto maker = maker_of(name, of);
    if (!maker) continue;
    std::error_code none;
    // What stands before the host is the name of the file in the making.
    const bool local = maker->host == here || maker->host.ends_with("." + here);
    const bool gone = local && start_of_living(std::string(maker->process)).empty();
    // Both times are the file server's: no clocks are compared.
    const auto changed = fs::last_write_time(at->path(), none);
    const bool old = there && !none && now - changed > abandoned_after;
    if (gone || old) ::unlink(at->path().c_str());
  }
}

void remove_dead_partials_of(const std::string& path) {
  const std::filesystem::path file(path);
  remove_dead_partials(file.parent_path().string(), path, file.filename().string());
}

void write_text(const std::string& path, std::string_view text) {
  const std::string partial = own_partial(path);
  try {
    write_new(partial, text);
    publish(partial, path);
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
  remove_dead_partials_of(path);
}

bool write_text_if_absent(const std::string& path, std::string_view text) {
  const std::string partial = own_partial(path);
  const auto link_to_path = [&] {
    write_new(partial, text);
    sync_file(partial);
    // Unlike O_EXCL on some network file systems, a link is made whole or refused.
    if (::link(partial.c_str(), path.c_str()) == 0) return true;
    if (errno != EEXIST) fail(path, "cannot be made", errno);
    return false;
  };
  try {
    const bool made = !exists(path) && link_to_path();
    ::unlink(partial.c_str());
    if (made) sync_folder(std::filesystem::path(path).parent_path().string());
    return made;
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
}

std::string read_text(const std::string& path) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(path, "cannot be read", errno);
  if (!S_ISREG(status.st_mode)) refuse_what_is_no_file(path, status.st_mode);
  std::string text;
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

bool exists(const std::string& path) { return kind_of(path).has_value(); }

bool is_folder(const std::string& path) {
  const auto mode = kind_of(path);
  return mode && S_ISDIR(*mode);
}

void check_is_file(const std::string& path) {
  const auto mode = kind_of(path);
  if (!mode) fail(path, "cannot be opened", ENOENT);
  if (!S_ISREG(*mode)) refuse_what_is_no_file(path, *mode);
}

std::size_t longest_name(const std::string& folder) {
  std::filesystem::path at(folder.empty() ? "." : folder);
  struct statvfs system {};
  while (::statvfs(at.c_str(), &system) != 0) {
    const auto above = at.parent_path();
    if (above == at || above.empty()) return NAME_MAX;
    at = above;
  }
  return system.f_namemax == 0 ? std::size_t{NAME_MAX} : system.f_namemax;
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(path, "folder cannot be made", error.value());
}

void check_writable(const std::string& folder) {
  std::string probe = folder + "/.lensmill-XXXXXX";
  const int descriptor = ::mkstemp(probe.data());
  if (descriptor < 0) fail(folder, "files cannot be made in this folder", errno);
  ::close(descriptor);
  ::unlink(probe.c_str());
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(path, "cannot be removed", errno);
  }
}

}  // namespace lensmill::io
