/* Answers that are asked often, renewed before they end. See responder.h. */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "store/status/ocsp_row.h"

#include "responder_private.h"

#define RENEW_MAX 100 /* in one batch */
_Static_assert(RENEW_MAX <= SIGNER_OCSP_BATCH_MAX && RENEW_MAX <= STORE_STATUS_MAX,
    "one question to the signer and one to the store hold a batch");

/* One answer to be renewed. */
struct renewal {
	struct ocsp_cert_id id;
	const struct ca *ca;
	struct ocsp_signer *signer;
	int64_t next_update;
	struct gh_buf single;
	struct ocsp_status status;
};

/* Those whose CA and signer are there. */
static size_t
prepare_renewals(const struct ocsp_means *m, const struct ocsp_due *due, size_t n,
    struct renewal *r, struct gh_error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct renewal *one = &r[found];

		memset(one, 0, sizeof(*one));
		if (!ocsp_cert_id_parse(due[i].cert_id, due[i].len, &one->id) ||
		    one->id.serial.len == 0 || (one->ca = ocsp_find_ca(m, &one->id)) == NULL ||
		    ocsp_get_signer(m, one->ca, &one->signer, err) != 0)
			continue;
		gh_buf_init(&one->single, OCSP_CONTENT_MAX);
		found++;
	}
	return found;
}

static int
ask_statuses(const struct ocsp_means *m, struct renewal *r, size_t n, struct gh_error *err)
{
	struct store_status_query q[RENEW_MAX];
	struct ocsp_status status[RENEW_MAX];
	int rc;

	for (size_t i = 0; i < n; i++)
		q[i] =
		    (struct store_status_query){r[i].ca->id, r[i].id.serial.p, r[i].id.serial.len};
	rc = store_cert_status(m->store, q, n, status, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		r[i].status = status[i];
	return rc;
}

static int
sign_batch(const struct ocsp_means *m, struct renewal *r, size_t n, int64_t now,
    struct signer_blob *out, struct gh_error *err)
{
	struct signer_ocsp_fields f[RENEW_MAX];
	int rc;

	for (size_t i = 0; i < n; i++) {
		r[i].next_update = ocsp_next_update(m->conf, r[i].signer, now, true);
		ocsp_put_single(&r[i].single, &r[i].id.whole, &r[i].status, now, r[i].next_update,
		    ocsp_archive_cutoff(m->conf, now));
		if ((rc = gh_buf_check(&r[i].single, err)) != 0)
			return rc;
		f[i] = (struct signer_ocsp_fields){.produced_at = now,
		    .responses = r[i].single.data,
		    .responses_len = r[i].single.len,
		    .extensions = (const unsigned char *)""};
		memcpy(f[i].id, ocsp_signer_id(r[i].signer), sizeof(f[i].id));
	}
	rc = signer_client_sign_ocsp(m->signer, f, n, out, err);
	if (rc != GH_E_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < n; i++)
		if ((rc = ocsp_signer_load(r[i].signer, m->signer, err)) != 0)
			return rc;
	return signer_client_sign_ocsp(m->signer, f, n, out, err);
}

static size_t
keep_renewed(const struct ocsp_means *m, struct renewal *r, size_t n, int64_t now, uint64_t epoch,
    struct signer_blob *der)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct ocsp_answer *a = ocsp_answer_new(r[i].ca->id, &r[i].status, now,
		    r[i].next_update, der[i].p, der[i].len);

		if (a == NULL)
			continue;
		ocsp_prepare_answer(m->service, a);
		if (r[i].status.status != OCSP_UNKNOWN)
			kept += ocsp_cache_put(m->service->cache, &r[i].id, a, epoch);
		ocsp_answer_unref(a);
	}
	return kept;
}

int
ocsp_renew(const struct ocsp_means *m, size_t *renewed, struct gh_error *err)
{
	struct ocsp_due *due = calloc(RENEW_MAX, sizeof(*due));
	struct renewal *r = calloc(RENEW_MAX, sizeof(*r));
	struct signer_blob out[RENEW_MAX];
	uint64_t epoch = ocsp_cache_epoch(m->service->cache);
	int64_t now = gh_now();
	size_t n = 0;
	int rc = 0;

	*renewed = 0;
	if (due == NULL || r == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "OCSP renewal");
	else if (m->cas != NULL && m->conf->ocsp.presign_hits > 0)
		n = ocsp_cache_due(m->service->cache, now, (unsigned)m->conf->ocsp.presign_hits,
		    due, RENEW_MAX);
	if (n > 0)
		n = prepare_renewals(m, due, n, r, err);
	if (n > 0 && (rc = ask_statuses(m, r, n, err)) == 0 &&
	    (rc = sign_batch(m, r, n, now, out, err)) == 0)
		*renewed = keep_renewed(m, r, n, now, epoch, out);
	for (size_t i = 0; i < n; i++) {
		ocsp_signer_unref(r[i].signer);
		gh_buf_free(&r[i].single);
	}
	ocsp_count(OCSP_EVENT_RENEWED, *renewed);
	free(due);
	free(r);
	return rc;
}
