/* CRLs over EST. See est_crls.h. */
#include <stdio.h>
#include <stdlib.h>

#include "ca_choice.h"
#include "formats/pkcs7.h"
#include "package/package_client.h"
#include "store/package/package_delivery.h"

#include "est_body.h"
#include "est_crls.h"
#include "est_door.h"
#include "est_error.h"

#define CRLS_TYPE "application/pkcs7-mime; smime-type=crls-only"

char *
est_crls_object(const struct ca *ca, char out[EST_CRL_OBJECT_SIZE])
{
	snprintf(out, EST_CRL_OBJECT_SIZE, "crl/%lld", (long long)ca->id);
	return out;
}

void
est_crls_release(struct est_crl_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		gh_shared_unref(l->crl[i].body);
	l->n = 0;
}

/* Is its certificate, by its key, in the chain of the other? */
static bool
is_above(const struct ca *ca, const struct ca *below)
{
	for (size_t i = 0; i < below->chain.n; i++)
		if (below->chain.cert[i].len == ca->chain.cert[0].len &&
		    memcmp(below->chain.cert[i].der, ca->chain.cert[0].der,
			ca->chain.cert[0].len) == 0)
			return true;
	return false;
}

static bool
is_of_label(const struct ca_set *cas, const struct est_label *label, const struct ca *ca)
{
	const struct ca *named;

	if (ca->chain.n == 0)
		return false;
	if (label->profile.ca_by == PROFILE_CA_NAMED) {
		named = ca_set_find(cas, label->profile.ca_name);
		return named != NULL && is_above(ca, named);
	}
	for (size_t i = 0; i < cas->n; i++)
		if (ca_is_offered(cas->ca[i]) && is_above(ca, cas->ca[i]))
			return true;
	return false;
}

int
est_crls_find(const struct worker_env *env, const struct est_label *label, struct est_crl_list *out,
    struct gh_error *err)
{
	const struct ca_set *cas = &env->catalog->cas;
	int rc = 0;

	out->n = 0;
	for (size_t i = 0; rc == 0 && i < cas->n && out->n < EST_CRLS_MAX; i++) {
		struct crl_file file = {.ca = cas->ca[i], .shard = STORE_CRL_COMPLETE};

		if (!is_of_label(cas, label, file.ca))
			continue;
		rc = crl_cache_get(env->store, &file, file.ca->slug, &out->crl[out->n], err);
		if (rc == 0)
			out->ca[out->n++] = file.ca;
		else if (rc == GH_E_NOT_FOUND) /* none was made yet */
			rc = 0;
	}
	return rc;
}

/* Those that are sent: all, or that of one CA. */
static size_t
select_some(const struct est_crl_list *l, int64_t id, struct gh_der crl[EST_CRLS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (id == 0 || l->ca[i]->id == id)
			crl[n++] = (struct gh_der){l->crl[i].body->data, l->crl[i].body->len};
	return n;
}

static int
record(struct worker_env *env, const struct call *call, const struct est_crl_list *l,
    struct gh_error *err)
{
	char client[PACKAGE_CLIENT_SIZE], object[EST_CRL_OBJECT_SIZE];
	int64_t id = call_number(call->parts, "id");
	int rc = 0;

	if (call->requester->kind == REQUESTER_NONE || call->http->method != GH_HTTP_GET)
		return 0;
	package_client_key(call->requester, client);
	for (size_t i = 0; rc == 0 && i < l->n; i++)
		if (id == 0 || l->ca[i]->id == id)
			rc = store_record_delivery(env->store, call->requester, client,
			    est_crls_object(l->ca[i], object), call->http->request_id, err);
	return rc;
}

void
est_crls(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct est_crl_list list = {.n = 0};
	struct gh_der crl[EST_CRLS_MAX];
	const struct est_label *label;
	unsigned char *der = NULL;
	struct gh_error err = {0};
	size_t len = 0, n = 0;
	int rc;

	if ((rc = est_door_label(env, call->parts, &label, &err)) == 0 &&
	    (rc = est_crls_find(env, label, &list, &err)) == 0 &&
	    (n = select_some(&list, call_number(call->parts, "id"), crl)) == 0)
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no CRL here.");
	if (rc == 0 && (rc = ca_pkcs7_encode_crls(crl, n, &der, &len, &err)) == 0)
		rc = record(env, call, &list, &err);
	if (rc == 0)
		est_body_put(label, false, CRLS_TYPE, der, len, rep);
	else
		est_error(&err, rep);
	free(der);
	est_crls_release(&list);
}
