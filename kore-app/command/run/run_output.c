/* See run_output.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#include "run_output.h"

int
run_output_open(struct run_output *o, struct gh_error *err)
{
	if (pipe2(o->fd, O_CLOEXEC) != 0 || fcntl(o->fd[0], F_SETFL, O_NONBLOCK) != 0)
		return gh_fail(err, GH_E_INTERNAL, "pipe: %s", strerror(errno));
	return 0;
}

void
run_output_close(struct run_output *o)
{
	for (int i = 0; i < 2; i++) {
		if (o->fd[i] >= 0)
			close(o->fd[i]);
		o->fd[i] = -1;
	}
}

static void
put_line(struct run_output *o, const char *who)
{
	o->line[o->len] = '\0';
	if (o->len > 0)
		gh_log_kv(GH_LOG_WARN, who, "line", o->line, NULL);
	o->len = 0;
}

static void
put_byte(struct run_output *o, const char *who, char c)
{
	if (c == '\n' || o->len == sizeof(o->line) - 1)
		put_line(o, who);
	if (c != '\n')
		o->line[o->len++] = c;
}

void
run_output_read(struct run_output *o, const char *who)
{
	char bytes[1024];
	ssize_t n;

	while ((n = read(o->fd[0], bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			put_byte(o, who, bytes[i]);
}
