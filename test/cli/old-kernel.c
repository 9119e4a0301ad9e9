/*
 * For tests only: preloaded, it makes this machine one without the calls for struct termios2 (TCGETS2, TCSETS2), as an emulated or an
 * old one is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	void *argument = va_arg(args, void *);
	va_end(args);
	if (request >> 8 == 0x802c54 || request >> 8 == 0x402c54) {
		errno = ENOSYS;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, request, argument);
}
