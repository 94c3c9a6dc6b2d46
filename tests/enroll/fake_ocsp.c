/* What the OCSP responder asks of store and signer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "encoding.h"
#include "timestamp.h"

#include "fake.h"
#include "fake_ocsp.h"

struct fake_ocsp fake_ocsp;

int
store_cert_status(struct store *s, const struct store_status_query *q, size_t n,
    struct ocsp_status *out, struct gh_error *err)
{
	(void)s;
	if (fake_ocsp.fail_store != 0)
		return gh_fail(err, fake_ocsp.fail_store, "the store was told to fail");
	fake_ocsp.questions++;
	for (size_t i = 0; i < n; i++)
		out[i] = q[i].serial_len == 1 && q[i].serial[0] < FAKE_SERIALS
		    ? fake_ocsp.status[q[i].serial[0]]
		    : (struct ocsp_status){.status = OCSP_UNKNOWN};
	if (fake_ocsp.during_question != NULL)
		fake_ocsp.during_question();
	return 0;
}

void
store_signer_clear(struct store_signer *o)
{
	free(o->cert);
	free(o->sealed);
	memset(o, 0, sizeof(*o));
}

static int
give_signer(struct store_signer *out, struct gh_error *err)
{
	const char *text = fake_ca_chain(0);

	out->not_before = gh_now() - 10;
	out->not_after = fake_ocsp.signer_until;
	out->sealed = calloc(1, 1);
	out->sealed_len = 1;
	return gh_base64_decode(text, strlen(text), &out->cert, &out->cert_len, err);
}

int
store_find_signer(struct store *s, enum store_signer_use use, int64_t ca_id, int64_t until,
    struct store_signer *out, struct gh_error *err)
{
	(void)s;
	(void)use;
	(void)ca_id;
	memset(out, 0, sizeof(*out));
	fake_ocsp.looks++;
	if (fake_ocsp.fail_store != 0)
		return gh_fail(err, fake_ocsp.fail_store, "the store was told to fail");
	if (fake_ocsp.signer_until <= until)
		return gh_fail(err, GH_E_NOT_FOUND, "no signer");
	return give_signer(out, err);
}

int
store_issue_signer(struct store *s, const struct store_signer_issue *i, struct store_signer *out,
    bool *is_new, struct gh_error *err)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	*is_new = false;
	fake_ocsp.issues++;
	if (fake_ocsp.fail_issue != 0)
		return gh_fail(err, fake_ocsp.fail_issue, "told to fail");
	*is_new = true;
	fake_ocsp.signer_until = gh_now() + 86400;
	(void)i;
	return give_signer(out, err);
}

int
signer_client_load_ca(struct signer_client *c, const unsigned char *sealed, size_t len,
    unsigned char ca_id[SIGNER_CA_ID_SIZE], struct gh_error *err)
{
	const char *text = fake_ca_chain(0);
	unsigned char *der;
	size_t n;
	int rc = gh_base64_decode(text, strlen(text), &der, &n, err);

	(void)c;
	(void)sealed;
	(void)len;
	if (rc == 0)
		assert_true(gh_digest(GH_SHA256, der, n, ca_id));
	free(der);
	fake_ocsp.loaded = true;
	return rc;
}

int
ca_load_key(const struct ca *ca, struct signer_client *signer, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];

	return signer_client_load_ca(signer, ca->sealed, ca->sealed_len, id, err);
}

static bool
is_refused(const struct signer_ocsp_fields *f)
{
	const unsigned char serial[] = {0x02, 0x01, fake_ocsp.refused};

	return fake_ocsp.refused != 0 &&
	    memmem(f->responses, f->responses_len, serial, sizeof(serial)) != NULL;
}

int
signer_client_sign_ocsp(struct signer_client *c, const struct signer_ocsp_fields *f, size_t n,
    struct signer_blob *out, struct gh_error *err)
{
	(void)c;
	memset(out, 0, n * sizeof(*out));
	if (fake_ocsp.fail_signer != 0)
		return gh_fail(err, fake_ocsp.fail_signer, "the signer was told to fail");
	if (!fake_ocsp.loaded)
		return gh_fail(err, GH_E_NOT_FOUND, "not loaded");
	for (size_t i = 0; i < n; i++)
		if (is_refused(&f[i]))
			return gh_fail(err, GH_E_SIGNER, "all or none");
	for (size_t i = 0; i < n; i++) {
		out[i].len = f[i].responses_len;
		out[i].p = malloc(out[i].len);
		assert_non_null(out[i].p);
		memcpy(out[i].p, f[i].responses, out[i].len);
	}
	fake_ocsp.signatures += (int)n;
	return 0;
}

int
signer_client_create_ocsp_signer(struct signer_client *c,
    const unsigned char ca_id[SIGNER_CA_ID_SIZE], int64_t not_before, int64_t not_after,
    const char *key_alg, unsigned char **cert, size_t *cert_len, unsigned char **sealed,
    size_t *sealed_len, struct gh_error *err)
{
	(void)c;
	(void)ca_id;
	(void)not_before;
	(void)not_after;
	(void)key_alg;
	*cert = *sealed = NULL;
	*cert_len = *sealed_len = 0;
	return gh_fail(err, GH_E_INTERNAL, "the store is a stand-in: nobody asks");
}
