/* The responder. See responder.h. */
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "timestamp.h"

#include "store/status/ocsp_row.h"

#include "responder.h"
#include "ocsp_signer.h"

/* A serial number that was never issued may be issued any moment: such an answer is short-lived,
 * and not kept. */
#define UNKNOWN_SECONDS 300
#define DAY 86400
/* SingleResponses of one answer, and the nonce. */
#define CONTENT_MAX (64 * 1024)
#define RENEW_MAX 100 /* in one batch */
_Static_assert(RENEW_MAX <= SIGNER_OCSP_BATCH_MAX && RENEW_MAX <= STORE_STATUS_MAX,
    "one question to the signer and one to the store hold a batch");
_Static_assert(OCSP_BATCH_MAX <= SIGNER_OCSP_BATCH_MAX, "one question to the signer holds a batch");
_Static_assert(OCSP_CERTS_MAX <= STORE_STATUS_MAX, "one question to the store holds a request");

struct ocsp_service {
	struct ocsp_cache *cache;
	struct ocsp_signers *signers;
	void (*prepare)(struct ocsp_answer *a);
};

void
ocsp_count(enum ocsp_event event, size_t n)
{
	if (n > 0)
		gh_measure(GH_MEASURE_OCSP, event, (int64_t)n, NULL);
}

int
ocsp_service_new(const struct gh_conf *conf, void (*prepare)(struct ocsp_answer *a),
    struct ocsp_service **out, struct gh_error *err)
{
	struct ocsp_service *s = *out = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return gh_fail(err, GH_E_NOMEM, "OCSP service");
	s->prepare = prepare;
	rc = ocsp_cache_new((size_t)conf->ocsp.cache_mb << 20, &s->cache, err);
	if (rc == 0)
		rc = ocsp_signers_new(&s->signers, err);
	if (rc != 0) {
		ocsp_service_free(s);
		*out = NULL;
	}
	return rc;
}

void
ocsp_service_free(struct ocsp_service *s)
{
	if (s == NULL)
		return;
	ocsp_cache_free(s->cache);
	ocsp_signers_free(s->signers);
	free(s);
}

struct ocsp_cache *
ocsp_service_cache(struct ocsp_service *s)
{
	return s->cache;
}

void
ocsp_status_changed(struct ocsp_service *s, int64_t ca_id, const unsigned char *serial, size_t len)
{
	if (serial == NULL) {
		ocsp_signers_recheck(s->signers);
		ocsp_cache_flush(s->cache);
		return;
	}
	ocsp_count(OCSP_EVENT_CHANGED, 1);
	if (ocsp_signers_forget(s->signers, ca_id, serial, len))
		ocsp_cache_flush(s->cache);
	else
		ocsp_cache_remove(s->cache, ca_id, serial, len);
}

static struct ocsp_answer *
get_ready(struct ocsp_service *s, const struct ocsp_request *req, bool late)
{
	struct ocsp_answer *a = ocsp_cache_get(s->cache, &req->cert[0], gh_now(), late);

	if (a == NULL || a->len > 0)
		return a;
	ocsp_answer_unref(a); /* its status only */
	return NULL;
}

struct ocsp_answer *
ocsp_find_ready(struct ocsp_service *s, const unsigned char *p, size_t len)
{
	struct ocsp_request req;

	if (ocsp_request_parse(p, len, &req, NULL) != 0 || req.n != 1 || req.nonce.len != 0)
		return NULL;
	return get_ready(s, &req, false);
}

static void
prepare_answer(const struct ocsp_service *s, struct ocsp_answer *a)
{
	if (s->prepare != NULL)
		s->prepare(a);
}

static int
get_signer(const struct ocsp_means *m, const struct ca *ca, struct ocsp_signer **out,
    struct gh_error *err)
{
	const struct ocsp_issuing i = {.conf = m->conf,
	    .store = m->store,
	    .signer = m->signer,
	    .ca = ca};

	return ocsp_signers_get(m->service->signers, &i, out, err);
}

