/* Answers to requests. See responder.h. */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "store/status/ocsp_row.h"

#include "responder_private.h"

_Static_assert(OCSP_BATCH_MAX <= SIGNER_OCSP_BATCH_MAX, "one question to the signer holds a batch");
_Static_assert(OCSP_CERTS_MAX <= STORE_STATUS_MAX, "one question to the store holds a request");

/* A request on its way to an answer. */
struct work {
	const struct ocsp_means *m;
	struct ocsp_request req;
	const struct ca *ca; /* that answers */
	struct ocsp_signer *signer;
	uint64_t epoch;
	int64_t now, this_update, next_update;
	struct ocsp_status status[OCSP_CERTS_MAX];
	size_t known;                      /* how many are not OCSP_UNKNOWN */
	bool was_kept;                     /* status is from the cache */
	struct gh_buf singles, extensions; /* to be signed */
	struct ocsp_reply *reply;
};

/* The first certificate of one of our CAs decides who answers. */
static int
choose_ca(struct work *w, struct gh_error *err)
{
	for (size_t i = 0; w->ca == NULL && i < w->req.n; i++)
		w->ca = ocsp_find_ca(w->m, &w->req.cert[i]);
	return w->ca != NULL ? 0 : gh_fail(err, GH_E_FORBIDDEN, "certificates of no CA of ours");
}

/* Of the certificates of the CA that answers; all others are unknown to it (RFC 6960, 2.2). */
static int
ask_store(struct work *w, struct gh_error *err)
{
	struct store_status_query q[OCSP_CERTS_MAX];
	struct ocsp_status found[OCSP_CERTS_MAX];
	size_t at[OCSP_CERTS_MAX], n = 0;
	int rc = 0;

	for (size_t i = 0; i < w->req.n; i++) {
		const struct ocsp_cert_id *id = &w->req.cert[i];

		w->status[i] = (struct ocsp_status){.status = OCSP_UNKNOWN};
		if (id->serial.len == 0 || !id->has_hash || !ocsp_is_of_ca(id, w->ca))
			continue;
		q[n] = (struct store_status_query){w->ca->id, id->serial.p, id->serial.len};
		at[n++] = i;
	}
	if (n > 0)
		rc = store_cert_status(w->m->store, q, n, found, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		w->status[at[i]] = found[i];
		w->known += found[i].status != OCSP_UNKNOWN;
	}
	return rc;
}

/* What the signer is to sign. */
static int
compose(struct work *w, struct gh_error *err)
{
	int rc;

	gh_buf_init(&w->singles, OCSP_CONTENT_MAX);
	gh_buf_init(&w->extensions, OCSP_CONTENT_MAX);
	for (size_t i = 0; i < w->req.n; i++)
		ocsp_put_single(&w->singles, &w->req.cert[i].whole, &w->status[i], w->this_update,
		    w->next_update, ocsp_archive_cutoff(w->m->conf, w->now));
	if (w->req.nonce.len > 0)
		ocsp_put_nonce(&w->extensions, &w->req.nonce);
	rc = gh_buf_check(&w->singles, err);
	return rc == 0 ? gh_buf_check(&w->extensions, err) : rc;
}

/* Others may ask about the same certificate: keep the answer; of one with a nonce the status. */
static void
keep(struct work *w, struct ocsp_answer *a)
{
	struct ocsp_cache *cache = w->m->service->cache;
	struct ocsp_answer *status = NULL;

	if (w->req.n != 1 || w->known != 1 || (w->req.nonce.len > 0 && w->was_kept))
		return;
	if (w->req.nonce.len > 0)
		a = status = ocsp_answer_new(w->ca->id, &w->status[0], w->this_update,
		    w->next_update, NULL, 0);
	if (a != NULL)
		(void)ocsp_cache_put(cache, &w->req.cert[0], a, w->epoch);
	ocsp_answer_unref(status);
}

