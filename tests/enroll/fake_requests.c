/* Requests of the store in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/request/record_request.h"
#include "store/request/request_poll.h"

#include "fake.h"

/* As the real one: the leaf only. */
static void
copy_outcome(struct enroll_outcome *to, const struct enroll_outcome *from)
{
	*to = *from;
	memset(&to->chain, 0, sizeof(to->chain));
	to->issuer_dn = from->issuer_dn != NULL ? strdup(from->issuer_dn) : NULL;
	if (from->chain.n > 0)
		assert_int_equal(cert_chain_add(&to->chain, from->chain.cert[0].der,
				     from->chain.cert[0].len, NULL),
		    0);
}

static struct fake_row *
find_mark(const unsigned char mark[REPLAY_MARK_SIZE])
{
	for (int i = 0; i < fake_store.rows; i++)
		if (fake_store.row[i].has_mark &&
		    memcmp(fake_store.row[i].mark, mark, REPLAY_MARK_SIZE) == 0)
			return &fake_store.row[i];
	return NULL;
}

void
store_find_replays_send(struct store *s, struct store_replay *m, size_t n)
{
	(void)s;
	assert_false(fake_store.is_asked);
	fake_store.is_asked = true;
	fake_store.questions++;
	for (size_t i = 0; i < n; i++) {
		m[i].found = false;
		m[i].ca_id = 0;
		m[i].rc = 0;
	}
}

static void
find_replay(struct store_replay *m)
{
	const struct fake_row *r = find_mark(m->mark);

	fake_store.lookups++;
	if (fake_store.fail != 0) {
		m->rc = fake_fails(fake_store.fail, &m->err);
		return;
	}
	if (r == NULL)
		return;
	if (strcmp(r->requester.name, m->who->name) != 0 || r->requester.app_id != m->who->app_id) {
		m->rc = gh_fail(&m->err, GH_E_REPLAY, "recorded for %s", r->requester.name);
		return;
	}
	if (m->content != NULL && memcmp(r->content, m->content, REPLAY_MARK_SIZE) != 0) {
		m->rc = gh_fail(&m->err, GH_E_CONFLICT, "recorded for another content");
		return;
	}
	copy_outcome(m->out, &r->outcome);
	m->ca_id = r->ca_id;
	m->found = true;
}

void
store_find_replays_collect(struct store *s, struct store_replay *m, size_t n)
{
	(void)s;
	assert_true(fake_store.is_asked);
	fake_store.is_asked = false;
	for (size_t i = 0; i < n; i++)
		find_replay(&m[i]);
}

static int
record(const struct store_decision *d, struct enroll_outcome *out, int64_t *ca_id,
    struct gh_error *err)
{
	const struct enroll_request *req = d->req;
	struct fake_row *r = req->has_replay_mark ? find_mark(req->replay_mark) : NULL;

	*ca_id = 0;
	if (fake_store.fail != 0 || fake_store.fail_record != 0)
		return fake_fails(fake_store.fail != 0 ? fake_store.fail : fake_store.fail_record,
		    err);
	if (fake_store.fail_requester != NULL &&
	    strcmp(fake_store.fail_requester, req->requester.name) == 0)
		return fake_fails(fake_store.fail_member, err);
	if (r != NULL) {
		enroll_outcome_clear(out);
		copy_outcome(out, &r->outcome);
		out->is_replay = true;
		*ca_id = r->ca_id;
		return 0;
	}
	assert_true(fake_store.rows < FAKE_ROWS);
	r = &fake_store.row[fake_store.rows++];
	out->cms_request_id = fake_store.rows;
	out->cms_id = out->disposition == DB_DISP_ISSUED ? 100 + fake_store.rows : 0;
	r->requester = req->requester;
	r->version = 1;
	snprintf(r->template_name, sizeof(r->template_name), "%s", req->template_name);
	r->metadata = req->metadata != NULL ? gh_json_print(req->metadata, false) : NULL;
	r->csr_len = req->csr->der_len;
	r->csr = malloc(r->csr_len);
	memcpy(r->csr, req->csr->der, r->csr_len);
	r->has_mark = req->has_replay_mark;
	snprintf(r->renews, sizeof(r->renews), "%s", req->renews != NULL ? req->renews : "");
	r->follows = req->follows;
	r->cert_only = req->cert_only;
	memcpy(r->mark, req->replay_mark, sizeof(r->mark));
	memcpy(r->content, req->replay_content, sizeof(r->content));
	r->template_id = d->template_id;
	snprintf(r->detail, sizeof(r->detail), "%s", d->detail != NULL ? d->detail : "");
	r->ca_id = d->ca != NULL && out->disposition == DB_DISP_ISSUED ? d->ca->id : 0;
	copy_outcome(&r->outcome, out);
	return 0;
}