/* --- one request
 * ------------------------------------------------------------------------------------ */

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

static bool
is_of_ca(const struct ocsp_cert_id *id, const struct ca *ca)
{
	const struct ca_issuer_hash *h = &ca->issuer_hash[id->hash == GH_SHA256];

	return gh_der_equals(&id->key_hash, h->key, id->key_hash.len) &&
	    gh_der_equals(&id->name_hash, h->name, id->name_hash.len);
}

/* Also disabled and superseded ones: they still say what became of what they issued. */
static const struct ca *
find_ca(const struct ocsp_means *m, const struct ocsp_cert_id *id)
{
	for (size_t i = 0; id->has_hash && i < m->cas; i++)
		if (m->ca[i]->state != CA_RETIRED && m->ca[i]->state != CA_PENDING &&
		    is_of_ca(id, m->ca[i]))
			return m->ca[i];
	return NULL;
}

/* The first certificate of one of our CAs decides who answers. */
static int
choose_ca(struct work *w, struct gh_error *err)
{
	for (size_t i = 0; w->ca == NULL && i < w->req.n; i++)
		w->ca = find_ca(w->m, &w->req.cert[i]);
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
		if (id->serial.len == 0 || !id->has_hash || !is_of_ca(id, w->ca))
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

static int64_t
archive_cutoff(const struct gh_conf *conf, int64_t now)
{
	return conf->ocsp.archive_cutoff > 0 ? now - (int64_t)conf->ocsp.archive_cutoff * DAY : 0;
}

/* No answer outlives the certificate that signed it. */
static int64_t
next_update(const struct gh_conf *conf, const struct ocsp_signer *signer, int64_t now,
    bool all_known)
{
	int64_t life = conf->ocsp.lifetime;

	if (!all_known && life > UNKNOWN_SECONDS)
		life = UNKNOWN_SECONDS;
	return now + life < ocsp_signer_not_after(signer) ? now + life
							  : ocsp_signer_not_after(signer);
}

/* What the signer is to sign. */
static int
compose(struct work *w, struct gh_error *err)
{
	int rc;

	gh_buf_init(&w->singles, CONTENT_MAX);
	gh_buf_init(&w->extensions, CONTENT_MAX);
	for (size_t i = 0; i < w->req.n; i++)
		ocsp_put_single(&w->singles, &w->req.cert[i].whole, &w->status[i], w->this_update,
		    w->next_update, archive_cutoff(w->m->conf, w->now));
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
	prepare_answer(w->m->service, a);
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
	w->next_update = next_update(w->m->conf, w->signer, w->now, w->known == w->req.n);
	return rc;
}

/* All but the signature. */
static int
prepare(struct work *w, const struct ocsp_ask *ask, struct gh_error *down, struct gh_error *err)
{
	int rc = ocsp_request_parse(ask->p, ask->len, &w->req, err);

	if (rc == 0 && w->m->ca == NULL)
		rc = gh_fail(err, GH_E_DB_DOWN, "no configuration read from the database yet");
	if (rc == 0)
		rc = choose_ca(w, err);
	if (rc == 0)
		rc = get_signer(w->m, w->ca, &w->signer, err);
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
		w->reply->answer = get_ready(w->m->service, &w->req, true);
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

/* --- renewal
 * ---------------------------------------------------------------------------------------- */

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
		    one->id.serial.len == 0 || (one->ca = find_ca(m, &one->id)) == NULL ||
		    get_signer(m, one->ca, &one->signer, err) != 0)
			continue;
		gh_buf_init(&one->single, CONTENT_MAX);
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
		r[i].next_update = next_update(m->conf, r[i].signer, now, true);
		ocsp_put_single(&r[i].single, &r[i].id.whole, &r[i].status, now, r[i].next_update,
		    archive_cutoff(m->conf, now));
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
		prepare_answer(m->service, a);
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
	else if (m->ca != NULL && m->conf->ocsp.presign_hits > 0)
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
