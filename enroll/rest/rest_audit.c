/* GET /pki/audit: pages of the audit trail. */
#include <string.h>

#include "store/audit/audit_seal_row.h"

#include "rest_audit.h"
#include "rest_list.h"

enum { AFTER, LIMIT, ORDER, EVENT, ACTOR, OUTCOME, PARAMS };

static void
read_filter(const struct rest_param *p, struct rest_fields *f, struct store_audit_filter *out)
{
	static const char *const orders[] = {"oldest", "newest", NULL},
				 *const outcomes[] = {"success", "failure", NULL};
	const char *order = rest_param_word(f, &p[ORDER], orders);

	out->after_id = rest_param_number(f, &p[AFTER], 0, INT64_MAX, 0);
	out->limit = (int)rest_param_number(f, &p[LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT);
	out->newest_first = order != NULL && strcmp(order, "newest") == 0;
	out->event = rest_param_text(f, &p[EVENT]);
	out->actor = rest_param_text(f, &p[ACTOR]);
	out->outcome = rest_param_word(f, &p[OUTCOME], outcomes);
}

void
audit_rest_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"limit", NULL}, {"order", NULL},
	    {"event", NULL}, {"actor", NULL}, {"outcome", NULL}};
	struct store_audit_filter filter = {0};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries;
	int64_t next;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0) {
		read_filter(p, &fields, &filter);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0)
		rc = store_audit_page(env->store, &filter, &entries, &next, &err);
	if (rc == 0)
		rest_page(rep, entries, next);
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}
