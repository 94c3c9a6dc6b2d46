/* Certificates of the client's own in the list. See est_pal_enroll.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "dn_print.h"
#include "formats/pkcs7.h"
#include "single.h"
#include "timestamp.h"

#include "est_outcome.h"
#include "est_pal_enroll.h"
#include "est_renewal.h"

#define URI_SIZE 600
#define DN_MAX 1024             /* */
#define SECOND INT64_C(1000000) /* microseconds */
#define CERTS_MAX (STORE_CLIENT_REQUESTS_MAX + 1)

/* Behind the first type: 0006 where the key signs, 0013 where it does not. */
enum step { START_BY_ATTRIBUTES, START, GOOD, BAD, AGAIN, AGAIN_GOOD, AGAIN_BAD };
#define FIRST_SIGNS 6
#define FIRST_ENCRYPTS 13
#define TYPE_MADE_KEY 20 /* PKCS#8 */

/* What is known of the client's certificates. */
struct own {
	struct worker_env *env;
	const struct call *call;
	const struct est_pal_place *place;
	struct store_client_requests requests;
	X509 *cert[CERTS_MAX];  /* those that hold */
	int64_t end[CERTS_MAX]; /* UTC seconds */
	int64_t of[CERTS_MAX];  /* number of its request; 0: that of the connection */
	size_t n;
};

/* --- the client's certificates ---------------------------------------------------------------- */

static void
add_cert(struct own *o, int64_t of, const unsigned char *der, size_t len)
{
	X509 *x = der != NULL ? d2i_X509(NULL, &der, (long)len) : NULL;
	int64_t end;

	for (size_t i = 0; x != NULL && i < o->n; i++)
		if (X509_cmp(x, o->cert[i]) == 0) {
			X509_free(x);
			return;
		}
	if (x == NULL || o->n == CERTS_MAX || !gh_asn1_time_get(X509_get0_notAfter(x), &end) ||
	    end <= gh_now()) {
		X509_free(x);
		ERR_clear_error();
		return;
	}
	o->of[o->n] = of;
	o->end[o->n] = end;
	o->cert[o->n++] = x;
}

/* That of the connection may have been asked for by another label, or under another name. */
static void
find_certs(struct own *o)
{
	const struct requester *who = o->call->requester;

	if (who->via_client_cert && who->has_own_cert)
		add_cert(o, 0, o->call->http->client_chain, o->call->http->client_chain_len);
	for (size_t i = 0; i < o->requests.n; i++)
		if (o->requests.request[i].polled.is_good)
			add_cert(o, o->requests.request[i].polled.id, o->requests.request[i].der,
			    o->requests.request[i].der_len);
}

/* --- entries ---------------------------------------------------------------------------------- */

static bool
template_signs(const struct own *o)
{
	const struct catalog_template *t =
	    catalog_find_template(o->env->catalog, o->place->label->profile.templates[0]);

	return t == NULL || tmpl_is_for_signatures(t->tmpl);
}

static int
type_of(bool signs, enum step step)
{
	return (signs ? FIRST_SIGNS : FIRST_ENCRYPTS) + (int)step;
}

static int
add_uri(const struct own *o, const struct pal_entry *like, const char *operation,
    struct gh_error *err)
{
	struct pal_entry e = *like;
	char uri[URI_SIZE];

	snprintf(uri, sizeof(uri), "%s/%s", o->place->base, operation);
	e.text = uri;
	return pal_add(o->place->pal, &e, err);
}

static int
add_start(const struct own *o, struct gh_error *err)
{
	bool has_attributes = o->place->label->csrattrs != EST_CSRATTRS_NONE;

	return add_uri(o,
	    &(struct pal_entry){.rank = pal_rank(has_attributes ? PAL_ATTRIBUTES : PAL_ENROLL,
				    false, 0, false),
		.type = type_of(template_signs(o), has_attributes ? START_BY_ATTRIBUTES : START)},
	    has_attributes ? "csrattrs" : "simpleenroll", err);
}

/* The other way to begin. What the client asks for says in which form the key comes. */
static int
add_keygen(const struct own *o, struct gh_error *err)
{
	return o->place->label->has_serverkeygen
	    ? add_uri(o,
		  &(struct pal_entry){.rank = pal_rank(PAL_PACKAGE, false, 0, false),
		      .type = TYPE_MADE_KEY},
		  "serverkeygen", err)
	    : 0;
}

static bool
cert_signs(X509 *cert)
{
	return cert == NULL || (X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) != 0;
}

