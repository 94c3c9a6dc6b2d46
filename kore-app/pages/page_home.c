/* GET /. See page_home.h. */
#include <stdio.h>

#include "asn1_time.h"
#include "timestamp.h"

#include "page.h"
#include "page_home.h"

#define DAY_LENGTH 10 /* of "2026-01-02T03:04:05Z" */

/* The day of a certificate's end, UTC. */
static int
set_end(gh_json *o, const ASN1_TIME *end)
{
	char text[GH_TIMESTAMP_SIZE] = "";
	int64_t at;

	if (gh_asn1_time_get(end, &at))
		gh_timestamp_format(at, text);
	text[DAY_LENGTH] = '\0';
	return gh_json_set_string(o, "not_after", text);
}

static gh_json *
ca_json(const struct ca *ca)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_string(o, "name", ca->name) == 0 &&
	    gh_json_set_string(o, "slug", ca->slug) == 0 &&
	    gh_json_set_string(o, "subject", ca->issuer_dn) == 0 &&
	    gh_json_set_string(o, "state", ca_state_name(ca->state)) == 0 &&
	    gh_json_set_bool(o, "is_root", ca->chain.n == 1) == 0 &&
	    set_end(o, X509_get0_notAfter(ca->cert)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
cas_json(const struct ca_set *cas)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < cas->n; i++)
		if (gh_json_append(list, ca_json(cas->ca[i])) != 0) {
			gh_json_free(list);
			return NULL;
		}
	return list;
}

void
page_home(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();

	if (data != NULL && gh_json_set(data, "cas", cas_json(&env->catalog->cas)) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	page_reply(env, call, 200, "home", data, rep);
}
