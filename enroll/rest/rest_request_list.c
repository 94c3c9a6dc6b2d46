/* GET /pki/requests: pages of requests, of all for officers, else of one's own. */
#include <string.h>

#include "store/request/request_page.h"

#include "rest_list.h"
#include "rest_request.h"
#include "rest_request_view.h"

enum { STATUS = REST_PAGE_PARAMS_N, PROFILE, REQUESTER, FROM, TO, METADATA, REPLACES, SPKI };
static const char *const names[] = {REST_PAGE_PARAMS, "status", "profile", "requester",
    "submitted_from", "submitted_to", "metadata", "replaces", "spki_sha256", NULL};

/* metadata: owned; NULL: absent. */
struct asked {
	struct store_request_filter filter;
	gh_json *metadata;
};

static int
read_state(struct rest_fields *f, const struct rest_param *p)
{
	static const char *const states[] = {"pending", "issued", "denied", "canceled", "expired",
	    "failed", NULL};
	const char *name = rest_param_word(f, p, states);
	enum db_disposition state;

	return name != NULL && enroll_state_find(name, &state) ? (int)state : 0;
}

static gh_json *
read_metadata(struct rest_fields *f, const struct rest_param *p)
{
	gh_json *o = NULL;
	struct gh_error err;

	if (p->value != NULL &&
	    (gh_json_parse(p->value, strlen(p->value), GH_JSON_STRICT, &o, &err) != 0 ||
		gh_json_type(o) != GH_JSON_OBJECT))
		rest_field_wrong(f, p->name,
		    "The parameter %s is a JSON object of names and values.", p->name);
	return o;
}

#define SPKI_DIGITS 64

/* NULL: absent, or no SHA-256. */
static const char *
read_spki(struct rest_fields *f, const struct rest_param *p)
{
	const char *text = rest_param_text(f, p);

	if (text == NULL ||
	    (strlen(text) == SPKI_DIGITS && strspn(text, "0123456789abcdefABCDEF") == SPKI_DIGITS))
		return text;
	rest_field_wrong(f, p->name, "The parameter %s has %d hexadecimal digits.", p->name,
	    SPKI_DIGITS);
	return NULL;
}

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct asked *a = filter;
	struct rest_paging paging = rest_param_paging(f, p);

	a->metadata = read_metadata(f, &p[METADATA]);
	a->filter = (struct store_request_filter){.after_id = paging.after_id,
	    .limit = paging.limit,
	    .newest_first = paging.newest_first,
	    .disposition = read_state(f, &p[STATUS]),
	    .template_name = rest_param_text(f, &p[PROFILE]),
	    .requester = rest_param_text(f, &p[REQUESTER]),
	    .submitted_from = rest_param_time(f, &p[FROM]),
	    .submitted_to = rest_param_time(f, &p[TO]),
	    .metadata = a->metadata,
	    .follows = rest_param_number(f, &p[REPLACES], 1, INT64_MAX, 0),
	    .spki_sha256 = read_spki(f, &p[SPKI])};
}

static bool
complete(const struct worker_env *env, gh_json *entries)
{
	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (!rest_request_complete(env, gh_json_at(entries, i)))
			return false;
	return true;
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct store_request_filter f = ((const struct asked *)filter)->filter;
	int rc;

	if ((call->requester->roles & REQUESTER_ROLE_OFFICER) == 0)
		f.owner = call->requester;
	rc = store_request_page(env->store, &f, entries, next, err);
	if (rc == 0 && !complete(env, *entries)) {
		gh_json_free(*entries);
		*entries = NULL;
		rc = gh_fail(err, GH_E_NOMEM, "page");
	}
	return rc;
}

void
rest_request_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct rest_list list = {names, read_filter, read_page};
	struct asked asked = {0};

	rest_list_reply(&list, env, call, &asked, rep);
	gh_json_free(asked.metadata);
}
