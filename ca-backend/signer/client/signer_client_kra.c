/* The client's questions to a KRA. See signer_client_kra.h. */
#include <stdlib.h>
#include <string.h>

#include "signer_client_kra.h"
#include "signer_client_private.h"

int
kra_client_new(const char *socket_path, int timeout_ms, struct signer_client **out,
    struct gh_error *err)
{
	int rc = signer_client_new(socket_path, timeout_ms, out, err);

	if (rc == GH_E_CONF)
		return gh_refuse(err, rc, "kra.socket: \"%.100s\" is too long for a socket",
		    socket_path);
	if (rc == 0)
		(*out)->measure = GH_MEASURE_KRA;
	return rc;
}

int
kra_client_create_key(struct signer_client *c, const struct kra_create_key *f,
    struct signer_blob *spki, struct signer_blob *sealed, struct gh_error *err)
{
	struct signer_blob *out[] = {spki, sealed};
	struct gh_reader r;
	int rc;

	*spki = *sealed = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_CREATE_KEY);
	kra_put_create_key(&c->out, f);
	if ((rc = client_call_secretly(c, SIGNER_OP_KRA_CREATE_KEY, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, out, 2, err);
}

int
kra_client_archive(struct signer_client *c, const struct kra_archive *f, struct signer_blob *stored,
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*stored = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_ARCHIVE);
	kra_put_archive(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_KRA_ARCHIVE, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, &stored, 1, err);
}

int
kra_client_recover(struct signer_client *c, const struct kra_recover *f, struct signer_blob *iv,
    struct signer_blob *out, struct gh_error *err)
{
	struct gh_reader r;
	size_t iv_len, len;
	const unsigned char *iv_p, *p;
	int rc;

	*iv = *out = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_RECOVER);
	kra_put_recover(&c->out, f);
	/* it may hold a password as it is */
	if ((rc = client_call_secretly(c, SIGNER_OP_KRA_RECOVER, &r, err)) != 0)
		return rc;
	if (!signer_get_two_blocks(&r, &iv_p, &iv_len, &p, &len) || len == 0)
		return client_fail_garbled(c, err);
	if (iv_len > 0 && (rc = client_copy_out(iv_p, iv_len, &iv->p, &iv->len, err)) != 0)
		return rc;
	if ((rc = client_copy_out(p, len, &out->p, &out->len, err)) != 0) {
		free(iv->p);
		*iv = (struct signer_blob){NULL, 0};
	}
	return rc;
}

int
kra_client_rewrap(struct signer_client *c, const struct kra_rewrap *f, struct signer_blob *stored,
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*stored = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_REWRAP);
	kra_put_rewrap(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_KRA_REWRAP, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, &stored, 1, err);
}

int
kra_client_seal_policy(struct signer_client *c, const struct kra_policy *p,
    struct signer_blob *sealed, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*sealed = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_SEAL_POLICY);
	kra_put_policy(&c->out, p);
	if ((rc = client_call(c, SIGNER_OP_KRA_SEAL_POLICY, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, &sealed, 1, err);
}

int
kra_client_show_policy(struct signer_client *c, const struct kra_show_policy *f,
    struct kra_policy *out, struct signer_blob *text, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	*text = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_SHOW_POLICY);
	kra_put_show_policy(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_KRA_SHOW_POLICY, &r, err)) != 0)
		return rc;
	if ((rc = client_take_blobs(c, &r, &text, 1, err)) != 0)
		return rc;
	gh_reader_init(&r, text->p, text->len);
	if (kra_get_policy(&r, out))
		return 0;
	free(text->p);
	*text = (struct signer_blob){NULL, 0};
	return client_fail_garbled(c, err);
}

int
kra_client_check_approval(struct signer_client *c, const struct kra_recover *f,
    struct signer_blob *agent, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	*agent = (struct signer_blob){NULL, 0};
	signer_frame_begin(&c->out, SIGNER_OP_KRA_CHECK_APPROVAL);
	kra_put_recover(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_KRA_CHECK_APPROVAL, &r, err)) != 0)
		return rc;
	return client_take_blobs(c, &r, &agent, 1, err);
}

void
kra_client_made_free(struct kra_client_made *m)
{
	free(m->spki.p);
	free(m->archived.p);
	free(m->kept.p);
	free(m->csr.p);
	free(m->iv.p);
	free(m->out.p);
	memset(m, 0, sizeof(*m));
}

static int
copy(const struct gh_der *part, struct signer_blob *out, struct gh_error *err)
{
	return part->len > 0 ? client_copy_out(part->p, part->len, &out->p, &out->len, err) : 0;
}

int
kra_client_generate(struct signer_client *c, const struct kra_generate *f,
    struct kra_client_made *out, struct gh_error *err)
{
	struct kra_generated g;
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	signer_frame_begin(&c->out, SIGNER_OP_KRA_GENERATE);
	kra_put_generate(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_KRA_GENERATE, &r, err)) != 0)
		return rc;
	if (!kra_get_generated(&r, &g))
		return client_fail_garbled(c, err);
	out->kind = g.kind;
	if ((rc = copy(&g.spki, &out->spki, err)) != 0 ||
	    (rc = copy(&g.archived, &out->archived, err)) != 0 ||
	    (rc = copy(&g.kept, &out->kept, err)) != 0 ||
	    (rc = copy(&g.csr, &out->csr, err)) != 0 || (rc = copy(&g.iv, &out->iv, err)) != 0 ||
	    (rc = copy(&g.out, &out->out, err)) != 0)
		kra_client_made_free(out);
	return rc;
}
