/* See progress.h. */
#include <stdarg.h>
#include <stdio.h>

#include "progress.h"

bool
gh_progress_is_stopping(const struct gh_progress *p)
{
	return p->is_stopping != NULL && p->is_stopping(p->arg);
}

void
gh_progress_tell(const struct gh_progress *p, const char *fmt, ...)
{
	char text[GH_PROGRESS_SIZE];
	va_list ap;

	if (p->tell == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->tell(p->arg, text);
}
