/* `gatehouse scan probe`: the process that asks endpoints. run/prober_child.h starts it. */
#include <sys/prctl.h>

#include "scan/scan_serve.h"

#include "command.h"
#include "verb.h"

static int fd = -1;
static const struct option_row options[] = {
    {"fd", 0, OPTION_NUMBER, &fd, "N", "socket that the scan comes by"},
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	return fd > 2 ? COMMAND_OK
		      : command_usage(c->who, "a scan starts this itself: see `gatehouse scan`");
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	(void)c;
	(void)prctl(PR_SET_NAME, "gatehouse-scan");
	return scan_serve(fd, err);
}

const struct verb verb_scan_probe = {
    .usage = {"", 0, 0,
	"Asks the endpoints of a scan, which starts this process itself: it parses what strangers send, and has neither "
	"secrets nor rights.",
	NULL},
    .options = options,
    .check = check,
    .work = work,
};
