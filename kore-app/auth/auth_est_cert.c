/* Client certificates at EST. See auth_est_cert.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "digest.h"
#include "dn_print.h"
#include "formats/client_verify.h"
#include "hex.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "catalog/catalog.h"
#include "requester_check.h"

#include "auth_entry.h"
#include "auth_est_cert.h"
#include "auth_user_cert.h"

/* What is known of the certificate of a call. */
struct shown {
	const struct gh_http_request *http;
	struct client_certs certs;
	struct store_own_cert own;
};

static int
refuse(struct gh_error *err, const char *why)
{
	return gh_refuse(err, GH_E_FORBIDDEN, "The client certificate is not accepted: %s", why);
}

/* ---- who it is, when it is nobody's of the directory ---- */

static bool
set_subject(struct requester *r, X509 *leaf)
{
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(leaf), &der);
	char *text = n > 0 ? gh_dn_print(der, (size_t)n, false) : NULL;
	bool fits = text != NULL && strlen(text) < sizeof(r->name);

	if (fits)
		snprintf(r->name, sizeof(r->name), "%s", *text != '\0' ? text : "(no subject)");
	free(text);
	OPENSSL_free(der);
	return fits;
}

/* By its key: names are given to others, and two manufacturers may give the same ones. */
static bool
set_id(struct requester *r, X509 *anchor, X509 *leaf)
{
	X509 *const of[] = {anchor, leaf};
	unsigned char sum[GH_DIGEST_MAX];
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, 65536);
	for (size_t i = 0; i < 2; i++) {
		unsigned char *der = NULL;
		int n = of[i] != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(of[i]), &der) : 0;

		if (n > 0)
			gh_buf_put(&b, der, (size_t)n);
		OPENSSL_free(der);
	}
	ok = !b.failed && b.len > 0 && gh_digest(GH_SHA256, b.data, b.len, sum);
	if (ok)
		(void)gh_hex_lower(sum, 32, r->id);
	gh_buf_free(&b);
	return ok;
}

/* anchor: the manufacturer's; NULL: it is ours. */
static int
accept_device(const struct shown *s, X509 *anchor, struct auth_result *out, struct gh_error *err)
{
	struct requester *r = &out->requester;

	if (!set_subject(r, s->certs.leaf))
		return refuse(err, "its subject is too long.");
	if (!set_id(r, anchor, s->certs.leaf))
		return gh_fail(err, GH_E_INTERNAL, "key of a client certificate");
	r->kind = REQUESTER_DEVICE;
	return 0;
}

/* The listed device of a manufacturer's certificate, by its serial number. Two manufacturers may
 * give the same one: what is listed without a manufacturer is of the only one that the label has.
 */
static int
take_device(const struct worker_env *env, const struct est_label *label, const struct shown *s,
    X509 *anchor, struct auth_result *out, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE], by[LISTED_DEVICE_KEY_SIZE],
	    key[LISTED_DEVICE_KEY_SIZE];
	const struct listed_device *d;

	if (label->devices == EST_DEVICES_NONE ||
	    !listed_device_serial_of(X509_get_subject_name(s->certs.leaf), serial))
		return 0;
	if (!listed_device_key(anchor, by) || !listed_device_key(s->certs.leaf, key))
		return gh_fail(err, GH_E_INTERNAL, "key of a client certificate");
	d = listed_devices_find(&env->catalog->est_devices, serial, by,
	    sk_X509_num(label->anchor) == 1);
	if (d == NULL)
		return 0;
	if (d->spki != NULL && strcmp(d->spki, key) != 0)
		return refuse(err, "the device is listed with another key.");
	out->requester.device = d->id;
	return requester_check(env, &out->requester, err);
}

/* ---- certificates of ours ---- */

static int
add_certs(STACK_OF(X509) * to, const struct cert_chain *of, struct gh_error *err)
{
	for (size_t i = 0; i < of->n; i++) {
		const unsigned char *p = of->cert[i].der;
		X509 *x = d2i_X509(NULL, &p, (long)of->cert[i].len);

		if (x == NULL || sk_X509_push(to, x) == 0) {
			X509_free(x);
			return gh_fail(err, GH_E_NOMEM, "certificates of CAs");
		}
	}
	return 0;
}

/* Signed by a CA of ours, whatever the row says: who writes the database could make one. */
static int
check_signature(const struct worker_env *env, const struct shown *s, struct gh_error *err)
{
	STACK_OF(X509) *cas = sk_X509_new_null();
	int rc = cas != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "certificates of CAs");

	for (size_t i = 0; rc == 0 && i < env->catalog->cas.n; i++) {
		const struct ca *ca = env->catalog->cas.ca[i];
		struct cert_chain self = {.n = ca->chain.n > 0 ? 1 : 0};

		self.cert[0] = ca->chain.cert[0];
		if (X509_NAME_cmp(X509_get_subject_name(ca->cert),
			X509_get_issuer_name(s->certs.leaf)) != 0)
			continue;
		if ((rc = add_certs(cas, &self, err)) == 0)
			rc = add_certs(cas, &ca->also, err);
	}
	if (rc == 0 && client_certs_verify(&s->certs, cas, gh_now(), err) == NULL)
		rc = err->code;
	sk_X509_pop_free(cas, X509_free);
	return rc;
}