/* Takes over the answer that was signed. */
static int
finish(struct work *w, struct signer_blob *der, struct gh_error *err)
{
	struct ocsp_answer *a = ocsp_answer_new(w->ca->id, &w->status[0], w->this_update,
	    w->next_update, der->p, der->len);

	if (a == NULL)
		return gh_fail(err, GH_E_NOMEM, "OCSP answer");
	ocsp_prepare_answer(w->m->service, a);
	keep(w, a);
	w->reply->answer = a;
	return 0;
}

/* The status that an earlier answer gave is as good as a new look: a change would have removed
 * it. */
static bool
take_kept_status(struct work *w)
{
	struct ocsp_answer *a;

	if (w->req.n != 1)
		return false;
	a = ocsp_cache_get(w->m->service->cache, &w->req.cert[0], w->now, false);
	if (a == NULL)
		return false;
	w->was_kept = a->ca_id == w->ca->id && a->next_update <= ocsp_signer_not_after(w->signer);
	if (w->was_kept) {
		w->status[0] = a->status;
		w->known = 1;
		w->this_update = a->this_update;
		w->next_update = a->next_update;
	}
	ocsp_answer_unref(a);
	return w->was_kept;
}

/* down: the failure of the store in this batch; others do not wait for it again. */
static int
look_up(struct work *w, struct gh_error *down, struct gh_error *err)
{
	int rc;

	/* in this order: what changes after the epoch was read removes the answer, or keeps it
	 * out */
	w->epoch = ocsp_cache_epoch(w->m->service->cache);
	w->this_update = w->now = gh_now();
	if (take_kept_status(w))
		return 0;
	if (down->code != GH_OK) {
		*err = *down;
		return err->code;
	}
	rc = ask_store(w, err);
	if (rc == GH_E_DB_DOWN)
		*down = *err;
	w->next_update = ocsp_next_update(w->m->conf, w->signer, w->now, w->known == w->req.n);
	return rc;
}

/* All but the signature. */
static int
prepare(struct work *w, const struct ocsp_ask *ask, struct gh_error *down, struct gh_error *err)
{
	int rc = ocsp_request_parse(ask->p, ask->len, &w->req, err);

	if (rc == 0 && w->m->cas == NULL)
		rc = gh_fail(err, GH_E_DB_DOWN, "no configuration read from the database yet");
	if (rc == 0)
		rc = choose_ca(w, err);
	if (rc == 0)
		rc = ocsp_get_signer(w->m, w->ca, &w->signer, err);
	if (rc == 0)
		rc = look_up(w, down, err);
	if (rc == 0 && w->known == 0 && strcmp(w->m->conf->ocsp.unknown, "unauthorized") == 0)
		rc = gh_fail(err, GH_E_FORBIDDEN, "never issued");
	return rc == 0 ? compose(w, err) : rc;
}

static enum ocsp_error
error_of(const struct gh_error *err)
{
	switch (err->code) {
	case GH_E_BAD_REQUEST:
		return OCSP_MALFORMED;
	case GH_E_FORBIDDEN:
		return OCSP_UNAUTHORIZED;
	case GH_E_INTERNAL:
	case GH_E_DB:
	case GH_E_SIGNER:
		return OCSP_INTERNAL;
	default:
		return OCSP_TRY_LATER;
	}
}

static void
count_reply(const struct ocsp_reply *r)
{
	static const enum ocsp_event status[] = {[OCSP_GOOD] = OCSP_EVENT_GOOD,
	    [OCSP_REVOKED] = OCSP_EVENT_REVOKED,
	    [OCSP_UNKNOWN] = OCSP_EVENT_UNKNOWN};

	if (r->answer != NULL)
		ocsp_count(status[r->answer->status.status], 1);
	else
		ocsp_count(r->error == OCSP_MALFORMED   ? OCSP_EVENT_MALFORMED
			: r->error == OCSP_UNAUTHORIZED ? OCSP_EVENT_UNAUTHORIZED
			: r->error == OCSP_TRY_LATER    ? OCSP_EVENT_TRY_LATER
							: OCSP_EVENT_INTERNAL,
		    1);
}

