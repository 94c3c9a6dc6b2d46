/* Packages of a client. See package_list.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/package/package_row.h"
#include "timestamp.h"

#include "package_client.h"
#include "package_list.h"

#define OBJECT "package/"

char *
package_object(int64_t id, char out[PACKAGE_OBJECT_SIZE])
{
	snprintf(out, PACKAGE_OBJECT_SIZE, OBJECT "%lld", (long long)id);
	return out;
}

bool
package_is_open(const struct package *p)
{
	return p->is_his && !p->is_expired;
}

static int64_t
number(const gh_json *row, const char *member)
{
	int64_t v = 0;

	return gh_json_int(gh_json_get(row, member), &v) ? v : 0;
}

static int
read_row(const gh_json *row, const struct package_viewer *viewer, struct package *p,
    struct gh_error *err)
{
	const char *kind = gh_json_string(gh_json_get(row, "kind"));
	const char *audience = gh_json_string(gh_json_get(row, "audience"));
	int64_t expires = number(row, "expires_at");

	if (kind == NULL || audience == NULL || !package_kind_find(kind, &p->kind))
		return gh_fail(err, GH_E_INTERNAL, "a package of an unknown kind");
	p->row = row;
	p->id = number(row, "id");
	p->size = number(row, "size");
	p->added = number(row, "added_at");
	p->wants_receipt = gh_json_bool(gh_json_get(row, "wants_receipt"), false);
	p->is_expired = expires != 0 && expires <= gh_now();
	p->is_his = package_is_for(audience, viewer->who, viewer->entry);
	return 0;
}

static int
compare_id(const void *key, const void *element)
{
	int64_t id = *(const int64_t *)key, its = ((const struct package *)element)->id;

	return id < its ? -1 : id > its;
}

static void
note_delivery(struct package_list *l, const struct store_delivery *d)
{
	struct package *p;
	int64_t id;

	if (strncmp(d->object, OBJECT, strlen(OBJECT)) != 0)
		return;
	id = strtoll(d->object + strlen(OBJECT), NULL, 10);
	p = bsearch(&id, l->package, l->n, sizeof(*l->package), compare_id);
	if (p == NULL)
		return; /* removed meanwhile */
	p->first = d->first;
	p->last = d->last;
	p->answered = d->answered;
}

static int
load_deliveries(struct store *s, const struct package_viewer *viewer, struct package_list *l,
    struct gh_error *err)
{
	char client[PACKAGE_CLIENT_SIZE];
	int rc;

	if (viewer->who == NULL)
		return 0;
	package_client_key(viewer->who, client);
	if ((rc = store_load_deliveries(s, client, &l->deliveries, err)) != 0)
		return rc;
	l->now = l->deliveries.now;
	for (size_t i = 0; i < l->deliveries.n; i++)
		note_delivery(l, &l->deliveries.row[i]);
	return 0;
}

void
package_list_times(const struct package_list *l, const char *object, int64_t *first, int64_t *last)
{
	*first = *last = 0;
	for (size_t i = 0; i < l->deliveries.n && *first == 0; i++)
		if (strcmp(l->deliveries.row[i].object, object) == 0) {
			*first = l->deliveries.row[i].first;
			*last = l->deliveries.row[i].last;
		}
}

int
package_list_load(struct store *s, const struct package_viewer *viewer, struct package_list *out,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_share_packages(s, &out->rows, err)) != 0)
		return rc;
	if ((out->package = calloc(gh_json_size(out->rows) + 1, sizeof(*out->package))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "packages");
	for (size_t i = 0; rc == 0 && i < gh_json_size(out->rows); i++)
		if ((rc = read_row(gh_json_at(out->rows, i), viewer, &out->package[i], err)) == 0)
			out->n++;
	if (rc == 0)
		rc = load_deliveries(s, viewer, out, err);
	if (rc != 0)
		package_list_clear(out);
	return rc;
}

void
package_list_clear(struct package_list *l)
{
	free(l->package);
	gh_json_free(l->rows);
	store_deliveries_clear(&l->deliveries);
	memset(l, 0, sizeof(*l));
}
