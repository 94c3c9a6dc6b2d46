/* See request_confirm.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output.h"

#include "request_confirm.h"

int
request_confirm_show(const gh_json *preview)
{
	static const struct output_column diff[] = {{"WHAT", "name"}, {"LABEL", "label"},
	    {"STATE", "state"}, {"ASKED", "asked"}, {"CERTIFICATE", "result"}, {NULL, NULL}};
	int rc = output_object(preview, "rows");

	return rc == COMMAND_OK ? output_table(gh_json_get(preview, "rows"), diff) : rc;
}

bool
request_confirm_is_wanted(const struct verb_call *c)
{
	return !verb_shared.is_sure && !c->json && isatty(STDIN_FILENO);
}

void
request_confirm(struct verb_call *c, const gh_json *preview)
{
	char line[16];

	if ((c->exit = request_confirm_show(preview)) != COMMAND_OK)
		return;
	printf("\nApprove request %" PRId64 "? [y/N] ", c->id);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
		return;
	fprintf(stderr, "%s: not confirmed, nothing was changed\n", c->who);
	c->exit = COMMAND_FAILED;
}
