/* What a hostile endpoint says before TLS, in each of the protocols that begin without it. The
 * first byte says which; all of it is there at once, and then the end. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scan/scan_start.h"
#include "timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan_link l = {.left = SCAN_BYTES_MAX};
	int pair[2];

	if (size == 0 || size > 32 * 1024) /* what a socket holds */
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		abort();
	if (send(pair[1], data + 1, size - 1, MSG_NOSIGNAL) != (ssize_t)size - 1)
		abort();
	shutdown(pair[1], SHUT_WR);
	l.fd = pair[0];
	l.end = gh_now_us() + 1000000;
	/* it says why not; and no byte is left over where TLS begins */
	if (scan_start(&l, (enum scan_start)(data[0] % SCAN_STARTS)) == (l.why[0] != '\0'))
		abort();
	close(pair[0]);
	close(pair[1]);
	return 0;
}