static void
fail(struct work *w)
{
	w->reply->error = error_of(&w->reply->why);
	/* the last part of its life is for such times */
	if (w->reply->error == OCSP_TRY_LATER && w->req.n == 1 && w->req.nonce.len == 0)
		w->reply->answer = ocsp_get_ready(w->m->service, &w->req, true);
}

/* One question to the signer. */
static int
ask_signer(struct work *const *ready, size_t n, struct signer_blob *out, struct gh_error *err)
{
	struct signer_client *signer = ready[0]->m->signer;
	struct signer_ocsp_fields f[OCSP_BATCH_MAX];
	int rc;

	for (size_t i = 0; i < n; i++) {
		f[i] = (struct signer_ocsp_fields){.produced_at = ready[i]->now,
		    .responses = ready[i]->singles.data,
		    .responses_len = ready[i]->singles.len,
		    .extensions = ready[i]->extensions.data,
		    .extensions_len = ready[i]->extensions.len};
		memcpy(f[i].id, ocsp_signer_id(ready[i]->signer), sizeof(f[i].id));
	}
	rc = signer_client_sign_ocsp(signer, f, n, out, err);
	if (rc != GH_E_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || ready[i]->signer != ready[i - 1]->signer) &&
		    (rc = ocsp_signer_load(ready[i]->signer, signer, err)) != 0)
			return rc;
	return signer_client_sign_ocsp(signer, f, n, out, err);
}

/* The signer refuses a batch as a whole: then by halves, so that nobody's request fails for what
 * another one asked. */
static void
sign(struct work *const *ready, size_t n)
{
	struct signer_blob out[OCSP_BATCH_MAX];
	struct gh_error err = {0};
	int rc = n > 0 ? ask_signer(ready, n, out, &err) : 0;

	if (rc == 0) {
		for (size_t i = 0; i < n; i++)
			if (finish(ready[i], &out[i], &ready[i]->reply->why) != 0)
				fail(ready[i]);
	} else if (rc == GH_E_SIGNER && n > 1) {
		sign(ready, n / 2);
		sign(ready + n / 2, n - n / 2);
	} else {
		for (size_t i = 0; i < n; i++) {
			ready[i]->reply->why = err;
			fail(ready[i]);
		}
	}
}

/* Those about one certificate together; longer ones by themselves, since a frame to the signer is
 * bounded. */
static void
sign_all(struct work *const *ready, size_t n)
{
	struct work *small[OCSP_BATCH_MAX] = {NULL};
	size_t smalls = 0;

	for (size_t i = 0; i < n; i++)
		if (ready[i]->req.n == 1)
			small[smalls++] = ready[i];
		else
			sign(&ready[i], 1);
	sign(small, smalls);
}

void
ocsp_answer(const struct ocsp_means *m, const struct ocsp_ask *asks, size_t n,
    struct ocsp_reply *out)
{
	struct work *all = calloc(n, sizeof(*all)), *ready[OCSP_BATCH_MAX];
	struct gh_error down = {0};
	size_t readies = 0;

	memset(out, 0, n * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		if (all == NULL) {
			gh_fail(&out[i].why, GH_E_NOMEM, "OCSP requests");
			out[i].error = OCSP_TRY_LATER;
			continue;
		}
		all[i].m = m;
		all[i].reply = &out[i];
		if (prepare(&all[i], &asks[i], &down, &out[i].why) == 0)
			ready[readies++] = &all[i];
		else
			fail(&all[i]);
	}
	sign_all(ready, readies);
	for (size_t i = 0; i < n; i++) {
		count_reply(&out[i]);
		if (all == NULL)
			continue;
		ocsp_signer_unref(all[i].signer);
		gh_buf_free(&all[i].singles);
		gh_buf_free(&all[i].extensions);
	}
	free(all);
}
