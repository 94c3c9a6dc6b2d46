/* See kra_setup.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "calendar.h"
#include "key_alg.h"
#include "store/key/kra_key_change.h"
#include "timestamp.h"

#include "kra_setup.h"

#define CN_SUFFIX " KRA transport"
#define CN_MAX 64 /* bytes; RFC 5280, A.1: ub-common-name */

/* RFC 5280, 4.2.1.3: the bits of keyUsage */
#define BIT_KEY_ENCIPHERMENT 2
#define BIT_KEY_AGREEMENT 4

/* A key as the KRA made it, and what clients get of it. */
struct made {
	struct signer_blob spki, sealed;
	unsigned char *cert;
	size_t cert_len;
};

static void
made_clear(struct made *m)
{
	free(m->spki.p);
	free(m->sealed.p);
	free(m->cert);
	memset(m, 0, sizeof(*m));
}

int
kra_setup_check_key_alg(const char *key_alg, struct gh_error *err)
{
	static const char *const names[] = {"RSA-3072", "RSA-4096", "P-256", "P-384"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], key_alg) == 0)
			return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "a key of the KRA is one of " KRA_SETUP_KEY_NAMES ", not \"%.40s\"", key_alg);
}

void
kra_setup_name_key(const struct signer_blob *spki, char *out, size_t size)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki->len);
	enum gh_curve curve;

	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		snprintf(out, size, "RSA-%d", EVP_PKEY_get_bits(key));
	else if (key != NULL && gh_curve_of_key(key, &curve))
		snprintf(out, size, "%s", gh_curve_name(curve));
	else
		snprintf(out, size, "?");
	EVP_PKEY_free(key);
	ERR_clear_error();
}

/* ---- the certificate ---- */

static bool
is_rsa(const struct signer_blob *spki)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki->len);
	bool is = key != NULL && EVP_PKEY_is_a(key, "RSA");

	EVP_PKEY_free(key);
	ERR_clear_error();
	return is;
}

/* Session keys are encrypted for an RSA key, and agreed with an EC key. */
static int
add_usage(struct cert_spec *spec, const struct signer_blob *spki)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int bit = is_rsa(spki) ? BIT_KEY_ENCIPHERMENT : BIT_KEY_AGREEMENT;
	X509_EXTENSION *ext = NULL;

	if (usage != NULL && ASN1_BIT_STRING_set_bit(usage, bit, 1) == 1)
		ext = X509V3_EXT_i2d(NID_key_usage, true, usage);
	ASN1_BIT_STRING_free(usage);
	if (ext != NULL && sk_X509_EXTENSION_push(spec->extensions, ext) > 0)
		return 0;
	X509_EXTENSION_free(ext);
	return -1;
}

static int
add_subject(struct cert_spec *spec, const struct ca *ca)
{
	char cn[CN_MAX + 1];

	snprintf(cn, sizeof(cn), "%.*s" CN_SUFFIX, CN_MAX - (int)strlen(CN_SUFFIX), ca->name);
	return X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
		   (const unsigned char *)cn, -1, -1, 0) == 1
	    ? 0
	    : -1;
}

static int
certify(const struct kra_setup *s, const struct kra_setup_transport *t, struct made *m,
    struct gh_error *err)
{
	struct cert_spec *spec = cert_spec_new();
	int rc;

	if (spec == NULL || (spec->spki = malloc(m->spki.len)) == NULL ||
	    add_subject(spec, t->ca) != 0 || add_usage(spec, &m->spki) != 0) {
		cert_spec_free(spec);
		return gh_fail(err, GH_E_NOMEM, "transport certificate");
	}
	memcpy(spec->spki, m->spki.p, m->spki.len);
	spec->spki_len = m->spki.len;
	spec->not_before = gh_now() - s->backdate;
	spec->not_after = gh_now() + (int64_t)t->days * GH_DAY_SECONDS;
	rc = ca_sign(t->ca, s->signer, spec, &m->cert, &m->cert_len, err);
	cert_spec_free(spec);
	return rc;
}

/* ---- the keys ---- */

/* Public words: what the code says elsewhere is about certificates. */
static int
create_key(const struct kra_setup *s, const struct kra_create_key *f, struct made *m,
    struct gh_error *err)
{
	int rc = kra_client_create_key(s->kra, f, &m->spki, &m->sealed, err);
	char cause[256];

	if (rc != GH_E_SIGNER)
		return rc;
	snprintf(cause, sizeof(cause), "%.200s", err->detail);
	return gh_refuse(err, GH_E_SIGNER, "The KRA does not make this key: %s", cause);
}

static int
make_transport(const struct kra_setup *s, const struct kra_setup_transport *t, struct made *m,
    struct gh_error *err)
{
	const struct kra_create_key f = {.is_storage = false,
	    .key_alg = t->key_uri != NULL ? "" : t->key_alg,
	    .key_uri = t->key_uri};
	int rc = create_key(s, &f, m, err);

	return rc == 0 ? certify(s, t, m, err) : rc;
}

static struct store_new_kra_key
row_of(const struct made *m, const struct ca *ca)
{
	return (struct store_new_kra_key){
	    .spki = {m->spki.p, m->spki.len},
	    .sealed = {m->sealed.p, m->sealed.len},
	    .ca = ca,
	    .cert = {m->cert, m->cert_len},
	};
}

static int
make_storage(const struct kra_setup *s, const struct kra_setup_storage *storage, struct made *m,
    struct gh_error *err)
{
	const struct kra_create_key f = {.is_storage = true,
	    .key_alg = storage->key_uri != NULL ? "" : storage->key_alg,
	    .key_uri = storage->key_uri,
	    .password = storage->password};

	return create_key(s, &f, m, err);
}

int
kra_setup_init(const struct kra_setup *s, const struct kra_setup_storage *storage,
    const struct kra_setup_transport *transport, struct gh_error *err)
{
	struct made a = {0}, b = {0};
	int rc = make_storage(s, storage, &a, err);

	if (rc == 0)
		rc = make_transport(s, transport, &b, err);
	if (rc == 0) {
		const struct store_new_kra_key first = row_of(&a, NULL),
					       second = row_of(&b, transport->ca);

		rc = store_create_kra(s->store, s->who, &first, &second, err);
	}
	made_clear(&a);
	made_clear(&b);
	return rc;
}

int
kra_setup_renew(const struct kra_setup *s, int64_t current,
    const struct kra_setup_transport *transport, struct gh_error *err)
{
	struct made m = {0};
	int rc = make_transport(s, transport, &m, err);

	if (rc == 0) {
		const struct store_new_kra_key row = row_of(&m, transport->ca);

		rc = store_renew_kra_transport(s->store, s->who, current, &row, err);
	}
	made_clear(&m);
	return rc;
}

int
kra_setup_rotate(const struct kra_setup *s, const struct kra_setup_storage *storage,
    struct gh_error *err)
{
	struct made m = {0};
	int rc = make_storage(s, storage, &m, err);

	if (rc == 0) {
		const struct store_new_kra_key row = row_of(&m, NULL);

		rc = store_add_next_storage(s->store, s->who, &row, err);
	}
	made_clear(&m);
	return rc;
}
