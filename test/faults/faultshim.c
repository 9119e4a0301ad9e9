/*
 * For tests only: preloaded into the daemon, lets one chosen system call fail or fall short. A test says which through a file that
 * both map: struct control below, whose layout shim.ts knows. Calls on chosen devices can also take long, each of them.
 *
 * Counted are calls on terminals, on internet sockets, and on files whose path has a given word in it or that become lock files; not
 * those of the runtime itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum op { OPEN, READ, WRITE, IOCTL, ACCEPT, FSYNC, LINK, OPS };

struct control {
	uint32_t op;        /* which call fails */
	uint32_t countdown; /* the how manieth from now; 0: none */
	int32_t error;      /* its errno; 0: it falls short */
	uint32_t fired;     /* how many have */
	uint32_t seen[OPS]; /* calls counted */
	uint32_t pad;
	char word[208];     /* what a path must have in it */
	uint32_t slow;      /* calls that take long: a bit for each of OPEN and IOCTL, and SLOW_CLOSE */
	uint32_t slow_us;   /* how long */
	char slow_word[56]; /* of which devices: what the path they were opened by must have in it */
};

#define SLOW_CLOSE (1u << OPS)
#define MARKS 65536
/* Descriptors of slow devices. */
static unsigned char marked[MARKS];

static struct control *control;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("FAULTSHIM_FILE");
	if (path == NULL)
		return;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (at != MAP_FAILED)
		control = at;
}

/* Whether this call is the one; *error is 0 when it falls short. */
static int strikes(enum op op, int *error)
{
	__atomic_add_fetch(&control->seen[op], 1, __ATOMIC_SEQ_CST);
	if (control->op != op || control->countdown == 0)
		return 0;
	if (__atomic_sub_fetch(&control->countdown, 1, __ATOMIC_SEQ_CST) != 0)
		return 0;
	*error = control->error;
	__atomic_add_fetch(&control->fired, 1, __ATOMIC_SEQ_CST);
	return 1;
}

static void take_long(uint32_t which)
{
	if ((control->slow & which) == 0)
		return;
	struct timespec left = { control->slow_us / 1000000, control->slow_us % 1000000 * 1000L };
	while (nanosleep(&left, &left) != 0)
		;
}

static int is_slow(const char *path)
{
	return control != NULL && control->slow != 0 && path != NULL && strstr(path, control->slow_word) != NULL;
}

static void mark(int fd, int slow)
{
	if (fd >= 0 && fd < MARKS)
		marked[fd] = slow != 0;
}

static int is_marked(int fd)
{
	return control != NULL && fd >= 0 && fd < MARKS && marked[fd];
}

static int path_counts(const char *path)
{
	return control != NULL && path != NULL && control->word[0] != 0 && (strstr(path, control->word) != NULL || strstr(path, "/LTMP.") != NULL);
}

static int fd_counts(int fd)
{
	struct stat st;
	if (control == NULL || fd < 3 || fstat(fd, &st) != 0)
		return 0;
	if (S_ISCHR(st.st_mode))
		return major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143;
	if (S_ISSOCK(st.st_mode)) {
		int domain = 0;
		socklen_t length = sizeof domain;
		return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && (domain == AF_INET || domain == AF_INET6);
	}
	if (S_ISREG(st.st_mode)) {
		char name[64], path[512];
		int at = 0;
		for (const char *p = "/proc/self/fd/"; *p; p++)
			name[at++] = *p;
		char digits[12];
		int n = 0;
		do
			digits[n++] = (char)('0' + fd % 10);
		while ((fd /= 10) > 0);
		while (n > 0)
			name[at++] = digits[--n];
		name[at] = 0;
		ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path - 1);
		if (length <= 0)
			return 0;
		path[length] = 0;
		return path_counts(path);
	}
	return 0;
}

#define REAL(name) \
	static __typeof__(&name) real; \
	if (real == NULL) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAIL(error) \
	do { \
		errno = (error) ? (error) : EIO; \
		return -1; \
	} while (0)

#define OPENER(name) \
	int name(const char *path, int flags, ...) \
	{ \
		REAL(name); \
		va_list more; \
		va_start(more, flags); \
		mode_t mode = va_arg(more, mode_t); \
		va_end(more); \
		int error; \
		if (path_counts(path) && strikes(OPEN, &error)) \
			FAIL(error); \
		int slow = is_slow(path); \
		if (slow) \
			take_long(1u << OPEN); \
		int fd = real(path, flags, mode); \
		mark(fd, slow); \
		return fd; \
	}
