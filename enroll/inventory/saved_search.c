/* Saved searches. See saved_search.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_cache.h"
#include "timestamp.h"
#include "utf8.h"

#include "cert_member.h"
#include "cert_order.h"
#include "query_parse.h"
#include "saved_search.h"

/* It is a part of a path. */
#define NAME_MAX_BYTES 64
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define DESCRIPTION_MAX 500

/* ---- what is kept ---- */

static bool
is_name(const char *name)
{
	size_t n = strspn(name, NAME_CHARS);

	return n > 0 && n <= NAME_MAX_BYTES && name[n] == '\0' && strchr("._-", *name) == NULL;
}

/* The query, and the order by it. */
static int
check_query(const struct catalog *catalog, const struct requester *who,
    const struct saved_search_order *o, struct gh_error *err)
{
	const struct query_env env = {.field = catalog->field,
	    .fields = catalog->fields,
	    .me = who->name,
	    .now = gh_now()};
	struct cert_node *condition = NULL;
	struct cert_order order;
	struct gh_error why = {0};
	int rc = query_parse(o->query, &env, &condition, &why);

	if (rc == GH_E_BAD_REQUEST)
		return gh_refuse(err, GH_E_VALIDATION, "query: %s", why.message);
	if (rc == 0 && !cert_order_find(&env, o->order_by, condition, &order))
		rc = gh_refuse(&why, GH_E_VALIDATION, "order_by: " CERT_ORDER_WORDS ".");
	cert_node_free(condition);
	*err = why;
	return rc;
}

static int
check_order(const struct catalog *catalog, const struct saved_search_order *o, struct gh_error *err)
{
	struct cert_members members;
	struct gh_error why;

	if (!is_name(o->name))
		return gh_refuse(err, GH_E_VALIDATION,
		    "name: 1 to %d letters, digits, points, - and _, which begin with a letter or digit.",
		    NAME_MAX_BYTES);
	if (o->description != NULL &&
	    gh_utf8_length(o->description, strlen(o->description)) > DESCRIPTION_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "description: at most %d characters.",
		    DESCRIPTION_MAX);
	if (o->order != NULL && strcmp(o->order, "asc") != 0 && strcmp(o->order, "desc") != 0)
		return gh_refuse(err, GH_E_VALIDATION, "order: asc or desc.");
	if (o->fields != NULL &&
	    !cert_members_read(o->fields, catalog->field, catalog->fields, &members, &why))
		return gh_refuse(err, GH_E_VALIDATION, "fields: %s", why.message);
	return 0;
}

/* ---- who, and which version ---- */

static bool
is_mine(const gh_json *row)
{
	return gh_json_bool(gh_json_get(row, "mine"), false);
}

static int
version_of(const gh_json *row)
{
	int64_t version = 0;

	(void)gh_json_int(gh_json_get(row, "version"), &version);
	return (int)version;
}

char *
saved_search_etag(const gh_json *row, char out[SAVED_SEARCH_ETAG_SIZE])
{
	snprintf(out, SAVED_SEARCH_ETAG_SIZE, "\"v%d\"", version_of(row));
	return out;
}

static int
check_right(const struct saved_search_order *o, const gh_json *row, struct gh_error *err)
{
	if (row == NULL || is_mine(row) || o->may_change_all)
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "This search is shared by somebody else. Take another name.");
}

/* if_match: of what was read; a new one has none. */
static int
check_match(const struct saved_search_order *o, const gh_json *row, struct gh_error *err)
{
	char etag[SAVED_SEARCH_ETAG_SIZE];

	if (row == NULL && o->if_match != NULL)
		return gh_refuse(err, GH_E_PRECONDITION,
		    "There is no saved search of this name any more.");
	if (row == NULL || o->if_match == NULL)
		return 0;
	if (gh_http_matches(o->if_match, saved_search_etag(row, etag)))
		return 0;
	return gh_refuse(err, GH_E_PRECONDITION,
	    "The saved search has changed since you read it. Read it again and decide anew.");
}

static int
find(struct store *store, const struct requester *who, const char *name, gh_json **row,
    struct gh_error *err)
{
	int rc = store_find_saved_search(store, who, name, row, err);

	if (rc != GH_E_NOT_FOUND)
		return rc;
	gh_error_clear(err);
	return 0;
}

/* Where row is one, in its place, and under the name as it is written there. */
static struct store_saved_search
new_value(const struct saved_search_order *o, const gh_json *row)
{
	struct store_saved_search v = {.name = o->name,
	    .query = o->query,
	    .description = o->description,
	    .order_by = o->order_by,
	    .order = o->order,
	    .fields = o->fields,
	    .is_shared = o->is_shared,
	    .request_id = o->request_id};

	if (row == NULL)
		return v;
	(void)gh_json_int(gh_json_get(row, "id"), &v.id);
	v.version = version_of(row);
	v.name = gh_json_string(gh_json_get(row, "name"));
	return v;
}

static int
check_all(const struct catalog *catalog, const struct requester *who,
    const struct saved_search_order *o, const gh_json *row, struct gh_error *err)
{
	int rc = check_right(o, row, err);

	if (rc == 0 && o->is_shared && !o->may_share)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "Officers, auditors and administrators share searches.");
	if (rc == 0 && row != NULL && o->if_match == NULL)
		rc = gh_refuse(err, GH_E_UNCONDITIONAL,
		    "What replaces a saved search needs the header If-Match, with the ETag of the one "
		    "that you read.");
	if (rc == 0 && (rc = check_match(o, row, err)) == 0 &&
	    (rc = check_order(catalog, o, err)) == 0)
		rc = check_query(catalog, who, o, err);
	return rc;
}

int
saved_search_put(struct store *store, const struct catalog *catalog, const struct requester *who,
    const struct saved_search_order *o, gh_json **out, bool *is_new, struct gh_error *err)
{
	struct store_saved_search v;
	gh_json *row = NULL;
	int rc = find(store, who, o->name, &row, err);

	*out = NULL;
	*is_new = row == NULL;
	if (rc == 0 && (rc = check_all(catalog, who, o, row, err)) == 0) {
		v = new_value(o, row);
		rc = store_put_saved_search(store, who, &v, err);
	}
	gh_json_free(row);
	return rc == 0 ? store_find_saved_search(store, who, o->name, out, err) : rc;
}

int
saved_search_remove(struct store *store, const struct requester *who,
    const struct saved_search_order *o, struct gh_error *err)
{
	struct store_saved_search v;
	gh_json *row;
	int rc = store_find_saved_search(store, who, o->name, &row, err);

	if (rc == 0 && (rc = check_right(o, row, err)) == 0 &&
	    (rc = check_match(o, row, err)) == 0) {
		v = new_value(o, row);
		rc = store_remove_saved_search(store, who, &v, err);
	}
	gh_json_free(row);
	return rc;
}
