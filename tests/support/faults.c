/* Faults on request, for tests/cli/faults_test.py: preloaded (LD_PRELOAD) into lensmill.
 *
 * LENSMILL_FAULT="CALL;PATH;N;WHAT[;RANK]": the N-th CALL (from 1; "N+": that one and all
 * after it) on a path that contains PATH, in the process with OMPI_COMM_WORLD_RANK = RANK
 * (any, if left out), fails with the errno WHAT, a number, or, for KILL, kills the process.
 * CALL: open (to write or create), write, fsync, close, rename; or mpi, with the name of an
 * MPI function (below) in place of PATH, which then returns WHAT, an MPI error code.
 * LENSMILL_CLOCK_JUMP_S="AFTER;SECONDS": the system's time (not the steady clock) is off
 * by SECONDS after it was asked for AFTER times since MPI was initialised: libraries that
 * MPI loads (UCX of Debian 13) wait by that clock, for ever if it goes back.
 * LENSMILL_FAULT_LOG: a file that gets a line for each fault, so that a test knows that
 * its fault happened. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { text_bytes = 4096 };

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

/* Field k of TEXT, divided by ';'; whether it is there. */
static int field(const char *text, int k, char *out, size_t size) {
  for (; k > 0; --k) {
    text = strchr(text, ';');
    if (text == NULL) return 0;
    ++text;
  }
  size_t length = strcspn(text, ";");
  if (length >= size) length = size - 1;
  memcpy(out, text, length);
  out[length] = '\0';
  return 1;
}

static void note(const char *call, const char *path, const char *what) {
  const char *log = getenv("LENSMILL_FAULT_LOG");
  if (log == NULL) return;
  int (*real_open)(const char *, int, ...) = real("open");
  ssize_t (*real_write)(int, const void *, size_t) = real("write");
  int (*real_close)(int) = real("close");
  char line[2 * text_bytes];
  int length = snprintf(line, sizeof line, "%s %s %s\n", call, path, what);
  int file = real_open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file < 0 || real_write(file, line, (size_t)length) != length) abort();
  real_close(file);
}

/* The errno that this call is to fail with, or 0. */
static int fault(const char *call, const char *path) {
  static int seen = 0;
  const char *order = getenv("LENSMILL_FAULT");
  char text[text_bytes];
  if (order == NULL || path == NULL) return 0;
  if (!field(order, 0, text, sizeof text) || strcmp(text, call) != 0) return 0;
  if (!field(order, 1, text, sizeof text) || strstr(path, text) == NULL) return 0;
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  if (field(order, 4, text, sizeof text) && (rank == NULL || strcmp(rank, text) != 0)) {
    return 0;
  }
  if (!field(order, 2, text, sizeof text)) abort();
  const int n = atoi(text);
  const int now = __sync_add_and_fetch(&seen, 1);
  const int and_after = strchr(text, '+') != NULL;
  if (now != n && !(and_after && now > n)) return 0;
  if (!field(order, 3, text, sizeof text)) abort();
  note(call, path, text);
  if (strcmp(text, "KILL") == 0) kill(getpid(), SIGKILL);
  return atoi(text);
}

static int fault_of_file(const char *call, int file) {
  char link[64];
  char path[text_bytes];
  const int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (length < 0) return 0;
  path[length] = '\0';
  return fault(call, path);
}

#define FAIL_IF(error)  \
  do {                  \
    const int e = error; \
    if (e != 0) {       \
      errno = e;        \
      return -1;        \
    }                   \
  } while (0)

#define OPEN(name)                                                           \
  int name(const char *path, int flags, ...) {                               \
    int (*next)(const char *, int, ...) = real(#name);                       \
    va_list more;                                                            \
    va_start(more, flags);                                                   \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                            \
    if ((flags & O_ACCMODE) != O_RDONLY) FAIL_IF(fault("open", path));       \
    return next(path, flags, mode);                                          \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *data, size_t size) {
  ssize_t (*next)(int, const void *, size_t) = real("write");
  FAIL_IF(fault_of_file("write", file));
  return next(file, data, size);
}
#define PWRITE(name, offset_type)                                          \
  ssize_t name(int file, const void *data, size_t size, offset_type at) {  \
    ssize_t (*next)(int, const void *, size_t, offset_type) = real(#name); \
    FAIL_IF(fault_of_file("write", file));                                 \
    return next(file, data, size, at);                                     \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
ssize_t writev(int file, const struct iovec *parts, int count) {
  ssize_t (*next)(int, const struct iovec *, int) = real("writev");
  FAIL_IF(fault_of_file("write", file));
  return next(file, parts, count);
}
#define PWRITEV(name, offset_type)                                                 \
  ssize_t name(int file, const struct iovec *parts, int count, offset_type at) {   \
    ssize_t (*next)(int, const struct iovec *, int, offset_type) = real(#name);    \
    FAIL_IF(fault_of_file("write", file));                                         \
    return next(file, parts, count, at);                                           \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

int fsync(int file) {
  int (*next)(int) = real("fsync");
  FAIL_IF(fault_of_file("fsync", file));
  return next(file);
}
int close(int file) {
  int (*next)(int) = real("close");
  const int error = fault_of_file("close", file);
  const int result = next(file); /* as Linux does: closed, whatever it says */
  FAIL_IF(error);
  return result;
}
int rename(const char *from, const char *to) {
  int (*next)(const char *, const char *) = real("rename");
  FAIL_IF(fault("rename", from));
  return next(from, to);
}

/* Open MPI's and MPICH's handles fit a pointer; no header, so that no MPI is linked. */
#define MPI_FAULT(name)                   \
  do {                                    \
    const int e = fault("mpi", name);     \
    if (e != 0) return e;                 \
  } while (0)
static int mpi_runs = 0;
int MPI_Init_thread(int *argc, char ***argv, int wanted, int *given) {
  int (*next)(int *, char ***, int, int *) = real("MPI_Init_thread");
  MPI_FAULT("MPI_Init_thread");
  const int result = next(argc, argv, wanted, given);
  mpi_runs = 1;
  return result;
}
int MPI_Comm_dup(void *from, void **to) {
  int (*next)(void *, void **) = real("MPI_Comm_dup");
  MPI_FAULT("MPI_Comm_dup");
  return next(from, to);
}
int MPI_Iallreduce(const void *mine, void *all, int count, void *type, void *operation,
                   void *ranks, void **request) {
  int (*next)(const void *, void *, int, void *, void *, void *, void **) =
      real("MPI_Iallreduce");
  MPI_FAULT("MPI_Iallreduce");
  return next(mine, all, count, type, operation, ranks, request);
}

static long jump_s(void) {
  static int asked = 0;
  const char *order = getenv("LENSMILL_CLOCK_JUMP_S");
  char text[64];
  if (!mpi_runs || order == NULL || !field(order, 0, text, sizeof text)) return 0;
  const int after = atoi(text);
  const int now = __sync_add_and_fetch(&asked, 1);
  if (now <= after || !field(order, 1, text, sizeof text)) return 0;
  if (now == after + 1) note("clock", "system time", text);
  return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int (*next)(clockid_t, struct timespec *) = real("clock_gettime");
  const int result = next(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump_s();
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int (*next)(struct timeval *, void *) = real("gettimeofday");
  const int result = next(now, zone);
  now->tv_sec += jump_s();
  return result;
}
time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != NULL) *now = precise.tv_sec;
  return precise.tv_sec;
}
