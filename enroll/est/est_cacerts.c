/* The CA certificates of a label. See est_cacerts.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "formats/pkcs7.h"
#include "timestamp.h"

#include "ca_choice.h"

#include "est_body.h"
#include "est_cacerts.h"
#include "est_door.h"
#include "est_error.h"

/* Bare: Bouncy Castle before 1.69 takes no other type here, though the others have a parameter. */
#define CACERTS_TYPE "application/pkcs7-mime"

/* Intermediates, then what certifies one key of a root by another, roots last. */
enum rank { INTERMEDIATE, CROSS, ROOT };

struct listed {
	struct gh_der der; /* of the catalog */
	enum rank rank;
	int64_t end; /* UTC seconds */
	size_t at;   /* as it was found: the order of equals */
};

struct list {
	struct listed cert[CA_PKCS7_CERTS_MAX];
	size_t n;
};

static bool
has(const struct list *l, const struct gh_der *der)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->cert[i].der.len == der->len &&
		    memcmp(l->cert[i].der.p, der->p, der->len) == 0)
			return true;
	return false;
}

static enum rank
rank_of(X509 *cert)
{
	if (X509_self_signed(cert, 0) == 1)
		return ROOT;
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0
	    ? CROSS
	    : INTERMEDIATE;
}

/* Each once, and none that has ended. */
static int
add(struct list *l, const struct gh_der *der, struct gh_error *err)
{
	const unsigned char *p = der->p;
	X509 *cert;
	int64_t end;

	if (has(l, der))
		return 0;
	if (l->n == CA_PKCS7_CERTS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "more than %d CA certificates",
		    CA_PKCS7_CERTS_MAX);
	if ((cert = d2i_X509(NULL, &p, (long)der->len)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "certificate of a CA is unreadable");
	if (gh_asn1_time_get(X509_get0_notAfter(cert), &end) && end > gh_now()) {
		l->cert[l->n] = (struct listed){*der, rank_of(cert), end, l->n};
		l->n++;
	}
	X509_free(cert);
	return 0;
}

static int
add_chain(struct list *l, const struct cert_chain *chain, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < chain->n; i++) {
		const struct gh_der der = {chain->cert[i].der, chain->cert[i].len};

		rc = add(l, &der, err);
	}
	return rc;
}

/* Is it a key of this CA, or of one above it? By name: a renewal with a new key keeps that. */
static bool
is_of_path(const struct ca *ca, const struct ca *other)
{
	X509_NAME *name = X509_get_subject_name(other->cert);
	bool found = false;

	for (size_t i = 0; !found && i < ca->chain.n; i++) {
		const unsigned char *p = ca->chain.cert[i].der;
		X509 *cert = d2i_X509(NULL, &p, (long)ca->chain.cert[i].len);

		found = cert != NULL && X509_NAME_cmp(X509_get_subject_name(cert), name) == 0;
		X509_free(cert);
	}
	return found;
}

/* Its path, and whatever else bears a name of its path: certificates of older keys chain to them.
 */
static int
add_ca(struct list *l, const struct ca_set *cas, const struct ca *ca, struct gh_error *err)
{
	int rc = add_chain(l, &ca->chain, err);

	for (size_t i = 0; rc == 0 && i < cas->n; i++) {
		const struct ca *other = cas->ca[i];

		if (other->state == CA_RETIRED || !is_of_path(ca, other))
			continue;
		if ((rc = add_chain(l, &other->chain, err)) == 0)
			rc = add_chain(l, &other->also, err);
	}
	return rc;
}

/* The client takes the root with the latest end for the one to trust (RFC 7030, 4.1.3): last. */
static int
compare(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->rank != y->rank)
		return (int)x->rank - (int)y->rank;
	if (x->rank == ROOT && x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static int
find(const struct worker_env *env, const struct est_label *label, struct list *l,
    struct gh_error *err)
{
	const struct ca_set *cas = &env->catalog->cas;
	const struct enroll_profile *p = &label->profile;
	const struct ca *ca;
	int rc = 0;

	if (p->ca_by == PROFILE_CA_NAMED) {
		ca = ca_set_find(cas, p->ca_name);
		rc = ca != NULL ? add_ca(l, cas, ca, err) : 0;
	}
	for (size_t i = 0; p->ca_by == PROFILE_CA_BY_RULE && rc == 0 && i < cas->n; i++)
		if (ca_is_offered(cas->ca[i]))
			rc = add_ca(l, cas, cas->ca[i], err);
	if (rc == 0 && l->n == 0)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "label %s has no CA", label->name);
	qsort(l->cert, l->n, sizeof(l->cert[0]), compare);
	return rc;
}

int
est_cacerts_make(const struct worker_env *env, const struct est_label *label, unsigned char **der,
    size_t *len, struct gh_error *err)
{
	struct gh_der certs[CA_PKCS7_CERTS_MAX];
	struct list l = {.n = 0};
	int rc = find(env, label, &l, err);

	*der = NULL;
	*len = 0;
	for (size_t i = 0; i < l.n; i++)
		certs[i] = l.cert[i].der;
	return rc == 0 ? ca_pkcs7_encode_certs(certs, l.n, der, len, err) : rc;
}

void
est_cacerts(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct est_label *label;
	struct gh_error err = {0};
	unsigned char *der = NULL;
	size_t len = 0;
	int rc;

	if ((rc = est_door_label(env, call->parts, &label, &err)) == 0)
		rc = est_cacerts_make(env, label, &der, &len, &err);
	if (rc == 0)
		est_body_put(label, est_body_wants_lines(call->http), CACERTS_TYPE, der, len, rep);
	else
		est_error(&err, rep);
	free(der);
}
