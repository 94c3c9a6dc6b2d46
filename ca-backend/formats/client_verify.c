/* Chains of client certificates. See client_verify.h. */
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "client_verify.h"

#define PURPOSE X509_PURPOSE_SSL_CLIENT
#define SECURITY_LEVEL 2 /* 112 bits, as TLS of Debian demands of the other client certificates */

int
client_certs_parse(const unsigned char *der, size_t len, struct client_certs *out,
    struct gh_error *err)
{
	const unsigned char *p = der, *end;
	int n = 0, ok = der != NULL && len > 0 && len <= LONG_MAX;

	memset(out, 0, sizeof(*out));
	if ((out->rest = sk_X509_new_null()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "client certificates");
	end = ok ? der + len : der; /* nothing may be added to NULL */
	for (; ok && p < end; n++) {
		X509 *x = d2i_X509(NULL, &p, (long)(end - p));

		ok = x != NULL && n < CLIENT_VERIFY_CERTS;
		if (ok && n == 0)
			out->leaf = x;
		else if (!ok || sk_X509_push(out->rest, x) == 0) {
			X509_free(x);
			ok = 0;
		}
	}
	ERR_clear_error();
	if (ok)
		return 0;
	client_certs_clear(out);
	return gh_fail(err, GH_E_AUTH_FAILED,
	    "client certificates that cannot be read, or more than %d", CLIENT_VERIFY_CERTS);
}

void
client_certs_clear(struct client_certs *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->rest, X509_free);
	memset(c, 0, sizeof(*c));
}

static int
set_rules(X509_STORE *store, int64_t now)
{
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);

	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_depth(param, CLIENT_VERIFY_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_VERIFY_PARAM_set_purpose(param, PURPOSE) == 1;
}

/* With this anchor alone: OpenSSL finds issuers by name, and of two with one name it may take the
 * wrong one. */
static bool
chains_to(const struct client_certs *c, X509 *anchor, int64_t now, struct gh_error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store != NULL && ctx != NULL && X509_STORE_add_cert(store, anchor) == 1 &&
	    set_rules(store, now) == 1 && X509_STORE_CTX_init(ctx, store, c->leaf, c->rest) == 1;

	if (!ok)
		gh_fail(err, GH_E_NOMEM, "chain of a client certificate");
	else if (!(ok = X509_verify_cert(ctx) == 1))
		gh_fail(err, GH_E_AUTH_FAILED, "client certificate: %s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return ok;
}

X509 *
client_certs_verify(const struct client_certs *c, const STACK_OF(X509) * anchors, int64_t now,
    struct gh_error *err)
{
	gh_fail(err, GH_E_AUTH_FAILED, "client certificate: there is no trust anchor for it");
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (chains_to(c, sk_X509_value(anchors, i), now, err))
			return sk_X509_value(anchors, i);
	return NULL;
}

bool
client_cert_is_ra(X509 *leaf)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		found |= OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == NID_cmcRA;
	EXTENDED_KEY_USAGE_free(usages);
	return found;
}

bool
client_cert_may_sign(X509 *leaf)
{
	/* The flags of a certificate that cannot be read are of nothing. */
	bool is_readable = (X509_get_extension_flags(leaf) & EXFLAG_INVALID) == 0;
	bool may = is_readable && X509_check_ca(leaf) == 0 &&
	    (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0 &&
	    (X509_check_purpose(leaf, PURPOSE, 0) == 1 || client_cert_is_ra(leaf));

	ERR_clear_error();
	return may;
}