/* Whoever asked for it, as he is now. */
static int
accept_entry(struct worker_env *env, const struct requester *asked, struct auth_result *out,
    struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc = dir_find(env->dir, asked->name, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return refuse(err, "the account that asked for it is gone.");
	if (rc != 0)
		return rc;
	if (*asked->id == '\0' || strcasecmp(asked->id, e->id) != 0) {
		dir_entry_free(e);
		return refuse(err, "the account that asked for it is gone.");
	}
	rc = auth_entry_accept(env, e, out, err);
	auth_entry_drop_groups(&out->requester);
	return rc;
}

/* What his certificates go back to. */
static int
take_origin(const struct worker_env *env, const struct requester *asked, struct requester *out,
    struct gh_error *err)
{
	out->est_user = asked->est_user;
	out->device = asked->device;
	return requester_check(env, out, err);
}

static int
accept_own(struct worker_env *env, const struct est_label *label, const struct shown *s,
    struct auth_result *out, struct gh_error *err)
{
	const struct requester *asked = &s->own.requester;
	int rc;

	(void)set_subject(&out->requester, s->certs.leaf);
	if (s->own.is_revoked)
		return refuse(err, "it is revoked or on hold.");
	if (s->own.is_issuer_revoked)
		return refuse(err, "a CA above it is revoked or on hold.");
	if ((rc = check_signature(env, s, err)) != 0)
		return rc;
	/* without the MAC the kind may be another one: of a user, say, whose account is gone */
	if (!s->own.is_requester_sealed || asked->kind == REQUESTER_NONE)
		return refuse(err, "it is not known who asked for it.");
	if (!est_label_takes_cert(label, &s->own))
		return gh_refuse(err, GH_E_AUTH_REQUIRED,
		    "The client certificate was not issued by this label, which takes no others.");
	rc = asked->kind == REQUESTER_DIRECTORY ? accept_entry(env, asked, out, err)
						: accept_device(s, NULL, out, err);
	if (rc == 0)
		rc = take_origin(env, asked, &out->requester, err);
	out->requester.has_own_cert = rc == 0;
	if (rc == 0)
		snprintf(out->requester.cert_label, sizeof(out->requester.cert_label), "%s",
		    s->own.label);
	out->requester.is_ra = rc == 0 && label->has_ra != 0 && client_cert_is_ra(s->certs.leaf);
	return rc;
}

/* ---- whose is it ---- */

static int
accept(struct worker_env *env, const struct est_label *label, struct shown *s,
    struct auth_result *out, struct gh_error *err)
{
	const struct gh_http_request *http = s->http;
	unsigned char *leaf = NULL;
	X509 *anchor;
	int n = i2d_X509(s->certs.leaf, &leaf), rc;

	rc = n > 0 ? store_recognize(env->store, leaf, (size_t)n, &s->own, err)
		   : gh_fail(err, GH_E_NOMEM, "client certificate");
	OPENSSL_free(leaf);
	if (rc != 0)
		return rc;
	if (s->own.is_ours)
		return accept_own(env, label, s, out, err);
	if ((anchor = client_certs_verify(&s->certs, label->anchor, gh_now(), err)) != NULL) {
		rc = accept_device(s, anchor, out, err);
		return rc == 0 ? take_device(env, label, s, anchor, out, err) : rc;
	}
	if (err->code == GH_E_AUTH_FAILED && http->client_cert != NULL) {
		rc = auth_user_by_cert(env, http, out, err);
		auth_entry_drop_groups(&out->requester);
		return rc;
	}
	return err->code;
}

int
auth_est_cert(struct worker_env *env, const struct est_label *label,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err)
{
	struct shown s = {.http = http};
	int rc;

	if (http->client_chain == NULL)
		return gh_refuse(err, GH_E_AUTH_REQUIRED,
		    "This needs a client certificate, and the connection has none.");
	rc = client_certs_parse(http->client_chain, http->client_chain_len, &s.certs, err);
	if (rc == 0)
		rc = accept(env, label, &s, out, err);
	client_certs_clear(&s.certs);
	out->requester.via_client_cert = rc == 0;
	if (rc != GH_E_AUTH_FAILED)
		return rc;
	err->code = GH_E_AUTH_REQUIRED;
	snprintf(err->message, sizeof(err->message),
	    "The client certificate is not one that this label knows, or its time is over.");
	return GH_E_AUTH_REQUIRED;
}

bool
auth_est_is_one(const struct requester *of_cert, const struct gh_http_request *http,
    const struct requester *who)
{
	static const int nids[] = {NID_commonName, NID_serialNumber};
	struct client_certs c;
	bool found = false;

	if (requester_is_same(of_cert, who))
		return true;
	if (of_cert->kind != REQUESTER_DEVICE || who->kind != REQUESTER_EST_USER ||
	    client_certs_parse(http->client_chain, http->client_chain_len, &c, NULL) != 0)
		return false;
	for (size_t i = 0; i < 2; i++) {
		char text[sizeof(who->name)];
		int n = X509_NAME_get_text_by_NID(X509_get_subject_name(c.leaf), nids[i], text,
		    sizeof(text));

		found |= n > 0 && (size_t)n == strlen(who->name) && strcmp(text, who->name) == 0;
	}
	client_certs_clear(&c);
	return found;
}
