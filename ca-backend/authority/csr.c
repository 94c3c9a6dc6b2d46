/* Requests of CAs. See csr.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "dn_text.h"
#include "encoding.h"
#include "store/ca/ca_row.h"

#include "csr.h"
#include "ca_extensions.h"
#include "loaded_ca.h"

void
authority_request_free(struct authority_request *r)
{
	free(r->csr);
	free(r->pending);
	*r = (struct authority_request){0};
}

/* ---- a new key ---- */

static int
path_len_of(const struct authority_new_ca *spec)
{
	return spec->path_len != AUTHORITY_NOT_GIVEN ? spec->path_len : 0;
}

/* The key record is in *ca. */
static int
make_key(const struct authority *a, const struct authority_new_ca *spec, struct ca *ca,
    unsigned char **csr, size_t *len, struct gh_error *err)
{
	const char *uri = spec->settings.key_uri;
	struct signer_create_csr f = {.key_alg = uri != NULL ? "" : spec->key_alg, .key_uri = uri};
	unsigned char *subject = NULL, *extensions = NULL;
	int rc = gh_dn_parse_der(spec->subject, &subject, &f.subject_len, err);

	if (rc == 0)
		rc = ca_extensions_make(NULL, NULL, &spec->names, a->words, &extensions,
		    &f.extensions_len, err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, path_len_of(spec), &f.limits, err);
	f.subject = subject;
	f.extensions = extensions;
	if (rc == 0)
		rc = signer_client_create_csr(a->signer, &f, csr, len, &ca->sealed, &ca->sealed_len,
		    err);
	free(subject);
	free(extensions);
	return rc;
}

static int
csr_new(const struct authority *a, const struct authority_new_ca *spec, unsigned char **csr,
    size_t *len, struct gh_error *err)
{
	struct ca *ca;
	int rc = authority_settle(a, &spec->settings, CA_PENDING, path_len_of(spec), &ca, err);

	if (rc == 0)
		rc = ca_names_json(&spec->names, ca->policy, err);
	if (rc == 0)
		rc = make_key(a, spec, ca, csr, len, err);
	if (rc == 0)
		rc = store_create_pending_ca(a->store, a->who, ca, spec->subject, *csr, *len,
		    &ca->id, err);
	ca_free(ca);
	return rc;
}

/* ---- the key of a CA that is there ---- */

int
authority_csr_of_key(const struct authority *a, const struct ca *ca, struct authority_request *out,
    struct gh_error *err)
{
	struct signer_create_csr f = {.sealed = ca->sealed, .sealed_len = ca->sealed_len};
	unsigned char *extensions = NULL;
	char *password = NULL;
	int rc;

	*out = (struct authority_request){0};
	if (ca->state != CA_ACTIVE && ca->state != CA_DISABLED)
		return gh_refuse(err, GH_E_CONFLICT, "CA \"%s\" is %s", ca->name,
		    ca_state_name(ca->state));
	if (ca->sealed == NULL)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE, "the key of CA \"%s\" is not here",
		    ca->name);
	rc = authority_password(a, ca, false, &password, err);
	if (rc == 0)
		rc = ca_extensions_make(NULL, ca->cert, NULL, NULL, &extensions, &f.extensions_len,
		    err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, loaded_ca_path_len(ca), &f.limits, err);
	if (rc == 0 &&
	    X509_NAME_get0_der(X509_get_subject_name(ca->cert), &f.subject, &f.subject_len) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "subject");
	f.password = password;
	f.extensions = extensions;
	if (rc == 0)
		rc = signer_client_create_csr(a->signer, &f, &out->csr, &out->csr_len,
		    &out->pending, &out->pending_len, err);
	authority_password_free(password);
	free(extensions);
	return rc;
}

static int
csr_again(const struct authority *a, const struct loaded_ca *l, unsigned char **csr, size_t *len,
    struct gh_error *err)
{
	const char *stored = gh_json_string(gh_json_get(l->row, "csr"));
	struct authority_request r;
	int rc;

	if (l->ca->state == CA_PENDING && stored != NULL)
		return gh_base64_decode(stored, strlen(stored), csr, len, err);
	rc = authority_csr_of_key(a, l->ca, &r, err);
	if (rc == 0)
		rc = store_ca_csr_made(a->store, a->who, l->ca, err);
	if (rc == 0) {
		*csr = r.csr;
		*len = r.csr_len;
		r.csr = NULL;
	}
	authority_request_free(&r);
	return rc;
}

static int
make(const struct authority *a, const struct authority_new_ca *spec, unsigned char **csr,
    size_t *len, struct gh_error *err)
{
	const char *name = spec->settings.name;
	struct loaded_ca l;
	int rc = loaded_ca_open(a->store, name, &l, err);

	if (rc == GH_E_NOT_FOUND && spec->subject == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no CA \"%.80s\": for a new one, %s is needed", name,
		    a->words->subject);
	if (rc == GH_E_NOT_FOUND)
		return csr_new(a, spec, csr, len, err);
	if (rc == 0 && spec->subject != NULL)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "there is a CA \"%.80s\" already; without %s, a request for its "
		    "key is made",
		    name, a->words->subject);
	if (rc == 0)
		rc = csr_again(a, &l, csr, len, err);
	loaded_ca_close(&l);
	return rc;
}

int
authority_csr_check(const struct authority_new_ca *spec, const struct authority_words *words,
    struct gh_error *err)
{
	int rc = authority_check_path_len(spec->path_len, words, err);

	if (rc == 0 && spec->subject != NULL && spec->settings.key_uri == NULL)
		rc = authority_check_key_alg(spec->key_alg, words, err);
	return rc;
}

int
authority_csr(const struct authority *a, const struct authority_new_ca *spec, unsigned char **csr,
    size_t *len, struct gh_error *err)
{
	int rc = authority_csr_check(spec, a->words, err);

	*csr = NULL;
	*len = 0;
	if (rc == 0)
		rc = make(a, spec, csr, len, err);
	if (rc != 0) {
		free(*csr);
		*csr = NULL;
		*len = 0;
	}
	return rc;
}
