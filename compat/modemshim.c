/*
 * Preloaded into a program, gives its ptys what a serial port has and a pty
 * lacks: modem lines, and a data size and parity that are remembered.
 *
 * A pty /dev/pts/N takes part when the file $MODEMSHIM_DIR/N.lines exists.
 * Files, all text:
 *   N.lines   read at each question: the input lines that are on (CTS DSR RI CD)
 *   N.fault   read at each call: "CALL ERRNO", that call fails with that number
 *   N.events  written: one line for each thing that became different on the
 *             wire (DTR, RTS, break), each timed break and each flush
 *   N.cflag   written: the c_cflag last asked for
 *
 * A flush takes nothing away: what a pty still holds at that moment is chance.
 * As a driver does: the first open raises DTR and RTS, and the last close drops
 * them when HUPCL is set.
 *
 * Build: cc -shared -fPIC -o modemshim.so modemshim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define GETS2 0x802C542AUL
#define SETS2 0x402C542BUL
#define SETSW2 0x402C542CUL
#define SETSF2 0x402C542DUL
#define LOST (CSIZE | PARENB)
#define PTYS 4096

static struct port {
    int opens, outputs, held, asked;
    tcflag_t cflag;
    struct serial_rs485 rs485;
} ports[PTYS];

#define REAL(type, name, ...)                                  \
    static type (*real)(__VA_ARGS__);                          \
    if (!real)                                                 \
        real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int raw_open(const char *path, int flags)
{
    return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static const char *path_of(int pty, const char *what)
{
    static __thread char path[512];
    snprintf(path, sizeof path, "%s/%d.%s", getenv("MODEMSHIM_DIR"), pty, what);
    return path;
}

static int read_text(int pty, const char *what, char *text, size_t size)
{
    int fd = raw_open(path_of(pty, what), O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        syscall(SYS_close, fd);
    text[n > 0 ? n : 0] = 0;
    return fd >= 0;
}

static void write_text(int pty, const char *what, int flags, const char *text)
{
    int fd = raw_open(path_of(pty, what), O_WRONLY | O_CREAT | flags);

    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        perror("modemshim");
    syscall(SYS_close, fd);
}

static void event(int pty, const char *text)
{
    char line[128];

    snprintf(line, sizeof line, "%s\n", text);
    write_text(pty, "events", O_APPEND, line);
}

/* The number of the pty a descriptor stands for, when it takes part; else -1. */
static int pty_of(int fd)
{
    struct stat st;
    char text[8];
    int pty, saved = errno;

    if (!getenv("MODEMSHIM_DIR") || fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < 136 || major(st.st_rdev) > 143) {
        errno = saved;
        return -1;
    }
    pty = (major(st.st_rdev) - 136) * 256 + minor(st.st_rdev);
    if (pty >= PTYS || !read_text(pty, "lines", text, sizeof text))
        pty = -1;
    errno = saved;
    return pty;
}

static int fails(int pty, const char *call)
{
    char text[256], name[64], *at = text;
    int number, used;

    read_text(pty, "fault", text, sizeof text);
    while (sscanf(at, "%63s %d%n", name, &number, &used) == 2) {
        if (strcmp(name, call) == 0) {
            errno = number;
            return 1;
        }
        at += used;
    }
    return 0;
}

static void set_outputs(int pty, int bits)
{
    int before = ports[pty].outputs;

    bits &= TIOCM_DTR | TIOCM_RTS;
    ports[pty].outputs = bits;
    if ((before ^ bits) & TIOCM_DTR)
        event(pty, bits & TIOCM_DTR ? "DTR on" : "DTR off");
    if ((before ^ bits) & TIOCM_RTS)
        event(pty, bits & TIOCM_RTS ? "RTS on" : "RTS off");
}

static int get_lines(int pty)
{
    static const struct { const char *name; int bit; } INPUTS[] = {
        { "CTS", TIOCM_CTS }, { "DSR", TIOCM_DSR }, { "RI", TIOCM_RNG }, { "CD", TIOCM_CAR }
    };
    char text[256];
    int bits = ports[pty].outputs;

    read_text(pty, "lines", text, sizeof text);
    for (size_t i = 0; i < sizeof INPUTS / sizeof *INPUTS; i++)
        if (strstr(text, INPUTS[i].name))
            bits |= INPUTS[i].bit;
    return bits;
}

static void opened(int fd)
{
    int pty = fd < 0 ? -1 : pty_of(fd);

    if (pty >= 0 && ports[pty].opens++ == 0)
        set_outputs(pty, TIOCM_DTR | TIOCM_RTS);
}

static void closing(int fd)
{
    int pty = pty_of(fd);
    struct termios t;

    if (pty < 0 || ports[pty].opens == 0 || --ports[pty].opens != 0)
        return;
    if (tcgetattr(fd, &t) == 0 && t.c_cflag & HUPCL)
        set_outputs(pty, 0);
}

static void asked(int pty, tcflag_t cflag)
{
    char text[32];

    ports[pty].cflag = cflag;
    ports[pty].asked = 1;
    snprintf(text, sizeof text, "%u", (unsigned)cflag);
    write_text(pty, "cflag", O_TRUNC, text);
}

static tcflag_t remembered(int pty, tcflag_t cflag)
{
    return ports[pty].asked ? (cflag & ~LOST) | (ports[pty].cflag & LOST) : cflag;
}

static int timed_break(int pty)
{
    if (fails(pty, "TCSBRK"))
        return -1;
    event(pty, "timed break");
    return 0;
}

static void flushed(int pty, int queue)
{
    event(pty, queue == TCIFLUSH ? "flush input" : queue == TCOFLUSH ? "flush output" : "flush both");
}

