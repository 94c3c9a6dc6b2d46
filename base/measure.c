/* One listener for what is measured. See measure.h. */
#include <stddef.h>

#include "measure.h"

static gh_measure_fn listener;

void
gh_measure_listen(gh_measure_fn fn)
{
	listener = fn;
}

void
gh_measure(enum gh_measure m, int kind, int64_t value, const char *name)
{
	if (listener != NULL)
		listener(m, kind, value, name);
}
