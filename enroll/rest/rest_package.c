/* Packages for EST clients over REST. See rest_package.h. */
#include <inttypes.h>
#include <stdio.h>

#include "package/package_add.h"
#include "package/package_list.h"
#include "package/package_view.h"
#include "store/package/package_delivery.h"
#include "store/package/package_row.h"

#include "rest_list.h"
#include "rest_package.h"

#define PATH_SIZE 60

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, f != NULL ? rest_fields_take(f) : NULL, rep);
	if (f != NULL)
		rest_fields_clear(f);
}

/* PACKAGE_KINDS: absent, or wrong. */
static enum package_kind
take_kind(struct rest_fields *f, const struct rest_param *p)
{
	enum package_kind kind = PACKAGE_KINDS;

	if (p->value != NULL && !package_kind_find(p->value, &kind)) {
		rest_field_wrong(f, p->name, "The parameter %s must be a type of package.",
		    p->name);
		return PACKAGE_KINDS;
	}
	return kind;
}

/* --- list ------------------------------------------------------------------------------------- */

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct rest_paging paging = rest_param_paging(f, p);
	enum package_kind kind = take_kind(f, &p[REST_PAGE_PARAMS_N]);

	*(struct package_filter *)filter = (struct package_filter){.after_id = paging.after_id,
	    .limit = paging.limit,
	    .newest_first = paging.newest_first,
	    .kind = kind != PACKAGE_KINDS ? package_kind_info(kind)->word : NULL,
	    .audience = rest_param_text(f, &p[REST_PAGE_PARAMS_N + 1])};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	(void)call;
	return package_view_page(env->store, filter, entries, next, err);
}

void
rest_packages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "type", "for", NULL};
	static const struct rest_list list = {names, read_filter, read_page};
	struct package_filter filter = {0};

	rest_list_reply(&list, env, call, &filter, rep);
}

/* --- add -------------------------------------------------------------------------------------- */

enum { TYPE, FOR, NAME, UNTIL, ID, ANSWER, PARAMS };

static void
take_params(const struct rest_param *p, struct rest_fields *f, struct package_order *o)
{
	static const char *const yes_no[] = {"yes", "no", NULL};
	const char *answer = rest_param_word(f, &p[ANSWER], yes_no);

	for (size_t i = TYPE; i <= NAME; i++)
		if (p[i].value == NULL)
			rest_field_wrong(f, p[i].name, "The parameter %s is needed.", p[i].name);
	o->kind = take_kind(f, &p[TYPE]);
	o->audience = p[FOR].value;
	o->name = rest_param_text(f, &p[NAME]);
	o->id = rest_param_text(f, &p[ID]);
	o->expires = rest_param_time(f, &p[UNTIL]);
	o->asks_answer = answer != NULL && answer[0] == 'y';
}

static int
check_type(const struct call *call, struct gh_error *err)
{
	return gh_http_is_json(gh_http_header(call->http, "content-type"))
	    ? gh_refuse(err, GH_E_UNSUPPORTED_MEDIA,
		  "The body is the file itself, as " REST_PACKAGE_TYPE ".")
	    : 0;
}

static void
reply_added(const struct package_added *a, struct gh_http_reply *rep)
{
	gh_json *o = gh_json_new_object();
	char path[PATH_SIZE];
	int bad = gh_json_set_int(o, "id", a->id);

	bad |= gh_json_set_string(o, "signature",
	    a->is_checked      ? "correct"
		: a->is_signed ? "not checked"
			       : "none");
	bad |= gh_json_set_bool(o, "plain_keys", a->is_plain);
	if (bad) {
		gh_json_free(o);
		o = NULL;
	}
	snprintf(path, sizeof(path), "/pki/package/%" PRId64, a->id);
	gh_http_reply_header(rep, "Location", path);
	rest_json(rep, 201, o);
}

void
rest_package_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"type", NULL}, {"for", NULL}, {"name", NULL},
	    {"until", NULL}, {"id", NULL}, {"answer", NULL}};
	struct package_order order = {.bytes = call->http->body, .len = call->http->body_len};
	struct package_added added = {0};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0) {
		take_params(p, &fields, &order);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0 && (rc = check_type(call, &err)) == 0)
		rc = package_add(env->store, env->server_secret, call->requester, &order, &added,
		    &err);
	rest_params_clear(p, PARAMS);
	if (rc == GH_E_BAD_REQUEST && added.wrong != NULL)
		rest_field_wrong(&fields, added.wrong, "%s", err.message);
	if (rc == 0)
		reply_added(&added, rep);
	else
		fail(call, &err, &fields, rep);
}

/* --- one -------------------------------------------------------------------------------------- */

void
rest_package(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *row;

	if (package_view_one(env->store, env->server_secret, call_number(call->parts, "id"), &row,
		&err) == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, row);
	} else {
		fail(call, &err, NULL, rep);
	}
}

void
rest_package_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};

	if (store_remove_package(env->store, call->requester, call_number(call->parts, "id"),
		&err) == 0)
		rep->status = 204;
	else
		fail(call, &err, NULL, rep);
}

/* --- deliveries ------------------------------------------------------------------------------- */

static void
read_deliveries(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct rest_paging paging = rest_param_paging(f, p);

	*(struct store_delivery_filter *)filter =
	    (struct store_delivery_filter){.after_id = paging.after_id,
		.limit = paging.limit,
		.newest_first = paging.newest_first,
		.client = rest_param_text(f, &p[REST_PAGE_PARAMS_N])};
}

static int
read_delivery_page(struct worker_env *env, const struct call *call, const void *filter,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	struct store_delivery_filter f = *(const struct store_delivery_filter *)filter;
	int64_t id = call_number(call->parts, "id");
	char object[PACKAGE_OBJECT_SIZE];

	if (id != 0)
		f.object = package_object(id, object);
	return store_page_deliveries(env->store, &f, entries, next, err);
}

void
rest_package_deliveries(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "client", NULL};
	static const struct rest_list list = {names, read_deliveries, read_delivery_page};
	struct store_delivery_filter filter = {0};

	rest_list_reply(&list, env, call, &filter, rep);
}
