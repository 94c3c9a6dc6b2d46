/* Answers as they were recorded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "hex.h"

#include "formats/lazy_key.h"
#include "store/store_private.h"
#include "formats/names_text.h"

static int
copy_hex(const PGresult *res, int col, char *out, size_t size, struct gh_error *err)
{
	unsigned char *b;
	size_t n;
	char *hex;
	int rc = store_bytes(res, 0, col, &b, &n, err);

	if (rc != 0)
		return rc;
	hex = gh_hex_encode(b, n);
	free(b);
	if (hex == NULL)
		return gh_fail(err, GH_E_NOMEM, "hex");
	rc = snprintf(out, size, "%s", hex) < (int)size ? 0
							: gh_fail(err, GH_E_DB, "number too long");
	free(hex);
	return rc;
}

static int
set_leaf(const PGresult *res, int col, struct enroll_outcome *out, struct gh_error *err)
{
	const unsigned char *q;
	unsigned char *der;
	size_t len;
	X509 *cert;
	int rc = store_bytes(res, 0, col, &der, &len, err);

	if (rc != 0)
		return rc;
	q = der;
	cert = ca_lazy_cert(&q, (long)len);
	ERR_clear_error();
	if (cert == NULL)
		rc = gh_fail(err, GH_E_DB, "recorded certificate is unreadable");
	else if ((out->issuer_dn = ca_dn_text(X509_get_issuer_name(cert))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "issuer name");
	else
		rc = cert_chain_add(&out->chain, der, len, err);
	X509_free(cert);
	free(der);
	return rc;
}

int
store_fill_outcome(const PGresult *res, struct enroll_outcome *out, int64_t *ca_id,
    struct gh_error *err)
{
	int rc = 0;

	enroll_outcome_clear(out);
	*ca_id = 0;
	out->cms_request_id = store_int(res, 0, 0);
	out->cms_id = store_int(res, 0, 1);
	out->disposition = (enum db_disposition)store_int(res, 0, 2);
	out->status_code = (uint32_t)store_int(res, 0, 3);
	snprintf(out->message, sizeof(out->message), "%s", store_text(res, 0, 4));
	if (store_has(res, 0, 7) &&
	    (rc = copy_hex(res, 5, out->serial, sizeof(out->serial), err)) == 0 &&
	    (rc = copy_hex(res, 6, out->thumbprint, sizeof(out->thumbprint), err)) == 0 &&
	    (rc = set_leaf(res, 7, out, err)) == 0)
		*ca_id = store_int(res, 0, 8);
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}

/* Who: entry and application; a name may be somebody else's by now. A signature tells nothing of
 * the user behind it. */
static bool
is_recorded_for(const PGresult *res, const struct requester *who)
{
	const char *id = store_text(res, 0, STORE_OUTCOME_N + 3);

	if (store_int(res, 0, STORE_OUTCOME_N + 1) != who->app_id)
		return false;
	if (*id != '\0' && *who->id != '\0')
		return strcasecmp(id, who->id) == 0;
	return strcasecmp(store_text(res, 0, STORE_OUTCOME_N), who->name) == 0;
}

/* A key of the client's choice stands for one request. */
static int
check_content(const PGresult *res, const struct store_mark *m, struct gh_error *err)
{
	unsigned char *content = NULL;
	size_t n = 0;
	bool is_same;
	int rc;

	if (m->content == NULL)
		return 0;
	if ((rc = store_bytes(res, 0, STORE_OUTCOME_N + 4, &content, &n, err)) != 0)
		return rc;
	is_same = n == REPLAY_MARK_SIZE && memcmp(content, m->content, n) == 0;
	free(content);
	return is_same ? 0
		       : gh_refuse(err, GH_E_CONFLICT,
			     "This Idempotency-Key was used for another request. Choose a new "
			     "one for each request, and the same only to repeat it.");
}

int
store_lookup_mark(struct store *s, const struct store_mark *m, bool *found,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	static const struct store_statement st = {"replay_find",
	    "SELECT " STORE_OUTCOME_COLUMNS
	    ", m.requester, m.app_id, r.http_request_id, r.requester_id, m.content FROM replay m JOIN request r "
	    "ON r.id = m.request_id LEFT JOIN certificate c ON c.id = r.certificate_id WHERE m.mark = $1"};
	const char *id = m->http_request_id;
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*found = false;
	*ca_id = 0;
	store_put_bytes(&p, m->mark, REPLAY_MARK_SIZE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0) {
		PQclear(res);
		return 0;
	}
	if (!is_recorded_for(res, m->who))
		rc = gh_fail(err, GH_E_REPLAY, "recorded for another requester as request %s",
		    store_text(res, 0, 0));
	else if ((rc = check_content(res, m, err)) == 0)
		rc = store_fill_outcome(res, out, ca_id, err);
	if (rc == 0) {
		*found = true;
		out->is_replay = id == NULL || *id == '\0' ||
		    strcmp(id, store_text(res, 0, STORE_OUTCOME_N + 2)) != 0;
	}
	PQclear(res);
	return rc;
}

int
store_purge_replay(struct store *s, int age, struct gh_error *err)
{
	static const struct store_statement st = {"replay_purge",
	    "DELETE FROM replay r WHERE created_at < now() - make_interval(secs => $1::int) "
	    /* a one-time password was used for as long as there is its user */
	    "AND NOT EXISTS (SELECT 1 FROM est_user u WHERE u.one_time AND u.name = r.requester)"};
	struct store_params p = {0};

	store_put_int(&p, age);
	return store_do(s, &st, &p, err);
}
