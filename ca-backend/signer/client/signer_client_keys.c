/* The client's questions about CA keys: passwords, locking, making and renewing CAs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "signer_client_private.h"

/* A question with a password or a key: wiped, whatever became of it. */
int
client_call_secretly(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err)
{
	int rc = client_call(c, op, r, err);

	OPENSSL_cleanse(c->out.data, c->out.cap);
	c->out.len = 0;
	return rc;
}

#define BLOBS_MAX 4 /* in one answer */

/* n blocks are the whole answer; all copies or none. */
int
client_take_blobs(struct signer_client *c, struct gh_reader *r, struct signer_blob *const *out,
    size_t n, struct gh_error *err)
{
	const unsigned char *p[BLOBS_MAX];
	size_t len[BLOBS_MAX] = {0}, i;
	int rc = 0;

	for (i = 0; i < n; i++)
		p[i] = gh_reader_block(r, SIGNER_FRAME_MAX, &len[i]);
	if (!gh_reader_is_done(r) || len[0] == 0)
		return client_fail_garbled(c, err);
	for (i = 0; i < n && rc == 0; i++) {
		if (len[i] > 0)
			rc = client_copy_out(p[i], len[i], &out[i]->p, &out[i]->len, err);
	}
	for (i = 0; i < n && rc != 0; i++) {
		free(out[i]->p);
		*out[i] = (struct signer_blob){NULL, 0};
	}
	return rc;
}

static int
take_one(struct signer_client *c, struct gh_reader *r, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	struct signer_blob one = {NULL, 0}, *list[] = {&one};
	int rc = client_take_blobs(c, r, list, 1, err);

	*out = one.p;
	*out_len = one.len;
	return rc;
}

/* --- passwords -------------------------------------------------------------------------------- */

int
signer_client_set_password(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *current, const char *new_password, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	struct signer_set_password f = {.sealed = sealed,
	    .sealed_len = len,
	    .current = current,
	    .new_password = new_password};
	struct gh_reader r;
	int rc;

	*out = NULL;
	*out_len = 0;
	signer_frame_begin(&c->out, SIGNER_OP_SET_PASSWORD);
	signer_put_set_password(&c->out, &f);
	if ((rc = client_call_secretly(c, SIGNER_OP_SET_PASSWORD, &r, err)) != 0)
		return rc;
	return take_one(c, &r, out, out_len, err);
}

int
signer_client_unlock(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *password, int seconds, int64_t *until, struct gh_error *err)
{
	struct signer_unlock f = {.sealed = sealed,
	    .sealed_len = len,
	    .password = password,
	    .seconds = (uint32_t)seconds};
	struct gh_reader r;
	int rc;

	*until = 0;
	if (seconds < 1 || seconds > SIGNER_UNLOCK_SECONDS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "unlocking for %d s", seconds);
	signer_frame_begin(&c->out, SIGNER_OP_UNLOCK);
	signer_put_unlock(&c->out, &f);
	if ((rc = client_call_secretly(c, SIGNER_OP_UNLOCK, &r, err)) != 0)
		return rc;
	*until = (int64_t)gh_reader_u64(&r);
	return gh_reader_is_done(&r) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_lock(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_LOCK);
	signer_put_id(&c->out, ca_id);
	if ((rc = client_call(c, SIGNER_OP_LOCK, &r, err)) != 0)
		return rc;
	return gh_reader_is_done(&r) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_ca_state(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_ca_state *out, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	signer_frame_begin(&c->out, SIGNER_OP_CA_STATE);
	signer_put_id(&c->out, ca_id);
	if ((rc = client_call(c, SIGNER_OP_CA_STATE, &r, err)) != 0)
		return rc;
	return signer_get_ca_state(&r, out) ? 0 : client_fail_garbled(c, err);
}

/* --- administration --------------------------------------------------------------------------- */

/* The administrator who asks is to read why, not only our log. */
static int
admin_call(struct signer_client *c, enum signer_op op, struct gh_reader *r, struct gh_error *err)
{
	char why[sizeof(err->detail)];
	int rc = client_call_secretly(c, op, r, err);

	if (rc != GH_E_SIGNER || err == NULL)
		return rc;
	snprintf(why, sizeof(why), "%s", err->detail);
	return gh_refuse(err, GH_E_SIGNER, "%s", why);
}

int
signer_client_create_ca(struct signer_client *c, const struct signer_create_ca *f,
    unsigned char **cert, size_t *cert_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err)
{
	struct signer_blob made = {NULL, 0}, record = {NULL, 0}, *list[] = {&made, &record};
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_CREATE_CA);
	signer_put_create_ca(&c->out, f);
	if ((rc = admin_call(c, SIGNER_OP_CREATE_CA, &r, err)) == 0)
		rc = client_take_blobs(c, &r, list, 2, err);
	*cert = made.p;
	*cert_len = made.len;
	*sealed = record.p;
	*sealed_len = record.len;
	return rc;
}

