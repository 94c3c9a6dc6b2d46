/* Names and keys of CAs. See ca_identity.h. */
#include <stdlib.h>
#include <string.h>

#include "ca_identity.h"
#include "digest.h"
#include "dn_key.h"
#include "spki.h"

#define EMPTY_NAME_SIZE 2

/* --- sets ------------------------------------------------------------------------------------- */

static int
compare_digest(const void *a, const void *b)
{
	return memcmp(a, b, GH_DN_KEY_SIZE);
}

static bool
has(const struct gh_digest_set *set, const unsigned char digest[GH_DN_KEY_SIZE])
{
	return set->n > 0 &&
	    bsearch(digest, set->digest, set->n, GH_DN_KEY_SIZE, compare_digest) != NULL;
}

static int
add(struct gh_digest_set *set, const unsigned char digest[GH_DN_KEY_SIZE], struct gh_error *err)
{
	if (has(set, digest))
		return 0;
	if (set->n == set->cap) {
		size_t cap = set->cap > 0 ? 2 * set->cap : 16;
		void *p = realloc(set->digest, cap * GH_DN_KEY_SIZE);

		if (p == NULL)
			return gh_fail(err, GH_E_NOMEM, "names and keys of CAs");
		set->digest = p;
		set->cap = cap;
	}
	memcpy(set->digest[set->n++], digest, GH_DN_KEY_SIZE);
	qsort(set->digest, set->n, GH_DN_KEY_SIZE, compare_digest);
	return 0;
}

/* --- filling ---------------------------------------------------------------------------------- */

/* The empty name is no CA's. */
int
gh_ca_identities_add_name(struct gh_ca_identities *t, const struct gh_der *name,
    struct gh_error *err)
{
	unsigned char key[GH_DN_KEY_SIZE];
	int rc = gh_dn_key(name, key, err);

	return rc != 0 || name->len == EMPTY_NAME_SIZE ? rc : add(&t->names, key, err);
}

static bool
key_digest(const struct gh_der *spki, unsigned char digest[GH_DN_KEY_SIZE])
{
	struct gh_der core;

	return gh_spki_core(spki, &core) && gh_digest(GH_SHA256, core.p, core.len, digest);
}

int
gh_ca_identities_add_key(struct gh_ca_identities *t, const struct gh_der *spki,
    struct gh_error *err)
{
	unsigned char digest[GH_DN_KEY_SIZE];

	if (!key_digest(spki, digest))
		return gh_fail(err, GH_E_SUBJECT, "the public key of a CA cannot be read");
	return add(&t->keys, digest, err);
}

int
gh_ca_identities_add_cert(struct gh_ca_identities *t, const struct gh_der *cert,
    struct gh_error *err)
{
	struct gh_der subject, issuer, spki;
	int rc;

	if (!gh_dn_of_cert(cert, &subject, &issuer) || !gh_spki_of_cert(cert, &spki))
		return gh_fail(err, GH_E_SUBJECT, "the certificate of a CA cannot be read");
	if ((rc = gh_ca_identities_add_name(t, &subject, err)) != 0 ||
	    (rc = gh_ca_identities_add_name(t, &issuer, err)) != 0)
		return rc;
	return gh_ca_identities_add_key(t, &spki, err);
}

void
gh_ca_identities_clear(struct gh_ca_identities *t)
{
	free(t->names.digest);
	free(t->keys.digest);
	memset(t, 0, sizeof(*t));
}

/* --- asking ----------------------------------------------------------------------------------- */

static int
check_name(const struct gh_ca_identities *t, const struct gh_der *name, const char *what,
    struct gh_error *err)
{
	unsigned char key[GH_DN_KEY_SIZE];
	int rc = gh_dn_key(name, key, err);

	if (rc != 0 || !has(&t->names, key))
		return rc;
	return gh_refuse(err, GH_E_CA_POLICY, "the %s is the name of a certification authority",
	    what);
}

int
gh_ca_identities_check_names(const struct gh_ca_identities *t, const struct gh_der *subject,
    const struct gh_der *san, struct gh_error *err)
{
	struct gh_der in = *san, list = {NULL, 0}, name;
	bool is_malformed =
	    san->len > 0 && (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0);
	int rc = check_name(t, subject, "subject", err);

	while (rc == 0 && !is_malformed && gh_dn_take_directory_name(&list, &name, &is_malformed))
		rc = check_name(t, &name, "directoryName of the subjectAltName", err);
	if (rc == 0 && is_malformed)
		return gh_refuse(err, GH_E_SUBJECT, "the subjectAltName is malformed");
	return rc;
}

bool
gh_ca_identities_has_key(const struct gh_ca_identities *t, const struct gh_der *spki)
{
	unsigned char digest[GH_DN_KEY_SIZE];

	return key_digest(spki, digest) && has(&t->keys, digest);
}
