/* GET /csr/ca-template/{caId}. See ca_template.h. */
#include <string.h>

#include "timestamp.h"

#include "ca_choice.h"
#include "rest/rest.h"
#include "rest/rest_list.h"

#include "ca_offer.h"
#include "ca_template.h"

/* Whoever has a role decides about requests for any CA. */
static const struct ca *
find(const struct worker_env *env, const struct call *call)
{
	const struct ca *ca = ca_choice_find(env->catalog, call_text(call->parts, "ca"));

	if (ca == NULL || !ca_is_offered(ca) ||
	    (call->requester->roles == 0 && !ca_is_for(ca, call->entry)))
		return NULL;
	return ca;
}

static int
reply(const struct ca *ca, bool is_text, struct gh_http_reply *rep, struct gh_error *err)
{
	struct ca_offer o;
	char *text = NULL;
	int rc = ca_offer_read(ca, gh_now(), &o, err);

	if (rc == 0 && is_text && (text = ca_offer_openssl(ca, &o)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "configuration of openssl req");
	if (rc != 0)
		return rc;
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	gh_http_reply_header(rep, "Vary", "Accept");
	if (is_text)
		gh_http_reply_text(rep, 200, "text/plain; charset=utf-8", text);
	else
		rest_json(rep, 200, ca_offer_json(ca, &o));
	return 0;
}

void
ca_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const formats[] = {"json", "openssl", NULL};
	struct rest_param p[] = {{"format", NULL}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	const struct ca *ca = NULL;
	const char *format = NULL;
	int rc = rest_params_read(call, p, 1, &fields, &err);

	if (rc == 0) {
		format = rest_param_word(&fields, &p[0], formats);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0 && (ca = find(env, call)) == NULL)
		rc = gh_refuse(&err, GH_E_NOT_FOUND,
		    "There is no certification authority of this name or number for you.");
	if (rc == 0)
		rc = reply(ca,
		    format != NULL ? strcmp(format, "openssl") == 0
				   : gh_http_prefers_text(call->http),
		    rep, &err);
	if (rc != 0)
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	rest_fields_clear(&fields);
	rest_params_clear(p, 1);
}
