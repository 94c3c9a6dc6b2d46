/* What the tests of the route table share: a configuration, paths for its rows, and dispatching
 * without what stands behind it. */
#ifndef TEST_ROUTE_CASE_H
#define TEST_ROUTE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "routes/routes.h"

static struct gh_conf conf;
static int calls; /* of answer(), since dispatch() */

static inline void
route_case_begin(void)
{
	conf.certenroll.prefixes = "";
	conf.gateway.origins = "";
	conf.certenroll.denied_status = 403;
}

static inline const char *
header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return rep->header[i].value;
	return NULL;
}

/* A path for a row: variables filled in with their first or last value. */
static inline void
make_path(const struct route *r, bool last, char *out)
{
	const char *p = r->pattern;

	while (*p != '\0') {
		if (*p != '{') {
			*out++ = *p++;
			continue;
		}
		if (strncmp(p, "{id}", 4) == 0)
			out = stpcpy(out, last ? "9223372036854775807" : "1");
		else
			out = stpcpy(out, !last ? "1" : strncmp(p, "{v12}", 5) == 0 ? "2" : "3");
		p = strchr(p, '}') + 1;
	}
	*out = '\0';
}

static inline int
find(unsigned method, const char *path, struct route_match *m)
{
	return route_find(&conf, (enum gh_http_method)method, path, m, NULL);
}

/* A handler that says whether it was called. */
static inline void
answer(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	assert_ptr_equal(env->conf, &conf);
	calls++;
	gh_http_reply_text(rep, 200, "text/plain", call->version == 2 ? strdup("two") : NULL);
}

/* The row, of any table, on the event loop or in place of it; nothing is known but conf. */
static inline void
dispatch(const struct route *r, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace)
{
	struct worker_env env = {.conf = &conf};
	struct route_match m = {.route = r, .version = 2};

	calls = 0;
	memset(rep, 0, sizeof(*rep));
	memset(trace, 0, sizeof(*trace));
	route_dispatch(&env, NULL, &m, req, rep, trace);
}

#endif