OPENER(open)
OPENER(open64)

/* open() as programs call it that are compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}
int __open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

#define OPENER_AT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		REAL(name); \
		va_list more; \
		va_start(more, flags); \
		mode_t mode = va_arg(more, mode_t); \
		va_end(more); \
		int error; \
		if (path_counts(path) && strikes(OPEN, &error)) \
			FAIL(error); \
		return real(dir, path, flags, mode); \
	}
OPENER_AT(openat)
OPENER_AT(openat64)

ssize_t read(int fd, void *to, size_t size)
{
	REAL(read);
	int error;
	if (size > 0 && fd_counts(fd) && strikes(READ, &error)) {
		if (error != 0)
			FAIL(error);
		size = 1;
	}
	return real(fd, to, size);
}

ssize_t write(int fd, const void *from, size_t size)
{
	REAL(write);
	int error;
	if (size > 0 && fd_counts(fd) && strikes(WRITE, &error)) {
		if (error != 0)
			FAIL(error);
		size = 1;
	}
	return real(fd, from, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	REAL(writev);
	int error;
	if (count > 0 && fd_counts(fd) && strikes(WRITE, &error)) {
		if (error != 0)
			FAIL(error);
		struct iovec one = { parts[0].iov_base, parts[0].iov_len > 0 ? 1 : 0 };
		return real(fd, &one, 1);
	}
	return real(fd, parts, count);
}

#define AT_OFFSET(name, pointer, op_) \
	ssize_t name(int fd, pointer data, size_t size, off_t at) \
	{ \
		REAL(name); \
		int error; \
		if (size > 0 && fd_counts(fd) && strikes(op_, &error)) { \
			if (error != 0) \
				FAIL(error); \
			size = 1; \
		} \
		return real(fd, data, size, at); \
	}
AT_OFFSET(pread, void *, READ)
AT_OFFSET(pread64, void *, READ)
AT_OFFSET(pwrite, const void *, WRITE)
AT_OFFSET(pwrite64, const void *, WRITE)

int close(int fd)
{
	REAL(close);
	if (is_marked(fd)) {
		marked[fd] = 0;
		take_long(SLOW_CLOSE);
	}
	return real(fd);
}

/* The runtime closes files by number. */
long syscall(long number, ...)
{
	REAL(syscall);
	va_list more;
	va_start(more, number);
	long a[6];
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	if (number == SYS_close && is_marked((int)a[0])) {
		marked[a[0]] = 0;
		take_long(SLOW_CLOSE);
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The C library's own ioctls do not come by here. */
int tcsetattr(int fd, int when, const struct termios *settings)
{
	REAL(tcsetattr);
	if (is_marked(fd))
		take_long(1u << IOCTL);
	return real(fd, when, settings);
}

int tcflush(int fd, int queue)
{
	REAL(tcflush);
	if (is_marked(fd))
		take_long(1u << IOCTL);
	return real(fd, queue);
}

int ioctl(int fd, unsigned long request, ...)
{
	REAL(ioctl);
	va_list more;
	va_start(more, request);
	void *argument = va_arg(more, void *);
	va_end(more);
	int error;
	if (fd_counts(fd) && strikes(IOCTL, &error))
		FAIL(error);
	if (is_marked(fd))
		take_long(1u << IOCTL);
	return real(fd, request, argument);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	REAL(accept4);
	int error;
	if (fd_counts(fd) && strikes(ACCEPT, &error))
		FAIL(error);
	return real(fd, address, length, flags);
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
	REAL(accept);
	int error;
	if (fd_counts(fd) && strikes(ACCEPT, &error))
		FAIL(error);
	return real(fd, address, length);
}

int fsync(int fd)
{
	REAL(fsync);
	int error;
	if (fd_counts(fd) && strikes(FSYNC, &error))
		FAIL(error);
	return real(fd);
}

#define TWO_PATHS(name) \
	int name(const char *from, const char *to) \
	{ \
		REAL(name); \
		int error; \
		if (path_counts(to) && strikes(LINK, &error)) \
			FAIL(error); \
		return real(from, to); \
	}
TWO_PATHS(link)
TWO_PATHS(rename)

int unlink(const char *path)
{
	REAL(unlink);
	int error;
	if (path_counts(path) && strikes(LINK, &error))
		FAIL(error);
	return real(path);
}
