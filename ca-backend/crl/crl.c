/* Making CRLs. See crl.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "issuing/cdp.h"
#include "crl.h"
#include "der.h"
#include "digest.h"
#include "timestamp.h"

/* A delta CRL also lists what changed so long before its base: a transaction may have been open
 * while the base was made, and clocks of clients differ. To list more than needed is harmless. */
#define DELTA_MARGIN 600
#define EXTENSIONS_MAX SIGNER_CRL_EXTENSIONS_MAX
#define HEADER_MAX 6 /* tag and length of the CRL */

/* A CRL in work. */
struct making {
	struct store_crl_maker *maker;
	struct signer_client *signer;
	const struct crl_order *order;
	const struct store_crl_state *state;
	struct store_crl *crl;
	unsigned char *part; /* STORE_CRL_PART bytes: whole entries, not yet stored */
	size_t part_len;
	int next_seq; /* 0 is the head's */
	uint64_t entries_len;
	EVP_MD_CTX *sha256;
};

void
crl_object(const struct ca *ca, int shard, bool is_delta, char out[CRL_OBJECT_SIZE])
{
	if (shard != STORE_CRL_COMPLETE)
		snprintf(out, CRL_OBJECT_SIZE, "%.120s shard %d", ca->name, shard);
	else
		snprintf(out, CRL_OBJECT_SIZE, "%.120s%s", ca->name, is_delta ? " delta" : "");
}

/* --- when ------------------------------------------------------------------------------------- */

static int
interval_of(const struct crl_order *o)
{
	return o->is_delta ? o->schedule->delta_interval : o->schedule->interval;
}

/* A delta CRL outlives its successor's time by no more than its own interval. */
static int
grace_of(const struct crl_order *o)
{
	const struct crl_schedule *s = o->schedule;

	return o->is_delta && s->delta_interval < s->grace ? s->delta_interval : s->grace;
}

/* What the revocations since the last CRL of any kind call for: a delta where there are deltas,
 * else a complete one. */
static bool
is_wanted_by_revocation(const struct crl_order *o, const struct store_crl_state *s)
{
	const struct store_crl *last =
	    s->delta.this_update > s->full.this_update ? &s->delta : &s->full;
	bool has_deltas = o->schedule->delta_interval > 0 && o->shard == STORE_CRL_COMPLETE;

	if (!o->schedule->on_revoke || !s->is_changed || o->is_delta != has_deltas)
		return false;
	if (s->now < last->this_update + o->schedule->min_interval)
		return false;
	/* the last change has settled, so that no transaction beside it is missed; but not for
	 * ever */
	return s->is_settled ||
	    s->now >= last->this_update + 2 * (int64_t)o->schedule->min_interval;
}

bool
crl_is_due(const struct crl_order *o, const struct store_crl_state *s)
{
	const struct store_crl *last = o->is_delta ? &s->delta : &s->full;

	if (o->is_delta && (s->full.id == 0 || interval_of(o) <= 0))
		return false;
	if (o->is_forced || last->id == 0)
		return true;
	/* a schedule that was changed may not let the last one run out */
	if (s->now >= last->this_update + interval_of(o) ||
	    s->now >= last->next_update - grace_of(o))
		return true;
	return is_wanted_by_revocation(o, s);
}

/* --- entries to parts ------------------------------------------------------------------------- */

static int
store_part(struct making *m, struct gh_error *err)
{
	int rc;

	if (m->part_len == 0)
		return 0;
	rc = store_crl_put_part(m->maker, m->crl->id, m->next_seq, m->part, m->part_len, err);
	m->next_seq++;
	m->part_len = 0;
	return rc;
}

static int
add_entry(void *arg, const struct crl_entry *e, struct gh_error *err)
{
	struct making *m = arg;
	size_t n;
	int rc;

	if (STORE_CRL_PART - m->part_len < CRL_ENTRY_MAX && (rc = store_part(m, err)) != 0)
		return rc;
	if ((n = crl_encode_entry(e, m->part + m->part_len)) == 0)
		return gh_fail(err, GH_E_DB,
		    "a revocation has a serial number of %zu bytes or an impossible time",
		    e->serial_len);
	m->part_len += n;
	m->entries_len += n;
	m->crl->entries++;
	if (m->entries_len > SIGNER_CRL_ENTRIES_MAX)
		return gh_fail(err, GH_E_TOO_LARGE, "the CRL passes %llu bytes",
		    (unsigned long long)SIGNER_CRL_ENTRIES_MAX);
	return 0;
}

static int
collect(struct making *m, struct gh_error *err)
{
	const struct store_crl_state *s = m->state;
	struct store_crl_selection sel = {.scope = m->crl->scope, .is_delta = m->crl->is_delta};
	int rc;

	/* expired ones are in one more complete CRL: RFC 5280, 3.3 */
	sel.not_after = sel.is_delta ? s->base.this_update : s->full.this_update;
	if (sel.is_delta)
		sel.changed_since = s->base.this_update - DELTA_MARGIN;
	if ((rc = store_crl_entries(m->maker, &sel, add_entry, m, err)) != 0)
		return rc;
	return store_part(m, err);
}

