/* Runs that change the metadata of many certificates, over REST. See rest_metadata_run.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "inventory/metadata_csv.h"
#include "inventory/metadata_run.h"
#include "inventory/query_parse.h"
#include "store/inventory/metadata_run_row.h"

#include "rest_list.h"
#include "rest_metadata_run.h"

#define PATH_SIZE 64

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

static void
reply(struct worker_env *env, const struct call *call, int64_t id, int status,
    struct gh_http_reply *rep)
{
	struct rest_fields none = {0};
	struct gh_error err = {0};
	gh_json *run;

	if (store_get_metadata_run(env->store, id, &run, &err) != 0) {
		fail(call, &err, &none, rep);
		return;
	}
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, status, run);
}

/* ---- an order ---- */

/* What an order is made of, and what it points into. */
struct asked {
	struct metadata_run_order o;
	gh_json *body, *lines;
	char *text;
};

static void
clear(struct asked *a)
{
	gh_json_free(a->body);
	gh_json_free(a->lines);
	free(a->text);
}

static bool
read_flag(const gh_json *body, const char *name, struct rest_fields *f)
{
	const gh_json *v = gh_json_get(body, name);

	if (gh_json_type(v) != GH_JSON_NULL && gh_json_type(v) != GH_JSON_BOOL)
		rest_field_wrong(f, name, "It is true or false.");
	return gh_json_bool(v, false);
}

static void
check_members(const gh_json *body, struct rest_fields *f)
{
	static const char *const known[] = {"query", "values", "overwrite", "dry_run"};

	for (void *it = gh_json_iter(body); it != NULL; it = gh_json_next(body, it)) {
		const char *name = gh_json_iter_name(it);
		size_t i = 0;

		while (i < 4 && strcmp(name, known[i]) != 0)
			i++;
		if (i == 4)
			rest_field_wrong(f, name, "There is no such member.");
	}
}

static int
read_json(const struct call *call, struct asked *a, struct rest_fields *f, struct gh_error *err)
{
	static const char *const none[] = {NULL};
	int rc = rest_body(call, &a->body, err);

	if (rc != 0)
		return rc;
	rest_query_only(call, none, f);
	check_members(a->body, f);
	a->o.query = rest_text(f, a->body, "query", 1, QUERY_MAX_BYTES, true);
	a->o.values = gh_json_get(a->body, "values");
	if (gh_json_type(a->o.values) != GH_JSON_OBJECT)
		rest_field_wrong(f, "values",
		    "It is an object of fields and values; null takes a value away.");
	a->o.overwrites = read_flag(a->body, "overwrite", f);
	a->o.is_dry = read_flag(a->body, "dry_run", f);
	return rest_fields_check(f, err);
}

static bool
is_yes(struct rest_fields *f, const struct rest_param *p)
{
	static const char *const words[] = {"yes", "no", NULL};
	const char *word = rest_param_word(f, p, words);

	return word != NULL && *word == 'y';
}

