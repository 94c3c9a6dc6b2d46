/* Certificates in batches. See signer_client.h. */
#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "signer_client_private.h"
#include "timestamp.h"

/* Members that go over one connection, in their order. Those before done have their result, those
 * before sent were asked for. */
struct lane {
	struct signer_client *c;
	struct signer_signing *member[SIGNER_CERT_BATCH_MAX];
	size_t n, done, sent;
	struct signer_client *other; /* for a second try; NULL = there was one */
	int64_t started, deadline;
};

/* --- one member ------------------------------------------------------------------------------- */

static bool
is_same(const struct gh_der *a, const unsigned char *p, size_t len)
{
	return a->len == len && memcmp(a->p, p, len) == 0;
}

/* The order of answers is all that tells whose they are. */
static bool
is_answer_to(const struct signer_cert_fields *f, const unsigned char *der, size_t len)
{
	struct gh_der in = {der, len}, cert, tbs, subject, spki;

	return gh_der_take(&in, GH_DER_SEQUENCE, &cert) &&
	    gh_der_take(&cert, GH_DER_SEQUENCE, &tbs) &&
	    gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL) && gh_der_take(&tbs, GH_DER_INTEGER, NULL) &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* signature */
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* issuer */
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* validity */
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &subject) &&
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &spki) &&
	    is_same(&subject, f->subject, f->subject_len) && is_same(&spki, f->spki, f->spki_len);
}

static int
put_question(struct signer_client *c, const struct signer_cert_fields *f, struct gh_error *err)
{
	size_t at = signer_frame_append(&c->out, SIGNER_OP_SIGN_CERT);

	signer_put_sign_cert(&c->out, f);
	return signer_frame_close(&c->out, at, err);
}

static int
take_certificate(struct signer_client *c, struct gh_reader *r, struct signer_signing *m)
{
	const unsigned char *der;
	size_t len;
	int rc;

	if ((rc = client_take(c, SIGNER_OP_SIGN_CERT, r, &m->err)) != 0)
		return rc;
	if (!signer_get_block(r, &der, &len) || !is_answer_to(m->fields, der, len))
		return client_fail_garbled(c, &m->err);
	return client_copy_out(der, len, &m->cert, &m->cert_len, &m->err);
}

/* --- one connection --------------------------------------------------------------------------- */

/* Those without an answer are asked again if the connection is gone, else all of them fail. */
static void
lane_fail(struct lane *l, enum attempt result, const struct gh_error *err)
{
	l->sent = l->done;
	if (l->other != NULL && (result == ATTEMPT_DEAD || l->other != l->c)) {
		l->c = l->other;
		l->other = NULL;
		return;
	}
	for (; l->done < l->n; l->done++) {
		l->member[l->done]->rc = GH_E_SIGNER_DOWN;
		l->member[l->done]->err = *err;
		client_called(l->c, l->started);
	}
	l->sent = l->n;
}

/* As many as fit in the buffers of the socket, so that neither side waits for the other to read. */
static void
lane_send(struct lane *l)
{
	struct gh_error err = {0};
	enum attempt result;

	l->c->out.len = 0;
	l->c->out.failed = false;
	while (l->sent < l->n && l->c->out.len < SIGNER_FRAMES_SIZE) {
		struct signer_signing *m = l->member[l->sent];

		if ((m->rc = put_question(l->c, m->fields, &m->err)) == 0) {
			l->sent++;
			continue;
		}
		l->n--;
		memmove(&l->member[l->sent], &l->member[l->sent + 1],
		    (l->n - l->sent) * sizeof(l->member[0]));
	}
	if (l->sent > l->done && (result = client_send(l->c, &err)) != ATTEMPT_DONE)
		lane_fail(l, result, &err);
}

static void
lane_collect(struct lane *l)
{
	while (l->done < l->sent) {
		struct signer_signing *m = l->member[l->done];
		struct gh_error err = {0};
		struct gh_reader r;
		enum attempt result = client_receive(l->c, l->deadline, &r, &err);

		if (result != ATTEMPT_DONE) {
			lane_fail(l, result, &err);
			return;
		}
		m->rc = take_certificate(l->c, &r, m);
		l->done++;
		client_called(l->c, l->started);
		if (m->rc == GH_E_SIGNER_DOWN) { /* garbled: whose are the others? */
			l->other = NULL;
			lane_fail(l, ATTEMPT_FAILED, &m->err);
		}
	}
}

/* --- the batch -------------------------------------------------------------------------------- */

/* The second connection, or NULL: then the first one has all. */
static struct signer_client *
second_of(struct signer_client *c)
{
	if (c->second == NULL && c->path[0] != '\0' &&
	    signer_client_new(c->path, c->timeout_ms, &c->second, NULL) != 0)
		return NULL;
	return c->second;
}

static void
lane_open(struct lane *l, struct signer_client *c, struct signer_signing *m, size_t n)
{
	*l = (struct lane){.c = c, .n = n, .started = gh_now_us()};
	l->deadline = l->started + (int64_t)c->timeout_ms * 1000;
	for (size_t i = 0; i < n; i++)
		l->member[i] = &m[i];
}

void
signer_client_sign_certs(struct signer_client *c, struct signer_signing *m, size_t n, bool by_two)
{
	struct signer_client *second = by_two && n > 1 ? second_of(c) : NULL;
	size_t half = second != NULL ? n / 2 : 0;
	struct lane first, other;

	for (size_t i = 0; i < n; i++) {
		m[i].cert = NULL;
		m[i].cert_len = 0;
		if (n > SIGNER_CERT_BATCH_MAX)
			m[i].rc =
			    gh_fail(&m[i].err, GH_E_INTERNAL, "%zu certificates in one batch", n);
	}
	if (n > SIGNER_CERT_BATCH_MAX)
		return;
	lane_open(&first, c, m, n - half);
	lane_open(&other, second != NULL ? second : c, m + n - half, half);
	if (c->path[0] != '\0')
		first.other = other.other = c;
	while (first.done < first.n || other.done < other.n) {
		if (first.sent < first.n && first.sent == first.done)
			lane_send(&first);
		if (other.sent < other.n && other.sent == other.done &&
		    (other.c != c || first.done == first.n))
			lane_send(&other);
		lane_collect(&first);
		lane_collect(&other);
	}
}