/* --- parts through the signer ----------------------------------------------------------------- */

/* Bytes of whole entries at p, at most max. Their lengths are single octets: crl_encode.h. */
static size_t
whole_entries(const unsigned char *p, size_t len, size_t max)
{
	size_t n = 0;

	while (len - n >= 2 && n + 2 + p[n + 1] <= max && 2u + p[n + 1] <= len - n)
		n += 2 + (size_t)p[n + 1];
	return n;
}

static int
sign_part(void *arg, const unsigned char *p, size_t len, struct gh_error *err)
{
	struct making *m = arg;
	int rc = 0;

	while (rc == 0 && len > 0) {
		size_t n = whole_entries(p, len, SIGNER_CRL_PIECE_MAX);

		if (n == 0)
			return gh_fail(err, GH_E_DB, "part of a CRL is damaged");
		rc = signer_client_crl_entries(m->signer, p, n, err);
		p += n;
		len -= n;
	}
	return rc;
}

/* Content of Extensions but AKI. */
static int
encode_extensions(const struct making *m, struct gh_buf *b, struct gh_error *err)
{
	const struct ca *ca = m->order->ca;
	struct crl_extensions x = {.number = (uint64_t)m->crl->number,
	    .is_delta = m->crl->is_delta,
	    .base_number = (uint64_t)m->crl->base_number};
	char **idp = cdp_shard_urls(ca, m->order->shard), **delta = cdp_delta_urls(ca);
	int rc;

	x.idp_urls = idp;
	if (m->order->schedule->delta_interval > 0 && m->order->shard == STORE_CRL_COMPLETE)
		x.delta_urls = delta;
	if (idp == NULL || delta == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "URLs of a CRL");
	else if (m->order->shard != STORE_CRL_COMPLETE && idp[0] == NULL)
		/* it would read as complete */
		rc = gh_fail(err, GH_E_CONF, "no CDP URL of CA %s has " CDP_SHARD, ca->name);
	else {
		crl_put_extensions(b, &x);
		rc = gh_buf_check(b, err);
	}
	cdp_urls_free(idp);
	cdp_urls_free(delta);
	return rc;
}

static int
begin_signature(struct making *m, unsigned char **head, size_t *head_len, struct gh_error *err)
{
	struct signer_crl_fields f = {.this_update = m->crl->this_update,
	    .next_update = m->crl->next_update,
	    .entries_len = m->entries_len};
	struct gh_buf extensions;
	int rc;

	memcpy(f.ca_id, m->order->ca->ca_id, sizeof(f.ca_id));
	gh_buf_init(&extensions, EXTENSIONS_MAX);
	if ((rc = encode_extensions(m, &extensions, err)) == 0) {
		f.extensions = extensions.data;
		f.extensions_len = extensions.len;
		rc = signer_client_crl_begin(m->signer, &f, head, head_len, err);
		if (rc == GH_E_NOT_FOUND && (rc = ca_load_key(m->order->ca, m->signer, err)) == 0)
			rc = signer_client_crl_begin(m->signer, &f, head, head_len, err);
	}
	gh_buf_free(&extensions);
	return rc;
}

/* The signer's pieces around the entries. */
struct frame {
	unsigned char *head, *tail, *sig;
	size_t head_len, tail_len, sig_len;
};

static int
store_frame(struct making *m, const struct frame *f, struct gh_error *err)
{
	size_t content = f->head_len + (size_t)m->entries_len + f->tail_len + f->sig_len;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, HEADER_MAX + f->head_len + f->tail_len + f->sig_len);
	gh_der_put_header(&b, GH_DER_SEQUENCE, content);
	gh_buf_put(&b, f->head, f->head_len);
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = store_crl_put_part(m->maker, m->crl->id, 0, b.data, b.len, err);
	b.len = 0;
	gh_buf_put(&b, f->tail, f->tail_len);
	gh_buf_put(&b, f->sig, f->sig_len);
	if (rc == 0 && (rc = gh_buf_check(&b, err)) == 0)
		rc = store_crl_put_part(m->maker, m->crl->id, m->next_seq, b.data, b.len, err);
	gh_buf_free(&b);
	return rc;
}

