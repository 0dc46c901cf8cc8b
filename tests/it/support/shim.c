/* Ends the program, or fills its disk, at a given effect, and shifts its clock.
 *
 * An effect is what somebody else can see afterwards: a write to a regular file or a socket, an
 * fsync or a change of the length of a regular file, an unlink. Standard input, output and error are
 * none, and neither are pipes and event descriptors. A rename is none because the program makes it
 * past the library; an effect comes before and after it, so that to die there is to die around it.
 *
 *   SHIM_AT=N        the effect, the first being 1, that the fault is about
 *   SHIM_FAULT=      kill-before  dies right before it
 *                    kill-after   dies right after it
 *                    torn         does the first half of it if it writes two bytes or more, and
 *                                 dies; dies before it otherwise
 *                    full         from it on, regular files take no more bytes
 *                    stop         stops right before it, until somebody has it go on
 *   SHIM_TEXT=TEXT   only writes that hold this text are effects
 *   SHIM_COUNT=PATH  at the end of the process the number of effects is written there
 *   SHIM_CLOCK=S     the time of day is so many seconds later, or earlier if negative
 *
 * All real work is done by system calls and not by the functions that are replaced here, so that
 * nothing in here comes back to itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum fault { NONE, KILL_BEFORE, KILL_AFTER, TORN, FULL, STOP };

static enum fault fault = NONE;
static long at = LONG_MAX;
static long shift = 0;
static const char *count_path = NULL;
static const char *text = NULL;
static atomic_long seen = 0;

/* A shim that does not do what was asked would let a test pass for nothing. */
static void refuse(const char *why) {
    fprintf(stderr, "shim: %s\n", why);
    _exit(125);
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Gives the number of the effect that is about to happen. A kill reaches the other threads a little
 * later than the one that asked for it; they stop here, so that nothing happens after the end. */
static long begin(void) {
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (number == at && fault == STOP)
        syscall(SYS_kill, getpid(), SIGSTOP);
    if (fault == NONE || fault == FULL || fault == STOP)
        return number;
    while (number > at)
        pause();
    if (number == at && fault == KILL_BEFORE)
        die();
    return number;
}

static void end(long number) {
    if (number == at && (fault == KILL_AFTER || fault == TORN))
        die();
}

/* What has no halves is torn by not happening, and what holds no text is no effect where a text is
 * asked for. */
static long begin_whole(void) {
    if (text)
        return 0;
    long number = begin();
    if (number == at && fault == TORN)
        die();
    return number;
}

static size_t share(long number, size_t length) {
    if (number != at || fault != TORN)
        return length;
    if (length < 2)
        die();
    return length / 2;
}

static mode_t kind(int fd) {
    struct stat status;
    int before = errno;
    if (fd <= STDERR_FILENO || fstat(fd, &status) != 0) {
        errno = before;
        return 0;
    }
    return status.st_mode & S_IFMT;
}

static int is_full(long number, mode_t kind) {
    if (fault != FULL || number < at || kind != S_IFREG)
        return 0;
    errno = ENOSPC;
    return 1;
}

static ssize_t put(long number, int fd, mode_t mode, const struct iovec *parts, int count,
                   const struct msghdr *message, int flags) {
    struct iovec half[IOV_MAX];
    size_t length = 0, left;
    ssize_t done;
    int n;

    if (is_full(number, mode))
        return -1;
    for (n = 0; n < count; n++)
        length += parts[n].iov_len;
    if (count > IOV_MAX)
        count = IOV_MAX;
    left = share(number, length);
    for (n = 0; n < count && left > 0; n++) {
        half[n] = parts[n];
        if (half[n].iov_len > left)
            half[n].iov_len = left;
        left -= half[n].iov_len;
    }
    if (message) {
        struct msghdr shorter = *message;
        shorter.msg_iov = half;
        shorter.msg_iovlen = (size_t)n;
        done = syscall(SYS_sendmsg, fd, &shorter, flags);
    } else {
        done = syscall(SYS_writev, fd, half, n);
    }
    end(number);
    return done;
}

static int is_effect(mode_t mode, const void *bytes, size_t length) {
    return (mode == S_IFREG || mode == S_IFSOCK) &&
           (!text || memmem(bytes, length, text, strlen(text)) != NULL);
}

static int is_effect_of(mode_t mode, const struct iovec *parts, int count) {
    for (int n = 0; n < count; n++)
        if (is_effect(mode, parts[n].iov_base, parts[n].iov_len))
            return 1;
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    mode_t mode = kind(fd);
    if (!is_effect(mode, bytes, length))
        return syscall(SYS_write, fd, bytes, length);
    struct iovec part = {(void *)bytes, length};
    return put(begin(), fd, mode, &part, 1, NULL, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    mode_t mode = kind(fd);
    if (!is_effect_of(mode, parts, count))
        return syscall(SYS_writev, fd, parts, count);
    return put(begin(), fd, mode, parts, count, NULL, 0);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    mode_t mode = kind(fd);
    if (!is_effect(mode, bytes, length))
        return syscall(SYS_pwrite64, fd, bytes, length, offset);
    long number = begin();
    if (is_full(number, mode))
        return -1;
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, share(number, length), offset);
    end(number);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
               socklen_t size) {
    if (!is_effect(kind(fd), bytes, length))
        return syscall(SYS_sendto, fd, bytes, length, flags, to, size);
    long number = begin();
    ssize_t done = syscall(SYS_sendto, fd, bytes, share(number, length), flags, to, size);
    end(number);
    return done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    mode_t mode = kind(fd);
    if (!is_effect_of(mode, message->msg_iov, (int)message->msg_iovlen))
        return syscall(SYS_sendmsg, fd, message, flags);
    return put(begin(), fd, mode, message->msg_iov, (int)message->msg_iovlen, message, flags);
}

static int sync_file(long call, int fd) {
    if (kind(fd) != S_IFREG)
        return (int)syscall(call, fd);
    long number = begin_whole();
    int done = (int)syscall(call, fd);
    end(number);
    return done;
}

int fsync(int fd) { return sync_file(SYS_fsync, fd); }

int fdatasync(int fd) { return sync_file(SYS_fdatasync, fd); }

int ftruncate64(int fd, off64_t length) {
    struct stat status;
    mode_t mode = kind(fd);
    if (mode != S_IFREG)
        return (int)syscall(SYS_ftruncate, fd, length);
    long number = begin_whole();
    if (fstat(fd, &status) == 0 && length > status.st_size && is_full(number, mode))
        return -1;
    int done = (int)syscall(SYS_ftruncate, fd, length);
    end(number);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    long number = begin_whole();
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    end(number);
    return done;
}

int unlinkat(int folder, const char *path, int flags) {
    long number = begin_whole();
    int done = (int)syscall(SYS_unlinkat, folder, path, flags);
    end(number);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int done = (int)syscall(SYS_clock_gettime, clock, time);
    if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += shift;
    return done;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    int done = (int)syscall(SYS_gettimeofday, time, zone);
    time->tv_sec += shift;
    return done;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    char *rest;
    if (!text)
        return otherwise;
    errno = 0;
    long value = strtol(text, &rest, 10);
    if (errno != 0 || rest == text || *rest != '\0')
        refuse("a number cannot be read");
    return value;
}

__attribute__((constructor)) static void start(void) {
    static const char *const names[] = {"", "kill-before", "kill-after", "torn", "full", "stop"};
    const char *name = getenv("SHIM_FAULT");
    at = number("SHIM_AT", LONG_MAX);
    shift = number("SHIM_CLOCK", 0);
    count_path = getenv("SHIM_COUNT");
    text = getenv("SHIM_TEXT");
    if (name) {
        fault = STOP;
        while (fault > NONE && strcmp(name, names[fault]) != 0)
            fault--;
        if (fault == NONE || at < 1 || at == LONG_MAX)
            refuse("SHIM_FAULT or SHIM_AT is not understood");
    }
}

__attribute__((destructor)) static void finish(void) {
    char count[32];
    int length, fd;
    if (!count_path)
        return;
    length = snprintf(count, sizeof count, "%ld", atomic_load(&seen));
    fd = open(count_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_write, fd, count, length) != length)
        refuse("the count cannot be written");
}
