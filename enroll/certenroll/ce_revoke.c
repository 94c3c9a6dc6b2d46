/* Revocation through the front door of Keyfactor's clients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calendar.h"
#include "timestamp.h"

#include "ce.h"
#include "ce_format.h"
#include "ce_lookup.h"
#include "ce_parse.h"
#include "ce_revoke.h"

/* --- the body --------------------------------------------------------------------------------- */

/* Keyfactor's own numbers beside those of RFC 5280: -1 and 7 take a certificate off hold. */
static int
parse_reason(const gh_json *details, struct revoke_request *r, struct gh_error *err)
{
	gh_json *v;
	int64_t n = -2;
	int rc = gh_json_find(details, "Reason", &v, err);

	if (rc != 0)
		return rc;
	if (gh_json_type(v) == GH_JSON_NULL)
		n = REASON_UNSPECIFIED;
	else if (gh_json_type(v) != GH_JSON_INT && gh_json_string(v) != NULL &&
	    revocation_reason_parse(gh_json_string(v), &r->reason))
		n = r->reason;
	else if (!gh_json_int(v, &n))
		n = -2;
	if (n == -1 || n == 7)
		n = REASON_REMOVE_FROM_CRL;
	if (n < 0 || n > REASON_MAX || revocation_reason_name((int)n) == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Reason is a number: 0 to 6, 9 or 10; 8, 7 or -1 end a hold.");
	r->reason = (int)n;
	r->to = revoke_state_of(r->reason);
	return 0;
}

static int
parse_effective(const gh_json *details, int64_t *out, struct gh_error *err)
{
	const char *text;
	int rc = ce_find_text(details, "EffectiveDate", &text, err);

	*out = 0;
	if (rc != 0 || text == NULL || *text == '\0')
		return rc;
	if (!revoke_date_parse(text, out))
		return gh_refuse(err, GH_E_TIMESTAMP,
		    "EffectiveDate is no date like 2020-5-5 or "
		    "2020-05-05T12:00:00Z.");
	return 0;
}

static int
parse_details(const gh_json *details, struct ce_revoke *out, struct gh_error *err)
{
	int rc;

	if ((rc = parse_reason(details, &out->request, err)) != 0 ||
	    (rc = parse_effective(details, &out->effective, err)) != 0 ||
	    (rc = ce_find_text(details, "Comment", &out->request.comment, err)) != 0)
		return rc;
	if (out->request.comment != NULL && !revoke_comment_is_valid(out->request.comment))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Comment has more than %d characters, or control characters.",
		    STORE_COMMENT_MAX);
	return 0;
}

int
ce_revoke_parse(const void *text, size_t len, struct ce_revoke *out, struct gh_error *err)
{
	gh_json *lookup, *details;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = ce_object_parse(text, len, &out->json, err)) != 0 ||
	    (rc = ce_find_object(out->json, "Lookup", &lookup, err)) != 0 ||
	    (rc = ce_lookup_parse(lookup, &out->request.key, err)) != 0 ||
	    (rc = ce_find_object(out->json, "Details", &details, err)) != 0)
		return rc;
	return parse_details(details, out, err);
}

void
ce_revoke_clear(struct ce_revoke *r)
{
	gh_json_free(r->json);
	memset(r, 0, sizeof(*r));
}

/* --- the call --------------------------------------------------------------------------------- */

/*
 * EffectiveDate as the invalidity date. Clients send the day of the call in their own time zone, or
 * always the same day: what says no more than "now" or "from the start" is left out. A revocation
 * to come is not to be had.
 */
static int
set_invalidity(struct worker_env *env, struct ce_revoke *r, struct gh_error *err)
{
	struct store_cert_status st;
	int64_t id = 0, now = gh_now();

	if (r->effective == 0 || r->request.to == STORE_CERT_VALID)
		return 0;
	if (r->effective > now + GH_DAY_SECONDS)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "EffectiveDate is in the future: a certificate is revoked at "
		    "once. Call again on that day.");
	if (r->effective <= now && store_find_cert(env->store, &r->request.key, &id, NULL) == 0 &&
	    store_get_status(env->store, id, &st, NULL) == 0 && r->effective >= st.not_before)
		r->request.invalidity_date = r->effective;
	return 0;
}

/* The clients that are known read nothing of it; the newer API answers so. */
static gh_json *
answer(int64_t id)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set(o, "RevokedIds", gh_json_new_array()) == 0 &&
	    gh_json_append(gh_json_get(o, "RevokedIds"), gh_json_new_int(id)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
ce_revoke(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct store_cert_status st;
	struct gh_error err = {0};
	struct ce_revoke r;
	int rc;

	if ((rc = ce_revoke_parse(call->http->body, call->http->body_len, &r, &err)) == 0 &&
	    (rc = set_invalidity(env, &r, &err)) == 0) {
		r.request.request_id = call->http->request_id;
		rc = revoke_set_status(env->store, env->conf, call->requester, &r.request, &st,
		    &err);
	}
	if (rc != 0)
		ce_render_error(&err, env->conf->certenroll.denied_status, rep);
	else
		ce_format_json(rep, 200, answer(st.id));
	ce_revoke_clear(&r);
}