static int
sign(struct making *m, struct gh_error *err)
{
	struct frame f = {0};
	int rc = begin_signature(m, &f.head, &f.head_len, err);

	if (rc == 0)
		rc = store_crl_read_parts(m->maker, m->crl->id, 1, sign_part, m, err);
	if (rc == 0)
		rc =
		    signer_client_crl_end(m->signer, &f.tail, &f.tail_len, &f.sig, &f.sig_len, err);
	if (rc == 0)
		rc = store_frame(m, &f, err);
	free(f.head);
	free(f.tail);
	free(f.sig);
	return rc;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int
hash_part(void *arg, const unsigned char *p, size_t len, struct gh_error *err)
{
	struct making *m = arg;

	m->crl->size += (int64_t)len;
	return EVP_DigestUpdate(m->sha256, p, len) == 1 ? 0
							: gh_fail(err, GH_E_INTERNAL, "SHA-256");
}

/* Over what the database will give to those who read it. */
static int
hash(struct making *m, struct gh_error *err)
{
	int rc;

	m->sha256 = EVP_MD_CTX_new();
	if (m->sha256 == NULL || EVP_DigestInit_ex(m->sha256, gh_digest_md(GH_SHA256), NULL) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	else
		rc = store_crl_read_parts(m->maker, m->crl->id, 0, hash_part, m, err);
	if (rc == 0 && EVP_DigestFinal_ex(m->sha256, m->crl->sha256, NULL) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	EVP_MD_CTX_free(m->sha256);
	return rc;
}

static int
commit(const struct making *m, struct gh_error *err)
{
	const struct store_crl *c = m->crl;
	char object[CRL_OBJECT_SIZE], detail[200], until[GH_TIMESTAMP_SIZE];
	struct store_audit audit = {.event = "crl.issued",
	    .outcome = "success",
	    .who = m->order->who,
	    .object = object,
	    .detail = detail};

	crl_object(m->order->ca, m->order->shard, c->is_delta, object);
	snprintf(detail, sizeof(detail), "number %lld, %lld entries, %lld bytes, next update %s",
	    (long long)c->number, (long long)c->entries, (long long)c->size,
	    gh_timestamp_format(c->next_update, until));
	return store_crl_commit(m->maker, c, &audit, err);
}

static int
make(struct making *m, struct gh_error *err)
{
	int rc;

	if ((m->part = malloc(STORE_CRL_PART)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "part of a CRL");
	if ((rc = store_crl_insert(m->maker, m->crl, err)) == 0 && (rc = collect(m, err)) == 0 &&
	    (rc = sign(m, err)) == 0 && (rc = hash(m, err)) == 0)
		rc = commit(m, err);
	free(m->part);
	return rc;
}

static void
plan(const struct crl_order *o, const struct store_crl_state *s, struct store_crl *out)
{
	out->scope = (struct store_crl_scope){o->ca->id, o->shard};
	out->is_delta = o->is_delta;
	out->number = s->last_number + 1;
	out->base_number = o->is_delta ? s->base.number : 0;
	out->this_update = s->now;
	out->next_update = s->now + interval_of(o) + grace_of(o);
}

/* Is there something to be made, now that the lock is held? */
static bool
is_wanted(const struct crl_order *o, const struct store_crl_state *s)
{
	/* all complete ones have run out: there is nothing a delta could be added to */
	return crl_is_due(o, s) && !(o->is_delta && s->base.id == 0);
}

/* A complete CRL and a delta of one time must have one number and one content (RFC 5280, 5.2.3).
 * They are made one after the other here, with what happened meanwhile and a number each: so never
 * two of one scope in one second. */
static bool
is_second_taken(const struct store_crl_state *s)
{
	return (s->full.id != 0 && s->full.this_update == s->now) ||
	    (s->delta.id != 0 && s->delta.this_update == s->now);
}

/* With the lock, in a second of its own, unless the database's clock stands. *wanted false: nothing
 * is to be made, and no transaction is open; the same after a failure. */
static int
begin(struct store_crl_maker *maker, const struct crl_order *o, struct store_crl_state *s,
    bool *wanted, struct gh_error *err)
{
	const struct timespec rest = {.tv_sec = 1};
	struct store_crl_scope scope = {o->ca->id, o->shard};
	int rc;

	for (int tries = 0;; tries++) {
		if ((rc = store_crl_begin(maker, &scope, s, err)) != 0)
			return rc;
		*wanted = is_wanted(o, s);
		if (*wanted && (tries == 2 || !is_second_taken(s)))
			return 0;
		store_crl_rollback(maker);
		if (!*wanted)
			return 0;
		(void)nanosleep(&rest, NULL);
	}
}

int
crl_issue(struct store_crl_maker *maker, struct signer_client *signer,
    const struct crl_order *order, struct store_crl *out, struct gh_error *err)
{
	struct store_crl_state state;
	struct making m = {.maker = maker,
	    .signer = signer,
	    .order = order,
	    .state = &state,
	    .crl = out,
	    .next_seq = 1};
	bool wanted = false;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = begin(maker, order, &state, &wanted, err)) != 0 || !wanted)
		return rc;
	plan(order, &state, out);
	if ((rc = make(&m, err)) != 0) {
		store_crl_rollback(maker);
		memset(out, 0, sizeof(*out));
	}
	return rc;
}