static int
read_csv(const struct worker_env *env, const struct call *call, struct asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	struct rest_param p[] = {{"overwrite", NULL}, {"dry_run", NULL}, {"remove_empty", NULL}};
	size_t n = call->http->body_len;
	bool takes_away = false;
	int rc = rest_params_read(call, p, 3, f, err);

	if (rc == 0) {
		a->o.overwrites = is_yes(f, &p[0]);
		a->o.is_dry = is_yes(f, &p[1]);
		takes_away = is_yes(f, &p[2]);
		rc = rest_fields_check(f, err);
	}
	rest_params_clear(p, 3);
	if (rc == 0 && (a->text = malloc(n + 1)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "file of metadata");
	if (rc != 0)
		return rc;
	if (n > 0)
		memcpy(a->text, call->http->body, n);
	a->text[n] = '\0';
	rc = metadata_csv_read(env->catalog->field, env->catalog->fields, a->text, n, takes_away,
	    &a->lines, err);
	a->o.lines = a->lines;
	return rc;
}

static int
order(const struct cert_metadata_env *env, const struct requester *who,
    const struct metadata_run_order *o, struct rest_fields *f, int64_t *id, struct gh_error *err)
{
	int rc = metadata_run_start(env, who, o, id, err);

	return rc == GH_E_BAD_REQUEST && o->query != NULL ? rest_query_refused(f, err) : rc;
}

void
rest_metadata_run_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct cert_metadata_env e = {.store = env->store, .catalog = env->catalog};
	struct asked a = {.o = {.request_id = call->http->request_id}};
	struct rest_fields f = {0};
	struct gh_error err = {0};
	const struct metadata_field *about;
	char path[PATH_SIZE];
	int64_t id;
	int rc = gh_http_is_json(gh_http_header(call->http, "content-type"))
	    ? read_json(call, &a, &f, &err)
	    : read_csv(env, call, &a, &f, &err);

	if (rc == 0)
		rc = order(&e, call->requester, &a.o, &f, &id, &err);
	if (rc == 0) {
		snprintf(path, sizeof(path), "/pki/metadata-runs/%" PRId64, id);
		gh_http_reply_header(rep, "Location", path);
		reply(env, call, id, 201, rep);
	} else {
		about = metadata_blamed(env->catalog->field, env->catalog->fields, &err);
		if (about != NULL)
			rest_field_refused(&f, about->name, &err);
		fail(call, &err, &f, rep);
	}
	clear(&a);
}

/* ---- what there is ---- */

void
rest_metadata_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(env, call, call_number(call->parts, "id"), 200, rep);
}

static void
read_paging(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	*(struct rest_paging *)filter = rest_param_paging(f, p);
}

static int
read_runs(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct rest_paging *p = filter;

	(void)call;
	return store_list_metadata_runs(env->store, p->after_id, p->limit, p->newest_first, entries,
	    next, err);
}

void
rest_metadata_runs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, NULL};
	static const struct rest_list list = {names, read_paging, read_runs};
	struct rest_paging p = {0};

	rest_list_reply(&list, env, call, &p, rep);
}

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const outcomes[] = {"changed", "same", "refused", NULL};
	struct store_metadata_items *q = filter;
	struct rest_paging paging = rest_param_paging(f, p);

	if (paging.newest_first)
		rest_field_wrong(f, "order", "Items are in the order of lines or certificates.");
	q->after = paging.after_id;
	q->limit = paging.limit;
	q->outcome = rest_param_word(f, &p[REST_PAGE_PARAMS_N], outcomes);
}

static int
read_items(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct store_metadata_items *q = filter;
	gh_json *run;
	int rc = store_get_metadata_run(env->store, q->run_id, &run, err);

	(void)call;
	gh_json_free(run);
	return rc == 0 ? store_list_metadata_items(env->store, q, entries, next, err) : rc;
}

void
rest_metadata_run_items(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "outcome", NULL};
	static const struct rest_list list = {names, read_filter, read_items};
	struct store_metadata_items q = {.run_id = call_number(call->parts, "id")};

	rest_list_reply(&list, env, call, &q, rep);
}

/* ---- its end ---- */

void
rest_metadata_run_cancel(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	int64_t id = call_number(call->parts, "id");
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *body = NULL;
	const char *status;
	int rc = rest_body(call, &body, &err);

	if (rc == 0) {
		status = rest_text(&f, body, "status", 1, 20, true);
		if (status != NULL && strcmp(status, "cancelled") != 0)
			rest_field_wrong(&f, "status", "The status can only become cancelled.");
		rc = rest_fields_check(&f, &err);
	}
	if (rc == 0)
		rc = metadata_run_cancel(env->store, call->requester, id, call->http->request_id,
		    &err);
	gh_json_free(body);
	if (rc == 0)
		reply(env, call, id, 200, rep);
	else
		fail(call, &err, &f, rep);
}
