/* The protocol of sd_notify(3): one datagram to the socket that NOTIFY_SOCKET names; '@' is the
 * abstract namespace. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#include "run_notify.h"

void
run_notify(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;
	socklen_t len;
	int fd;

	if (n == 0)
		return;
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof(to.sun_path)) {
		gh_log(GH_LOG_ERROR, "NOTIFY_SOCKET: no path of a socket");
		return;
	}
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		gh_log(GH_LOG_ERROR, "cannot notify the service manager: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}
