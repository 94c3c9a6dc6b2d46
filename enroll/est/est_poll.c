/* Requests that come again. See est_poll.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "calendar.h"
#include "digest.h"
#include "formats/csr_names.h"
#include "hex.h"

#include "est_poll.h"

#define KEY_BYTES_MAX (CA_PKCS10_DER_MAX + 4096)
#define DECIDED_SECONDS (7 * GH_DAY_SECONDS) /* a client polls again within */
#define ANSWERED_SECONDS (5 * 60)            /* an answer that was lost on its way */

/* ---- the key ---- */

static void
put_extensions(struct gh_buf *b, const struct ca_pkcs10 *csr)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(csr->extensions); i++) {
		unsigned char *der = NULL;
		int n = i2d_X509_EXTENSION(sk_X509_EXTENSION_value(csr->extensions, i), &der);

		if (n > 0)
			gh_buf_put_block(b, der, (size_t)n);
		else
			b->failed = true;
		OPENSSL_free(der);
	}
}

static void
put_name(struct gh_buf *b, X509_NAME *name)
{
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(name, &der);

	if (n > 0)
		gh_buf_put_block(b, der, (size_t)n);
	else
		b->failed = true;
	OPENSSL_free(der);
}

/* The names that it has, and those that it asks for. */
static int
put_names(struct gh_buf *b, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	struct csr_names change;
	unsigned char *der = NULL;
	bool found;
	int n = 0, rc = csr_names_read_change(csr, &found, &change, err);

	if (rc != 0)
		return rc;
	put_name(b, X509_REQ_get_subject_name(csr->req));
	if (found)
		put_name(b, change.subject);
	if (found && change.san != NULL && (n = i2d_GENERAL_NAMES(change.san, &der)) > 0)
		gh_buf_put_block(b, der, (size_t)n);
	if (n < 0)
		b->failed = true;
	OPENSSL_free(der);
	csr_names_clear(&change);
	return 0;
}

int
est_poll_key(const struct enroll_request *req, const char *operation, const char *of, char **key,
    struct gh_error *err)
{
	const struct requester *who = &req->requester;
	unsigned char sum[32];
	struct gh_buf b;
	int rc;

	*key = NULL;
	gh_buf_init(&b, KEY_BYTES_MAX);
	gh_buf_put_u32(&b, (uint32_t)who->kind);
	gh_buf_put_string(&b, *who->id != '\0' ? who->id : who->name);
	gh_buf_put_string(&b, req->label);
	gh_buf_put_string(&b, operation);
	gh_buf_put_string(&b, of);
	gh_buf_put_block(&b, req->csr->spki, req->csr->spki_len);
	put_extensions(&b, req->csr);
	if ((rc = put_names(&b, req->csr, err)) == 0 && (rc = gh_buf_check(&b, err)) == 0 &&
	    (!gh_digest(GH_SHA256, b.data, b.len, sum) ||
		(*key = gh_hex_encode(sum, sizeof(sum))) == NULL))
		rc = gh_fail(err, GH_E_NOMEM, "request");
	gh_buf_free(&b);
	return rc;
}

/* ---- the answer ---- */

/* is_only: no other certificate follows, so that this one is the answer whenever it is asked for.
 */
static bool
is_answer(const struct store_polled *p, bool is_only)
{
	switch (p->disposition) {
	case DB_DISP_PENDING:
		return true;
	case DB_DISP_ISSUED:
		return p->is_good &&
		    (is_only || p->age < (p->is_decided ? DECIDED_SECONDS : ANSWERED_SECONDS));
	case DB_DISP_DENIED:
	case DB_DISP_CANCELED:
		return p->is_decided && p->age < DECIDED_SECONDS;
	default:
		return false;
	}
}

/* Each generation of a request has its own mark: two that come at once have the same one. */
static int
put_mark(struct enroll_request *req, int64_t last, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, STORE_POLL_KEY_SIZE + 64);
	gh_buf_put_string(&b, "est poll");
	gh_buf_put_string(&b, req->poll_key);
	gh_buf_put_u64(&b, (uint64_t)last);
	if ((rc = gh_buf_check(&b, err)) == 0 &&
	    !gh_digest(GH_SHA256, b.data, b.len, req->replay_mark))
		rc = gh_fail(err, GH_E_NOMEM, "request");
	req->has_replay_mark = rc == 0;
	gh_buf_free(&b);
	return rc;
}

int
est_poll(struct worker_env *env, struct enrollment *e, struct enroll_request *req, bool *found)
{
	struct enroll_outcome out = {0};
	struct store_polled p;
	bool cert_only;
	int rc = store_find_polled(env->store, req->poll_key, &p, &e->err);

	*found = false;
	if (rc != 0)
		return rc;
	if (is_answer(&p, req->renews != NULL)) {
		rc = enroll_status(env, &req->requester, p.id, &out, &cert_only, &e->err);
		if (rc == 0) {
			enroll_outcome_clear(&e->out);
			e->out = out;
			*found = true;
			return 0;
		}
		if (rc != GH_E_NOT_FOUND)
			return rc;
	}
	return put_mark(req, p.id, &e->err);
}
