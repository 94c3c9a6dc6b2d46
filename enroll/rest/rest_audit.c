/* GET /pki/audit: pages of the audit trail. */
#include <stdlib.h>
#include <string.h>

#include "store/audit/audit_seal_row.h"

#include "rest_audit.h"
#include "rest.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define TEXT_MAX 255 /* characters of a filter */
#define ID_DIGITS_MAX 18

struct query {
	char *after, *limit, *order, *event, *actor, *outcome;
	struct store_audit_filter filter;
};

static void
query_clear(struct query *q)
{
	free(q->after);
	free(q->limit);
	free(q->order);
	free(q->event);
	free(q->actor);
	free(q->outcome);
}

/* A number from min to max; fallback when text is NULL. */
static int64_t
check_number(struct rest_fields *f, const char *name, const char *text, int64_t min, int64_t max,
    int64_t fallback)
{
	size_t n = text != NULL ? strspn(text, "0123456789") : 0;
	int64_t v;

	if (text == NULL)
		return fallback;
	v = n > 0 && n <= ID_DIGITS_MAX && text[n] == '\0' ? strtoll(text, NULL, 10) : -1;
	if (v >= min && v <= max)
		return v;
	if (max == INT64_MAX)
		rest_field_wrong(f, name, "The parameter %s must be the id of a row.", name);
	else
		rest_field_wrong(f, name, "The parameter %s must be a number from %lld to %lld.",
		    name, (long long)min, (long long)max);
	return fallback;
}

/* One of two words; true for the second. */
static bool
check_word(struct rest_fields *f, const char *name, const char *text, const char *first,
    const char *second)
{
	if (text == NULL || strcmp(text, first) == 0)
		return false;
	if (strcmp(text, second) != 0)
		rest_field_wrong(f, name, "The parameter %s must be %s or %s.", name, first,
		    second);
	return true;
}

static const char *
check_text(struct rest_fields *f, const char *name, const char *text)
{
	if (text != NULL && (*text == '\0' || strlen(text) > TEXT_MAX))
		rest_field_wrong(f, name, "The parameter %s must be 1 to %d bytes.", name,
		    TEXT_MAX);
	return text;
}

static int
read_query(const struct call *call, struct query *q, struct rest_fields *f, struct gh_error *err)
{
	struct {
		const char *name;
		char **value;
	} names[] = {{"after", &q->after}, {"limit", &q->limit}, {"order", &q->order},
	    {"event", &q->event}, {"actor", &q->actor}, {"outcome", &q->outcome}};
	static const char *const known[] = {"after", "limit", "order", "event", "actor", "outcome",
	    NULL};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct gh_error why = {0};
		int rc = rest_query(call, names[i].name, names[i].value, &why);

		if (rc == GH_E_BAD_REQUEST)
			rest_field_wrong(f, names[i].name, "%s", why.message);
		else if (rc != 0) {
			*err = why;
			return rc;
		}
	}
	rest_query_only(call, known, f);
	q->filter.after_id = check_number(f, "after", q->after, 0, INT64_MAX, 0);
	q->filter.limit = (int)check_number(f, "limit", q->limit, 1, LIMIT_MAX, LIMIT_DEFAULT);
	q->filter.newest_first = check_word(f, "order", q->order, "oldest", "newest");
	q->filter.event = check_text(f, "event", q->event);
	q->filter.actor = check_text(f, "actor", q->actor);
	(void)check_word(f, "outcome", q->outcome, "success", "failure");
	q->filter.outcome = q->outcome;
	return rest_fields_check(f, err);
}

static gh_json *
page_object(gh_json *entries, int64_t next)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL) {
		gh_json_free(entries);
		return NULL;
	}
	if (gh_json_set(o, "entries", entries) != 0 ||
	    gh_json_set(o, "next", next != 0 ? gh_json_new_int(next) : gh_json_new_string(NULL)) !=
		0) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

void
audit_rest_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct query q = {0};
	gh_json *entries;
	int64_t next;
	int rc = read_query(call, &q, &fields, &err);

	if (rc == 0)
		rc = store_audit_page(env->store, &q.filter, &entries, &next, &err);
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, page_object(entries, next));
	} else {
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	rest_fields_clear(&fields);
	query_clear(&q);
}
