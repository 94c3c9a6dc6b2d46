/* What a process remembers for the responder, and what answering and renewing have in common. */
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "measure.h"
#include "timestamp.h"

#include "responder_private.h"

/* A serial number that was never issued may be issued any moment: such an answer is short-lived,
 * and not kept. */
#define UNKNOWN_SECONDS 300

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

struct ocsp_answer *
ocsp_get_ready(struct ocsp_service *s, const struct ocsp_request *req, bool late)
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
	return ocsp_get_ready(s, &req, false);
}

void
ocsp_prepare_answer(const struct ocsp_service *s, struct ocsp_answer *a)
{
	if (s->prepare != NULL)
		s->prepare(a);
}

int
ocsp_get_signer(const struct ocsp_means *m, const struct ca *ca, struct ocsp_signer **out,
    struct gh_error *err)
{
	const struct ocsp_issuing i = {.conf = m->conf,
	    .store = m->store,
	    .signer = m->signer,
	    .ca = ca};

	return ocsp_signers_get(m->service->signers, &i, out, err);
}

bool
ocsp_is_of_ca(const struct ocsp_cert_id *id, const struct ca *ca)
{
	const struct ca_issuer_hash *h = &ca->issuer_hash[id->hash == GH_SHA256];

	return gh_der_equals(&id->key_hash, h->key, id->key_hash.len) &&
	    gh_der_equals(&id->name_hash, h->name, id->name_hash.len);
}

/* Also disabled and superseded ones: they still say what became of what they issued. */
const struct ca *
ocsp_find_ca(const struct ocsp_means *m, const struct ocsp_cert_id *id)
{
	for (size_t i = 0; id->has_hash && i < m->cas->n; i++) {
		const struct ca *ca = m->cas->ca[i];

		if (ca->state != CA_RETIRED && ca->state != CA_PENDING && ocsp_is_of_ca(id, ca))
			return ca;
	}
	return NULL;
}

int64_t
ocsp_archive_cutoff(const struct gh_conf *conf, int64_t now)
{
	return conf->ocsp.archive_cutoff > 0
	    ? now - (int64_t)conf->ocsp.archive_cutoff * GH_DAY_SECONDS
	    : 0;
}

/* No answer outlives the certificate that signed it. */
int64_t
ocsp_next_update(const struct gh_conf *conf, const struct ocsp_signer *signer, int64_t now,
    bool all_known)
{
	int64_t life = conf->ocsp.lifetime;

	if (!all_known && life > UNKNOWN_SECONDS)
		life = UNKNOWN_SECONDS;
	return now + life < ocsp_signer_not_after(signer) ? now + life
							  : ocsp_signer_not_after(signer);
}