/* Who was answered at once needs not be told. */
static int
add_outcome(const struct own *o, const char *operation, enum step good, struct gh_error *err)
{
	const struct store_client_request *r = est_outcome_find(&o->requests, operation);
	enum est_outcome what = r != NULL ? est_outcome_of(r) : EST_OUTCOME_NONE;
	char object[EST_OUTCOME_OBJECT_SIZE];
	const unsigned char *p;
	X509 *cert;
	int64_t first, last;
	int rc;

	if ((what != EST_OUTCOME_GOOD && what != EST_OUTCOME_BAD) ||
	    !(r->polled.is_decided || r->polled.disposition == DB_DISP_EXPIRED))
		return 0;
	p = r->der;
	cert = p != NULL ? d2i_X509(NULL, &p, (long)r->der_len) : NULL;
	package_list_times(o->place->packages, est_outcome_object(r->polled.id, object), &first,
	    &last);
	rc = add_uri(o,
	    &(struct pal_entry){.rank =
				    pal_rank(PAL_ENROLL, first != 0 && first < o->place->pal->since,
					(uint64_t)r->polled.id << 1, false),
		.type = what == EST_OUTCOME_GOOD ? type_of(cert_signs(cert), good)
						 : type_of(template_signs(o), good + 1),
		.date = last / SECOND,
		/* the text ends with a newline */
		.size =
		    (int64_t)(what == EST_OUTCOME_GOOD ? ca_pkcs7_size(r->der_len)
						       : strlen(single_reason(r->message)) + 1)},
	    operation, err);
	X509_free(cert);
	return rc;
}

/* --- renewal ---------------------------------------------------------------------------------- */

/* Another one for the same name ends later, or in the same second and was asked for later. */
static bool
is_superseded(const struct own *o, size_t i)
{
	for (size_t k = 0; k < o->n; k++)
		if ((o->end[k] > o->end[i] || (o->end[k] == o->end[i] && o->of[k] > o->of[i])) &&
		    X509_NAME_cmp(X509_get_subject_name(o->cert[k]),
			X509_get_subject_name(o->cert[i])) == 0)
			return true;
	return false;
}

/* "info" names the certificate; where the list cannot hold its issuer's name, the operation. */
static int
add_due(const struct own *o, size_t i, struct gh_error *err)
{
	struct pal_entry e = {.rank =
				  pal_rank(PAL_ENROLL, false, (uint64_t)o->of[i] << 1 | 1, false),
	    .type = type_of(cert_signs(o->cert[i]), AGAIN),
	    .info = PAL_CERTIFICATE};
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(o->cert[i]), NULL);
	char *decimal = serial != NULL ? BN_bn2dec(serial) : NULL;
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(X509_get_issuer_name(o->cert[i]), &der), rc;
	char *issuer = n > 0 ? gh_dn_print(der, (size_t)n, false) : NULL;

	e.text = issuer;
	e.serial = decimal;
	if (issuer == NULL || decimal == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "PAL");
	else if (strlen(issuer) > DN_MAX)
		rc = add_uri(o, &(struct pal_entry){.rank = e.rank, .type = e.type},
		    "simplereenroll", err);
	else
		rc = pal_add(o->place->pal, &e, err);
	free(issuer);
	OPENSSL_free(der);
	OPENSSL_free(decimal);
	BN_free(serial);
	return rc;
}

static int
add_renewals(const struct own *o, struct gh_error *err)
{
	const struct store_client_request *r = est_outcome_find(&o->requests, "simplereenroll");
	int64_t window = est_renewal_window(o->env, o->place->label);
	int rc = 0;

	if (r != NULL && est_outcome_of(r) == EST_OUTCOME_WAITS)
		return 0;
	for (size_t i = 0; rc == 0 && i < o->n; i++)
		if (o->end[i] - window <= gh_now() && !is_superseded(o, i))
			rc = add_due(o, i, err);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool
waits(const struct own *o)
{
	for (size_t i = 0; i < o->requests.n; i++)
		if (est_outcome_of(&o->requests.request[i]) == EST_OUTCOME_WAITS)
			return true;
	return false;
}

int
est_pal_enroll(struct worker_env *env, const struct call *call, const struct est_pal_place *place,
    struct gh_error *err)
{
	struct own o = {.env = env, .call = call, .place = place};
	int rc = store_list_client_requests(env->store, call->requester, place->label->name,
	    &o.requests, err);

	if (rc == 0) {
		find_certs(&o);
		if (o.n == 0 && !waits(&o) && (rc = add_start(&o, err)) == 0)
			rc = add_keygen(&o, err);
	}
	if (rc == 0 && (rc = add_outcome(&o, "simpleenroll", GOOD, err)) == 0 &&
	    (rc = add_outcome(&o, "fullcmc", GOOD, err)) == 0 &&
	    (rc = add_outcome(&o, "simplereenroll", AGAIN_GOOD, err)) == 0)
		rc = add_renewals(&o, err);
	for (size_t i = 0; i < o.n; i++)
		X509_free(o.cert[i]);
	store_client_requests_clear(&o.requests);
	return rc;
}
