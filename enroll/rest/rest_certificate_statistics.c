/* GET /pki/certificates/statistics. docs/inventory.md */
#include "inventory/query_field.h"
#include "store/inventory/cert_statistics.h"

#include "rest_certificate.h"
#include "rest_list.h"

enum { METADATA, PARAMS };

void
rest_certificate_statistics(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const struct query_env query = {.field = env->catalog->field,
	    .fields = env->catalog->fields};
	struct rest_param p[PARAMS] = {[METADATA] = {.name = "metadata"}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *answer = NULL;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);
	const char *field = NULL;

	if (rc == 0 && p[METADATA].value != NULL &&
	    (field = query_field_metadata(&query, p[METADATA].value)) == NULL)
		rest_field_wrong(&fields, "metadata", "There is no metadata field of this name.");
	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = store_cert_statistics(env->store, field, &answer, &err);
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, answer);
	} else {
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}