int
store_is_renewed(struct store *s, const char *sha256, bool *is_renewed, struct gh_error *err)
{
	(void)s;
	*is_renewed = false;
	for (int i = 0; i < fake_store.rows; i++)
		*is_renewed |= strcmp(fake_store.row[i].renews, sha256) == 0;
	return fake_fails(fake_store.fail, err);
}

void
store_record_batch(struct store *s, struct store_recording *m, size_t n)
{
	(void)s;
	assert_false(fake_store.is_asked);
	fake_store.records++;
	for (size_t i = 0; i < n; i++)
		m[i].rc = record(&m[i].decision, m[i].out, &m[i].ca_id, &m[i].err);
}

int
store_get_request(struct store *s, int64_t id, struct enroll_request *req,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	const struct fake_row *r;

	(void)s;
	memset(out, 0, sizeof(*out));
	if (fake_store.fail != 0)
		return fake_fails(fake_store.fail, err);
	if (id < 1 || id > fake_store.rows)
		return gh_fail(err, GH_E_NOT_FOUND, "no request %lld", (long long)id);
	r = fake_row(id);
	copy_outcome(out, &r->outcome);
	*ca_id = r->ca_id;
	memset(req, 0, sizeof(*req));
	req->requester = r->requester;
	req->is_sealed = !fake_store.is_tampered;
	req->version = r->version;
	req->approvals = (int)r->approvals.n;
	req->cert_only = r->cert_only;
	req->template_name = strdup(r->template_name);
	return ca_pkcs10_parse(r->csr, r->csr_len, &req->csr, err);
}

int
store_get_request_key(struct store *s, int64_t id, char key_id[GH_UUID_TEXT_SIZE],
    struct gh_error *err)
{
	(void)s;
	(void)id;
	*key_id = '\0';
	return fake_store.fail != 0 ? fake_fails(fake_store.fail, err) : 0;
}

/* Another officer was faster. */
static int
overtake(struct fake_row *r, const struct enroll_request *req, struct gh_error *err)
{
	if (fake_store.overtakes > 0) {
		fake_store.overtakes--;
		r->version++;
	}
	return req->version == r->version ? 0
					  : gh_refuse(err, GH_E_PRECONDITION, "has changed since");
}

static void
put_approval(struct fake_row *r, const struct store_approval *a)
{
	assert_int_equal(a->number, r->approvals.n + 1);
	r->approvals.who[r->approvals.n++] = *a->who;
	r->version++;
}

int
store_get_approvals(struct store *s, int64_t id, const struct enroll_request *req,
    struct store_approvals *out, struct gh_error *err)
{
	(void)s;
	(void)req;
	(void)err;
	*out = fake_row(id)->approvals;
	return 0;
}

int
store_add_approval(struct store *s, int64_t id, const struct enroll_request *req,
    const struct store_approval *a, int required, struct gh_error *err)
{
	int rc = overtake(fake_row(id), req, err);

	(void)s;
	assert_true(a->number < required);
	if (rc == 0)
		put_approval(fake_row(id), a);
	return rc;
}

int
store_decide(struct store *s, int64_t id, const struct requester *officer,
    const struct store_decision *d, struct enroll_outcome *out, struct gh_error *err)
{
	struct fake_row *r = fake_row(id);

	(void)s;
	if (fake_store.fail != 0 || fake_store.fail_record != 0)
		return fake_fails(fake_store.fail != 0 ? fake_store.fail : fake_store.fail_record,
		    err);
	if (r->outcome.disposition != DB_DISP_PENDING)
		return gh_fail(err, GH_E_CONFLICT, "not pending");
	if (d->approval != NULL) {
		int rc = overtake(r, d->req, err);

		if (rc != 0)
			return rc;
		put_approval(r, d->approval);
	}
	out->cms_request_id = id;
	out->cms_id = out->disposition == DB_DISP_ISSUED ? 100 + id : 0;
	r->ca_id = d->ca != NULL ? d->ca->id : 0;
	enroll_outcome_clear(&r->outcome);
	copy_outcome(&r->outcome, out);
	fake_store.detail_len = d->detail != NULL ? strlen(d->detail) : 0;
	snprintf(fake_store.audit[fake_store.audits++ % FAKE_AUDITS], sizeof(fake_store.audit[0]),
	    "decided %.60s %.120s", officer->name, d->detail != NULL ? d->detail : "");
	return 0;
}

int
store_load_catalog(struct store *s, gh_json **out, struct gh_error *err)
{
	(void)s;
	*out = NULL;
	return fake_fails(GH_E_DB_DOWN, err);
}