int
signer_client_import_ca(struct signer_client *c, const struct signer_import_ca *f,
    unsigned char **sealed, size_t *sealed_len, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*sealed = NULL;
	*sealed_len = 0;
	signer_frame_begin(&c->out, SIGNER_OP_IMPORT_CA);
	signer_put_import_ca(&c->out, f);
	if ((rc = admin_call(c, SIGNER_OP_IMPORT_CA, &r, err)) != 0)
		return rc;
	return take_one(c, &r, sealed, sealed_len, err);
}

int
signer_client_create_csr(struct signer_client *c, const struct signer_create_csr *f,
    unsigned char **csr, size_t *csr_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err)
{
	struct signer_blob request = {NULL, 0}, record = {NULL, 0}, *list[] = {&request, &record};
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_CREATE_CSR);
	signer_put_create_csr(&c->out, f);
	if ((rc = admin_call(c, SIGNER_OP_CREATE_CSR, &r, err)) == 0)
		rc = client_take_blobs(c, &r, list, 2, err);
	*csr = request.p;
	*csr_len = request.len;
	*sealed = record.p;
	*sealed_len = record.len;
	return rc;
}

int
signer_client_complete_ca(struct signer_client *c, const unsigned char *pending, size_t len,
    const unsigned char *cert, size_t cert_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*sealed = NULL;
	*sealed_len = 0;
	signer_frame_begin(&c->out, SIGNER_OP_COMPLETE_CA);
	signer_put_two_blocks(&c->out, pending, len, cert, cert_len);
	if ((rc = admin_call(c, SIGNER_OP_COMPLETE_CA, &r, err)) != 0)
		return rc;
	return take_one(c, &r, sealed, sealed_len, err);
}

int
signer_client_renew_ca(struct signer_client *c, const struct signer_renew_ca *f,
    struct signer_renewed_ca *out, struct gh_error *err)
{
	struct signer_blob *list[] = {&out->cert, &out->sealed, &out->old_with_new,
	    &out->new_with_old};
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	signer_frame_begin(&c->out, SIGNER_OP_RENEW_CA);
	signer_put_renew_ca(&c->out, f);
	if ((rc = admin_call(c, SIGNER_OP_RENEW_CA, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, list, 4, err);
}

void
signer_renewed_ca_free(struct signer_renewed_ca *r)
{
	free(r->cert.p);
	free(r->sealed.p);
	free(r->old_with_new.p);
	free(r->new_with_old.p);
	memset(r, 0, sizeof(*r));
}

int
signer_client_set_limits(struct signer_client *c, const unsigned char *sealed, size_t len,
    const struct signer_limits *limits, unsigned char **out, size_t *out_len, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*out = NULL;
	*out_len = 0;
	signer_frame_begin(&c->out, SIGNER_OP_SET_LIMITS);
	signer_put_set_limits(&c->out, sealed, len, limits);
	if ((rc = admin_call(c, SIGNER_OP_SET_LIMITS, &r, err)) != 0)
		return rc;
	return take_one(c, &r, out, out_len, err);
}
