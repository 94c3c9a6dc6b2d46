/* Envelopes of a request. See cmc_envelope.h. */
#include <stdio.h>
#include <string.h>

#include "formats/cms_content.h"
#include "formats/cms_enveloped.h"
#include "gateway_signer.h"

#include "cmc_envelope.h"

static int
decrypt(struct cmc_run *r, const struct cms_enveloped *m, struct gh_buf *out, struct gh_error *err)
{
	struct gateway_signer key;
	int rc = gateway_signer_find_recipient(r->ctx->env, m, &key, err);

	if (rc == 0)
		rc = cms_enveloped_open(m, key.key, key.cert, out, err);
	gateway_signer_clear(&key);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}

/* The innermost one. */
static int
read_plain(struct cmc_run *r, const unsigned char *ber, size_t len, struct gh_der *type,
    struct gh_error *err)
{
	int rc;

	if (auth_data_is(ber, len)) {
		rc = auth_data_read(ber, len, &r->authenticated, err);
		r->content = r->authenticated.content;
		*type = r->authenticated.type;
	} else {
		rc = cms_signed_read(ber, len, &r->message, err);
		r->content = r->message.content;
		*type = r->message.type;
	}
	return rc;
}

static int
read_enveloped(struct cmc_run *r, const unsigned char *ber, size_t len, struct gh_der *type,
    struct gh_error *err)
{
	struct cms_enveloped m;
	struct gh_buf inner;
	int rc;

	r->came_enveloped = true;
	gh_buf_init(&inner, CMS_MESSAGE_MAX);
	if ((rc = cms_enveloped_read(ber, len, &m, err)) == 0 &&
	    (rc = decrypt(r, &m, &inner, err)) == 0) {
		r->is_enveloped = true;
		rc = read_plain(r, inner.data, inner.len, type, err);
	}
	cms_enveloped_clear(&m);
	gh_buf_free(&inner);
	return rc;
}

/* What SignedData is around: as ContentInfo again, which has the type in front. */
static int
read_outer(struct cmc_run *r, struct gh_der *type, struct gh_error *err)
{
	struct gh_buf inner;
	int rc;

	r->outer = r->message;
	memset(&r->message, 0, sizeof(r->message));
	gh_buf_init(&inner, CMS_MESSAGE_MAX);
	cms_content_put(&inner, &r->outer.type, &r->outer.content);
	if ((rc = gh_buf_check(&inner, err)) == 0)
		rc = read_enveloped(r, inner.data, inner.len, type, err);
	gh_buf_free(&inner);
	return rc;
}

int
cmc_envelope_open(struct cmc_run *r, const unsigned char *ber, size_t len, struct gh_der *type,
    struct gh_error *err)
{
	int rc;

	if (cms_enveloped_is(ber, len))
		return read_enveloped(r, ber, len, type, err);
	if ((rc = read_plain(r, ber, len, type, err)) == 0 && r->message.cms != NULL &&
	    gh_der_equals(type, cms_type_enveloped.p, cms_type_enveloped.len))
		rc = read_outer(r, type, err);
	return rc;
}

/* What was read of it, and what became of that. */
static void
forget(struct cmc_run *r)
{
	memset(r->control, 0, sizeof(r->control));
	memset(r->status, 0, sizeof(r->status));
	r->statuses = 0;
	r->rc = 0;
}

void
cmc_envelope_put_off(struct cmc_run *r, const struct gh_error *err)
{
	forget(r);
	r->is_enveloped = false;
	(void)cmc_refuse(r, 0, err);
}

void
cmc_envelope_hide(struct cmc_run *r)
{
	struct gh_error err;

	if (gh_error_info(r->err.code)->is_retryable)
		return;
	forget(r);
	(void)cms_enveloped_refuse(&err);
	snprintf(err.detail, sizeof(err.detail), "%.200s", r->err.message);
	(void)cmc_refuse(r, 0, &err);
}