/* 0 and *result set: answered here. */
static int answer(int pty, unsigned long request, void *arg, int *result)
{
    int bits;

    *result = 0;
    switch (request) {
    case TIOCMGET:
        if (fails(pty, "TIOCMGET"))
            *result = -1;
        else
            *(int *)arg = get_lines(pty);
        return 0;
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
        bits = *(int *)arg;
        if (fails(pty, "TIOCMSET"))
            *result = -1;
        else
            set_outputs(pty, request == TIOCMSET ? bits : request == TIOCMBIS ? ports[pty].outputs | bits : ports[pty].outputs & ~bits);
        return 0;
    case TIOCSBRK:
    case TIOCCBRK:
        if (fails(pty, request == TIOCSBRK ? "TIOCSBRK" : "TIOCCBRK")) {
            *result = -1;
        } else if (ports[pty].held != (request == TIOCSBRK)) {
            ports[pty].held = request == TIOCSBRK;
            event(pty, ports[pty].held ? "break on" : "break off");
        }
        return 0;
    case TCSBRK:
        if (arg)
            return -1; /* a wait for the output, not a break */
        *result = timed_break(pty);
        return 0;
    case TCSBRKP:
        *result = timed_break(pty);
        return 0;
    case TIOCSRS485:
        if (fails(pty, "TIOCSRS485"))
            *result = -1;
        else {
            char text[96];
            memcpy(&ports[pty].rs485, arg, sizeof ports[pty].rs485);
            snprintf(text, sizeof text, "rs485 flags %#x before %u after %u", ports[pty].rs485.flags,
                     ports[pty].rs485.delay_rts_before_send, ports[pty].rs485.delay_rts_after_send);
            event(pty, text);
        }
        return 0;
    case TIOCGRS485:
        memcpy(arg, &ports[pty].rs485, sizeof ports[pty].rs485);
        return 0;
    case TIOCGICOUNT:
        memset(arg, 0, sizeof(struct serial_icounter_struct));
        return 0;
    }
    return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
    REAL(int, "ioctl", int, unsigned long, ...);
    va_list args;
    void *arg;
    tcflag_t *flags, wanted;
    int pty, result;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    pty = pty_of(fd);
    if (pty < 0)
        return real(fd, request, arg);
    if (answer(pty, request, arg, &result) == 0)
        return result;
    flags = arg; /* c_iflag c_oflag c_cflag c_lflag */
    switch (request) {
    case TCGETS:
    case GETS2:
        result = real(fd, request, arg);
        if (result == 0)
            flags[2] = remembered(pty, flags[2]);
        return result;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case SETS2:
    case SETSW2:
    case SETSF2:
        wanted = flags[2];
        flags[2] = (wanted & ~LOST) | CS8;
        result = real(fd, request, arg);
        flags[2] = wanted;
        if (result == 0)
            asked(pty, wanted);
        return result;
    case TCFLSH:
        flushed(pty, (int)(long)arg);
        return 0;
    }
    return real(fd, request, arg);
}

int tcgetattr(int fd, struct termios *t)
{
    REAL(int, "tcgetattr", int, struct termios *);
    int pty = pty_of(fd), result = real(fd, t);

    if (pty >= 0 && result == 0)
        t->c_cflag = remembered(pty, t->c_cflag);
    return result;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
    REAL(int, "tcsetattr", int, int, const struct termios *);
    struct termios kept = *t;
    int pty = pty_of(fd), result;

    if (pty < 0)
        return real(fd, when, t);
    kept.c_cflag = (t->c_cflag & ~LOST) | CS8;
    result = real(fd, when, &kept);
    if (result == 0)
        asked(pty, t->c_cflag);
    return result;
}

int tcflush(int fd, int queue)
{
    REAL(int, "tcflush", int, int);
    int pty = pty_of(fd);

    if (pty < 0)
        return real(fd, queue);
    flushed(pty, queue);
    return 0;
}

int tcsendbreak(int fd, int duration)
{
    REAL(int, "tcsendbreak", int, int);
    int pty = pty_of(fd);

    return pty >= 0 ? timed_break(pty) : real(fd, duration);
}

#define OPEN(name)                                             \
    int name(const char *path, int flags, ...)                 \
    {                                                          \
        REAL(int, #name, const char *, int, ...);              \
        va_list args;                                          \
        mode_t mode;                                           \
        int fd;                                                \
        va_start(args, flags);                                 \
        mode = va_arg(args, mode_t);                           \
        va_end(args);                                          \
        fd = real(path, flags, mode);                          \
        opened(fd);                                            \
        return fd;                                             \
    }
OPEN(open)
OPEN(open64)

/* What open() without a mode becomes under _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

static int copied(int fd)
{
    int pty = fd < 0 ? -1 : pty_of(fd);

    if (pty >= 0)
        ports[pty].opens++;
    return fd;
}

#define FCNTL(name)                                                        \
    int name(int fd, int cmd, ...)                                         \
    {                                                                      \
        REAL(int, #name, int, int, ...);                                   \
        va_list args;                                                      \
        void *arg;                                                         \
        int result;                                                        \
        va_start(args, cmd);                                               \
        arg = va_arg(args, void *);                                        \
        va_end(args);                                                      \
        result = real(fd, cmd, arg);                                       \
        return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? copied(result) : result; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

int dup(int fd)
{
    REAL(int, "dup", int);

    return copied(real(fd));
}

int close(int fd)
{
    REAL(int, "close", int);

    closing(fd);
    return real(fd);
}

/* libuv closes this way. */
long syscall(long number, ...)
{
    REAL(long, "syscall", long, ...);
    va_list args;
    long a[6];

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_close && a[0] >= 0 && getenv("MODEMSHIM_DIR"))
        closing(a[0]);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
