/* GET /requests. See page_request.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll.h"
#include "rest/rest_list.h"
#include "store/request/request_page.h"

#include "page.h"
#include "page_language.h"
#include "page_request.h"

#define ROWS 50 /* of a page */
#define LINK_MAX 2048

enum { AFTER, STATUS, PROFILE, REQUESTER, LANGUAGE, PARAMS };
static const char *const states[] = {"pending", "issued", "denied", "canceled", "expired", "failed",
    "all", NULL};

/* What is asked for; values are those of the query. */
struct asked {
	struct rest_param p[PARAMS];
	struct store_request_filter filter;
	const char *state; /* one of the states; static */
};

/* A form sends fields that are empty. */
static void
drop_empty(struct rest_param *p)
{
	if (p->value != NULL && *p->value == '\0') {
		free(p->value);
		p->value = NULL;
	}
}

static int
read_query(const struct call *call, struct asked *a, struct rest_fields *f, struct gh_error *err)
{
	static const char *const names[PARAMS] = {"after", "status", "profile", "requester",
	    "lang"};
	bool is_officer = (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0;
	enum db_disposition state = 0;
	const char *name;
	int rc;

	for (size_t i = 0; i < PARAMS; i++)
		a->p[i].name = names[i];
	if ((rc = rest_params_read(call, a->p, PARAMS, f, err)) != 0)
		return rc;
	for (size_t i = 0; i < PARAMS; i++)
		drop_empty(&a->p[i]);
	/* officers come for what waits, the oldest first */
	name = rest_param_word(f, &a->p[STATUS], states);
	name = name != NULL ? name : is_officer ? "pending" : "all";
	for (size_t i = 0; states[i] != NULL; i++)
		if (strcmp(states[i], name) == 0)
			a->state = states[i];
	(void)enroll_state_find(name, &state);
	a->filter = (struct store_request_filter){.limit = ROWS,
	    .after_id = rest_param_number(f, &a->p[AFTER], 1, INT64_MAX, 0),
	    .newest_first = state != DB_DISP_PENDING,
	    .disposition = (int)state,
	    .template_name = rest_param_text(f, &a->p[PROFILE]),
	    .requester = is_officer ? rest_param_text(f, &a->p[REQUESTER]) : NULL,
	    .owner = is_officer ? NULL : call->requester};
	return 0;
}

/* --- what the page shows ---------------------------------------------------------------------- */

static gh_json *
state_options(const struct asked *a, const struct words *w)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && states[i] != NULL; i++) {
		gh_json *o = gh_json_new_object();
		char key[40];

		snprintf(key, sizeof(key), "request_state.%s", states[i]);
		if (o == NULL || gh_json_set_string(o, "value", states[i]) != 0 ||
		    gh_json_set_string(o, "text", words_get(w, key)) != 0 ||
		    gh_json_set_bool(o, "is_selected", states[i] == a->state) != 0 ||
		    gh_json_append(list, gh_json_ref(o)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		gh_json_free(o);
	}
	return list;
}

static void
put_query(struct gh_buf *b, const struct rest_param *p)
{
	if (p->value == NULL)
		return;
	gh_buf_putf(b, "&%s=", p->name);
	for (const char *c = p->value; *c != '\0'; c++)
		gh_buf_putf(b, "%%%02X", (unsigned char)*c);
}

/* Where the list goes on; next 0: nowhere. */
static int
put_next(gh_json *data, const struct asked *a, int64_t next)
{
	struct gh_buf b;
	int bad = 0;

	if (next == 0)
		return 0;
	gh_buf_init(&b, LINK_MAX);
	gh_buf_putf(&b, "/requests?after=%" PRId64 "&status=%s", next, a->state);
	put_query(&b, &a->p[PROFILE]);
	put_query(&b, &a->p[REQUESTER]);
	if (gh_buf_check(&b, NULL) == 0)
		bad = gh_json_set_string(data, "next", (char *)b.data);
	gh_buf_free(&b);
	return bad;
}

static int
set_new(gh_json *o, const char *name, gh_json *v)
{
	return v == NULL ? -1 : gh_json_set(o, name, v);
}

static int
put_filter(gh_json *data, const struct call *call, const struct asked *a)
{
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();

	return gh_json_set_string(values, "profile", a->p[PROFILE].value) |
	    gh_json_set_string(values, "requester", a->p[REQUESTER].value) |
	    set_new(options, "status", state_options(a, page_words(call->http))) |
	    set_new(data, "values", values) | set_new(data, "options", options);
}

/* Each row knows how many must agree. */
static int
put_needed(const struct worker_env *env, gh_json *entries)
{
	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *row = gh_json_at(entries, i);
		const char *state = gh_json_string(gh_json_get(row, "status"));
		int needed = enroll_approvals_required(env->catalog,
		    gh_json_string(gh_json_get(row, "profile")));

		if (gh_json_set_bool(row, "is_several",
			needed > 1 && state != NULL && strcmp(state, "pending") == 0) != 0 ||
		    gh_json_set_int(row, "needed", needed) != 0)
			return -1;
	}
	return 0;
}

static void
show(struct worker_env *env, const struct call *call, const struct asked *a, gh_json *entries,
    int64_t next, struct gh_http_reply *rep)
{
	bool is_officer = (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0;
	gh_json *data = gh_json_new_object();

	if (put_needed(env, entries) != 0 ||
	    gh_json_set(data, "entries", gh_json_ref(entries)) != 0 ||
	    gh_json_set_bool(data, "is_officer", is_officer) != 0 ||
	    put_filter(data, call, a) != 0 || put_next(data, a, next) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	page_reply(env, call, 200, "requests", data, rep);
}

void
page_request_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct asked a = {.state = "all"};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries = NULL;
	int64_t next = 0;
	int rc = read_query(call, &a, &fields, &err);

	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = store_request_page(env->store, &a.filter, &entries, &next, &err);
	if (rc == 0)
		show(env, call, &a, entries, next, rep);
	else
		page_error(env->conf, &err, call->http, rep);
	gh_json_free(entries);
	rest_fields_clear(&fields);
	rest_params_clear(a.p, PARAMS);
}
