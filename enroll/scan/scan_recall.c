/* See scan_recall.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/inventory/endpoint_row.h"

#include "scan_recall.h"

#define KNOWN_MAX 10000

static int
compare(const void *x, const void *y)
{
	const struct scan_target *a = x, *b = y;
	int by_host = strcmp(a->host, b->host);

	if (by_host != 0)
		return by_host;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->start != b->start ? (a->start < b->start ? -1 : 1) : strcmp(a->sni, b->sni);
}

/* false: no target of today could be it. */
static bool
read_row(const gh_json *row, struct scan_target *t)
{
	const char *host = gh_json_string(gh_json_get(row, "host")),
		   *start = gh_json_string(gh_json_get(row, "start")),
		   *sni = gh_json_string(gh_json_get(row, "sni"));
	int64_t port = 0;
	int how = 0;

	memset(t, 0, sizeof(*t));
	if (host == NULL || start == NULL || sni == NULL ||
	    !gh_json_int(gh_json_get(row, "port"), &port) || port < 1 || port > 65535)
		return false;
	while (how < SCAN_STARTS && strcmp(scan_start_name((enum scan_start)how), start) != 0)
		how++;
	t->port = (int)port;
	t->start = (enum scan_start)how;
	return how < SCAN_STARTS &&
	    (size_t)snprintf(t->host, sizeof(t->host), "%s", host) < sizeof(t->host) &&
	    (size_t)snprintf(t->sni, sizeof(t->sni), "%s", sni) < sizeof(t->sni);
}

int
scan_recall(struct store *s, const struct scan_targets *t, bool *is_known, struct gh_error *err)
{
	gh_json *rows = NULL;
	struct scan_target *known;
	size_t n = 0;
	int rc = store_list_lossy_endpoints(s, KNOWN_MAX, &rows, err);

	if (rc != 0)
		return rc;
	if ((known = calloc(gh_json_size(rows) + 1, sizeof(*known))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "endpoints");
	for (size_t i = 0; rc == 0 && i < gh_json_size(rows); i++)
		n += read_row(gh_json_at(rows, i), &known[n]);
	if (n > 0)
		qsort(known, n, sizeof(*known), compare);
	for (size_t i = 0; n > 0 && i < t->n; i++)
		is_known[i] = bsearch(&t->v[i], known, n, sizeof(*known), compare) != NULL;
	free(known);
	gh_json_free(rows);
	return rc;
}
