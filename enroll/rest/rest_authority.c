/* CAs over REST. See rest_authority.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "asn1_time.h"
#include "authority/ca_view.h"
#include "encoding.h"
#include "formats/names_text.h"
#include "hex.h"
#include "store/ca/ca_row.h"
#include "store/status/crl_row.h"
#include "timestamp.h"

#include "rest_authority.h"
#include "rest_ca_key.h"
#include "rest.h"

#define CRLS_MAX 100

/* --- chain ------------------------------------------------------------------------------------ */

static int
set_time(gh_json *o, const char *name, const ASN1_TIME *t)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t at;

	return gh_json_set_string(o, name,
	    gh_asn1_time_get(t, &at) ? gh_timestamp_format(at, text) : NULL);
}

static int
set_thumbprint(gh_json *o, const X509 *cert)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool ok = X509_digest(cert, EVP_sha256(), hash, &len) == 1;
	char *hex = ok ? gh_hex_encode(hash, len) : NULL;
	int bad = hex != NULL ? gh_json_set_string(o, "sha256", hex) : -1;

	free(hex);
	return bad;
}

/* The CA here that has this certificate, or NULL. */
static const char *
name_of(const struct ca_set *cas, const unsigned char *der, size_t len)
{
	for (size_t i = 0; i < cas->n; i++) {
		const struct cert_chain *chain = &cas->ca[i]->chain;

		if (chain->n > 0 && chain->cert[0].len == len &&
		    memcmp(chain->cert[0].der, der, len) == 0)
			return cas->ca[i]->name;
	}
	return NULL;
}

static gh_json *
cert_json(const struct ca_set *cas, const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);
	char *dn = cert != NULL ? ca_dn_text(X509_get_subject_name(cert)) : NULL;
	gh_json *o = dn != NULL ? gh_json_new_object() : NULL;
	int bad = o == NULL || gh_json_set_string(o, "subject", dn) != 0 ||
	    gh_json_set_string(o, "name", name_of(cas, der, len)) != 0 ||
	    set_time(o, "not_before", X509_get0_notBefore(cert)) != 0 ||
	    set_time(o, "not_after", X509_get0_notAfter(cert)) != 0 || set_thumbprint(o, cert) != 0;

	free(dn);
	X509_free(cert);
	if (!bad)
		return o;
	gh_json_free(o);
	return NULL;
}

/* [base64] as [{"subject","name","not_before","not_after","sha256"}]. NULL: out of memory, or a
 * certificate is none. */
static gh_json *
chain_json(const struct ca_set *cas, const gh_json *chain)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < gh_json_size(chain); i++) {
		const char *text = gh_json_string(gh_json_at(chain, i));
		unsigned char *der = NULL;
		size_t len = 0;

		if (text == NULL || gh_base64_decode(text, strlen(text), &der, &len, NULL) != 0 ||
		    gh_json_append(list, cert_json(cas, der, len)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		free(der);
	}
	return list;
}

/* --- one -------------------------------------------------------------------------------------- */

/* Earlier and cross certificates, without their bytes. NULL: out of memory. */
static gh_json *
further_json(const gh_json *certificates)
{
	static const char *const members[] = {"kind", "not_after", "created_at", NULL};
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < gh_json_size(certificates); i++) {
		if (gh_json_append(list, ca_view(gh_json_at(certificates, i), members)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

/* Takes crls over. NULL: out of memory. */
static gh_json *
authority_json(const struct worker_env *env, const gh_json *row, gh_json *crls)
{
	const struct ca_set *cas = &env->catalog->cas;
	static const char *const members[] = {"id", "name", "slug", "state", "protection", "parent",
	    "subject", "not_before", "not_after", "created_at", "cdp", "aia", "ocsp", "crl_shards",
	    "policy", NULL};
	gh_json *o = ca_view(row, members);
	bool has_key = gh_json_string(gh_json_get(row, "sealed")) != NULL;
	int bad = gh_json_set(o, "crls", crls);

	bad |= gh_json_set_bool(o, "has_key", has_key) | rest_ca_key_put(env, o);
	bad |= gh_json_set(o, "chain", chain_json(cas, gh_json_get(row, "chain")));
	bad |= gh_json_set(o, "further", further_json(gh_json_get(row, "certificates")));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_authority(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *row = NULL, *crls = NULL;
	struct gh_error err = {0};
	int64_t id = 0;
	int rc = store_ca_get(env->store, call_text(call->parts, "name"), &row, &err);

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	if (rc == 0)
		rc = store_crl_list(env->store, id, true, CRLS_MAX, &crls, &err);
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, authority_json(env, row, crls));
	} else {
		rest_error(&err, call->http->request_id, NULL, rep);
	}
	gh_json_free(row);
}
