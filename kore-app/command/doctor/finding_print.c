/* See finding_print.h. */
#include <stdio.h>
#include <string.h>

#include "output.h"

#include "finding_print.h"

static const char *
member(const gh_json *finding, const char *name)
{
	const char *text = gh_json_string(gh_json_get(finding, name));

	return text != NULL ? text : "";
}

void
finding_print(const gh_json *finding)
{
	const char *state = member(finding, "state"), *todo = member(finding, "todo");

	printf("%-8s %-22s ", strcmp(state, "error") == 0 ? "ERROR" : state,
	    member(finding, "code"));
	output_safe(stdout, member(finding, "what"));
	if (todo[0] != '\0') {
		printf("\n%32s", "-> ");
		output_safe(stdout, todo);
	}
	printf("\n");
}
