#include "lib/io/hdf5/try_in_child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill::io::hdf5 {
namespace {

// Damage can make a link lead back to its own group, or a list without an end.
constexpr int deepest_group = 32;
// Of processor time, so that a slow disk is none of it; a walk takes milliseconds.
constexpr rlim_t longest_walk_s = 2;
// Of a file with more (a group per object of a catalogue) the first ones are tried.
constexpr int most_objects = 20000;
// Strings of one dataset that are tried, in bytes of their references.
constexpr std::uint64_t most_string_bytes = std::uint64_t{1} << 22U;
// The child's exit status where a text cannot be read.
constexpr int unreadable_text = 3;
// What a pipe takes at once, so that the child need not wait for its reader.
constexpr std::size_t longest_text = 4096;

// In the child: what fails is passed over. Objects are closed, since damage may show
// then; memory is not given back (it ends at once).

bool is_packed(hid_t dataset) {
  const hid_t properties = H5Dget_create_plist(dataset);
  const bool packed = properties < 0 || H5Pget_nfilters(properties) != 0;
  if (properties >= 0) H5Pclose(properties);
  return packed;
}

void read_strings(hid_t owner, hid_t space, hid_t type, bool attribute) {
  if (H5Tget_class(type) != H5T_STRING) return;
  const auto count = H5Sget_simple_extent_npoints(space);
  const auto bytes = H5Tget_size(type);
  if (count <= 0 || bytes == 0) return;
  if (static_cast<std::uint64_t>(count) > most_string_bytes / bytes) return;
  void* const buffer = std::calloc(static_cast<std::size_t>(count), bytes);
  if (buffer == nullptr) return;
  const herr_t got = attribute
                         ? H5Aread(owner, type, buffer)
                         : H5Dread(owner, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
  if (got < 0) {
    // Crashes HDF5 1.10, is an error to 1.14, which may come late or never: to readers
    // that do not ask for this text. Packed ones may need a filter that is not here.
    if (attribute || !is_packed(owner)) ::_exit(unreadable_text);
    return;
  }
  if (H5Tis_variable_str(type) <= 0) return;
  // As a reader does: to the end of each.
  for (hssize_t k = 0; k < count; ++k) {
    const char* const text = static_cast<char**>(buffer)[k];
    const volatile std::size_t length =
        text == nullptr ? 0 : std::string_view(text).size();
    static_cast<void>(length);
  }
}

herr_t visit_attribute(hid_t object, const char* name, const H5A_info_t*, void*) {
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return 0;
  const hid_t space = H5Aget_space(attribute);
  const hid_t type = H5Aget_type(attribute);
  if (space >= 0 && type >= 0) read_strings(attribute, space, type, true);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  H5Aclose(attribute);
  return 0;
}

void visit_dataset(hid_t dataset) {
  const hid_t space = H5Dget_space(dataset);
  const hid_t properties = H5Dget_create_plist(dataset);
  const hid_t type = H5Dget_type(dataset);
  if (space < 0 || properties < 0 || type < 0) return;
  // A virtual one leads to other files, which are looked at when they are opened.
  if (H5Pget_layout(properties) != H5D_VIRTUAL) {
    H5Dget_storage_size(dataset);  // walks the index of chunks
    read_strings(dataset, space, type, false);
  }
  H5Tclose(type);
  H5Pclose(properties);
  H5Sclose(space);
}

void visit(hid_t object, int depth);

herr_t visit_link(hid_t group, const char* name, const H5L_info_t* link, void* depth) {
  // Of links to other files the library looks after itself when they are followed.
  if (link->type != H5L_TYPE_HARD) return 0;
  const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) return 0;
  visit(object, *static_cast<int*>(depth) + 1);
  H5Oclose(object);
  return 0;
}

void visit(hid_t object, int depth) {
  static int objects = 0;  // of the child's own walk
  if (depth > deepest_group || ++objects > most_objects) return;
  hsize_t next = 0;
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &next, visit_attribute, nullptr);
  if (H5Iget_type(object) == H5I_DATASET) visit_dataset(object);
  if (H5Iget_type(object) == H5I_GROUP) {
    H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit_link, &depth);
  }
}

/// What a child does first.
void settle() {
  // MPI's handlers would print; nothing of this is to be seen, nor a core to be left.
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  // Those that end a job in good order are the parent's; they come to the whole group.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
    std::signal(signal, SIG_IGN);
  }
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  const rlimit walk_time{longest_walk_s, longest_walk_s + 1};
  ::setrlimit(RLIMIT_CPU, &walk_time);
}

[[noreturn]] void walk(const char* path) {
  settle();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(access, 0, 1);
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  if (file >= 0) {
    const hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    if (root >= 0) {
      visit(root, 0);
      H5Gclose(root);
    }
    H5Fclose(file);
  }
  ::_exit(0);
}

/// The child's exit status; nothing where it is not known.
std::optional<int> wait_for(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // Where the parent's parent set SIGCHLD to be ignored, nothing is known.
  if (ended < 0) return {};
  return status;
}

bool ended_well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

}  // namespace

void try_in_child(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) walk(path.c_str());
  if (child < 0) return;
  const auto status = wait_for(child);
  if (!status || ended_well(*status)) return;
  if (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGXCPU) {
    throw DataError(fmt::format(
        "{}: damaged: HDF5 came to no end of it within {} s; use a whole copy", path,
        longest_walk_s));
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == unreadable_text) {
    throw DataError(fmt::format(
        "{}: damaged: the text of a string cannot be read; use a whole copy", path));
  }
  throw DataError(fmt::format(
      "{}: damaged: the HDF5 library crashes on it ({}); use a whole copy", path,
      WIFSIGNALED(*status) ? fmt::format("signal {}", WTERMSIG(*status))
                           : "it ended early"));
}

std::optional<std::string> look_in_child(const std::function<std::string()>& look) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    settle();
    try {
      const std::string text = look();
      const auto put =
          ::write(pipe[1], text.data(), std::min(text.size(), longest_text));
      ::_exit(put < 0 ? 1 : 0);
    } catch (...) {
      ::_exit(1);
    }
  }
  ::close(pipe[1]);
  std::string text;
  if (child > 0) {
    std::array<char, longest_text> buffer{};
    for (;;) {
      const auto got = ::read(pipe[0], buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(pipe[0]);
  const auto status = child > 0 ? wait_for(child) : std::nullopt;
  if (!status || !ended_well(*status)) return {};
  return text;
}

}  // namespace lensmill::io::hdf5
