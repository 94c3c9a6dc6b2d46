/* The statements of record_request.c. See record_statement.h. */
#include <pthread.h>
#include <string.h>

#include "buf.h"

#include "record_request.h"
#include "record_statement.h"
#include "request_asked.h"

#define STATEMENT_MAX (64 * 1024) /* bytes of SQL */

/* Columns of a row of VALUES in the order of their parameters. */
static const struct column {
	const char *name, *value; /* %d: number of the parameter */
} columns[] = {
    /* put_request */
    {"protocol", "$%d::int"},
    {"http_request_id", "$%d::text"},
    {"app_id", "$%d::bigint"},
    {"app_name", "$%d::text"},
    {"requester", "$%d::text"},
    {"requester_dn", "$%d::text"},
    {"requester_kind", "$%d::int"},
    {"address", "$%d::text"},
    {"template", "$%d::text"},
    {"template_id", "$%d::bigint"},
    {"csr", "$%d::bytea"},
    {"csr_spki_sha256", "sha256($%d::bytea)"},
    {"cert_only", "$%d::bool"},
    {"disposition", "$%d::int"},
    {"status_code", "$%d::bigint"},
    {"message", "$%d::text"},
    {"metadata", "$%d::jsonb"},
    {"submitted_at", "to_timestamp($%d::bigint)"},
    {"requester_id", "$%d::text"},
    /* store_put_issued */
    {"ca_id", "$%d::bigint"},
    {"serial", "$%d::bytea"},
    {"subject", "$%d::text"},
    {"sans", "$%d::text[]"},
    {"not_before", "to_timestamp($%d::bigint)"},
    {"not_after", "to_timestamp($%d::bigint)"},
    {"sha1", "$%d::bytea"},
    {"sha256", "$%d::bytea"},
    {"spki_sha256", "$%d::bytea"},
    {"der", "$%d::bytea"},
    {"shard", "$%d::int"},
    /* put_event */
    {"event", "$%d::text"},
    {"event_outcome", "$%d::text"},
    {"object", "$%d::text"},
    {"detail", "$%d::text"},
    /* put_identity */
    {"mark", "$%d::bytea"},
    {"drawn_id", "$%d::bigint"},
    {"mac", "$%d::bytea"},
    {"content", "$%d::bytea"},
    {"asked", "$%d::jsonb"},
};
#define COLUMNS_N (sizeof(columns) / sizeof(columns[0]))

/* Behind them, of a request whose private key is archived, or kept for a repeated call: put_key */
static const struct column key_columns[] = {
    {"key_uuid", "$%d::text::uuid"},
    {"key_kind", "$%d::int"},
    {"key_algorithm", "$%d::text"},
    {"key_bits", "$%d::int"},
    {"key_owner", "$%d::text"},
    {"key_client", "$%d::text"},
    {"key_policy", "$%d::text"},
    {"key_spki", "$%d::bytea"},
    {"key_stored", "$%d::bytea"},
    {"key_storage", "$%d::bytea"},
    {"key_forget", "to_timestamp($%d::bigint)"},
    {"key_type", "$%d::text"},
    {"key_comment", "$%d::text"},
    {"key_mark", "$%d::bytea"},
    {"kept", "$%d::bytea"},
    {"kept_forget", "to_timestamp($%d::bigint)"},
};
#define KEY_COLUMNS_N (sizeof(key_columns) / sizeof(key_columns[0]))

#define REQUEST_COLUMNS \
	"certificate_id, protocol, http_request_id, app_id, app_name, requester, requester_dn, " \
	"requester_id, requester_kind, address, template, template_id, csr, csr_spki_sha256, " \
	"cert_only, disposition, status_code, message, metadata, submitted_at, mac"

/* Both ids are drawn for each row and unused by a replay. i: the rows that are not replays. */
static const char before_rows[] =
    "WITH v AS MATERIALIZED (SELECT *, COALESCE(drawn_id, nextval('request_id_seq')) AS request_id, "
    "  CASE WHEN der IS NOT NULL THEN nextval('certificate_id_seq') END AS certificate_id FROM (VALUES ";
static const char after_rows[] =
    ")), "
    "m AS (INSERT INTO replay (mark, request_id, requester, app_id, content) "
    "  SELECT mark, request_id, requester, app_id, content FROM v ORDER BY mark "
    "  ON CONFLICT (mark) DO NOTHING RETURNING request_id), "
    "i AS MATERIALIZED (SELECT v.* FROM v JOIN m USING (request_id)), "
    "r AS (INSERT INTO request (id, resolved_at, " REQUEST_COLUMNS ", " REQUEST_ASKED_COLUMNS
    ", tells) "
    "  SELECT request_id, CASE WHEN disposition <> 9 THEN now() END, " REQUEST_COLUMNS
    ", " REQUEST_ASKED_VALUES ", (asked->>'tells')::boolean FROM i), "
    "c AS (INSERT INTO certificate (id, request_id, requester, template, status, metadata, confirm_by, " STORE_CERT_COLUMNS
    ") "
    "  SELECT certificate_id, request_id, requester, template, 20, metadata, "
    "    now() + make_interval(secs => (asked->>'confirm_within')::bigint), " STORE_CERT_COLUMNS
    "  FROM i WHERE certificate_id IS NOT NULL), "
    "a AS (INSERT INTO audit (event, outcome, actor, actor_kind, app, address, request_id, object, detail) "
    "  SELECT event, event_outcome, requester, requester_kind, app_name, address, http_request_id, object, "
    "    detail FROM i)";
/* The key of the only row. It waits with its request, and belongs to its certificate from then on
 * that there is one; what made it is complete with it. One that was made here may be kept for a
 * repeated call, whether it is archived or not. */
static const char after_key[] =
    ", k AS (INSERT INTO archived_key (uuid, kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, "
    "    owner_kind, client_id, policy, spki, spki_sha256, certificate_id, stored, storage_key, state, request_id, "
    "    forget_at, created_by) "
    "  SELECT key_uuid, key_kind, key_algorithm, key_bits, key_owner, requester, requester_dn, requester_id, "
    "    requester_kind, key_client, key_policy, key_spki, sha256(key_spki), certificate_id, key_stored, key_storage, "
    "    CASE WHEN certificate_id IS NULL THEN 'pending' ELSE 'active' END, request_id, key_forget, requester FROM i "
    "  WHERE key_stored IS NOT NULL RETURNING id, uuid, state), "
    "p AS (INSERT INTO kept_key (mark, uuid, kind, algorithm, bits, owner, client_id, policy, spki, stored, storage_key, "
    "    forget_at) "
    "  SELECT mark, key_uuid, key_kind, key_algorithm, key_bits, key_owner, key_client, key_policy, key_spki, kept, "
    "    key_storage, kept_forget FROM i WHERE kept IS NOT NULL), "
    "d AS (INSERT INTO audit (event, outcome, actor, actor_kind, app, address, request_id, object, detail) "
    "  SELECT 'key.generated', 'success', requester, requester_kind, app_name, address, http_request_id, "
    "    'key ' || key_uuid, concat('of request ', request_id, ', not archived') FROM i WHERE key_stored IS NULL), "
    "q AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, comment, "
    "    required, requester_counts, is_signed, approvals, mark, resolved_at, resolved_by) "
    "  SELECT key_type, 'complete', k.id, requester, requester_dn, requester_id, requester_kind, key_comment, "
    "    0, true, false, 0, key_mark, now(), requester FROM i, k WHERE k.state = 'active' RETURNING id), "
    "b AS (INSERT INTO audit (event, outcome, actor, actor_kind, app, address, request_id, object, detail) "
    "  SELECT CASE WHEN k.state = 'pending' THEN 'key.held' WHEN key_type = 'archival' THEN 'key.archived' "
    "      ELSE 'key.generated' END, 'success', requester, requester_kind, app_name, address, http_request_id, "
    "    'key ' || k.uuid, concat('of request ', i.request_id, ', request ' || (SELECT id FROM q)) FROM i, k)";
static const char end_of_all[] = " SELECT no, request_id, certificate_id FROM i";

/* [n - 1] records n requests, the last one a request with its key */
static struct store_statement statements[STORE_BATCH_MAX + 1];
static pthread_once_t statements_once = PTHREAD_ONCE_INIT;

static void
put_values(struct gh_buf *b, const struct column *c, size_t n, int *parameter)
{
	for (size_t i = 0; i < n; i++) {
		gh_buf_puts(b, ", ");
		gh_buf_putf(b, c[i].value, (*parameter)++);
	}
}

static void
put_names(struct gh_buf *b, const struct column *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gh_buf_putf(b, ", %s", c[i].name);
}

/* (0, $1::int, ...), (1, $39::int, ...)) AS x (no, protocol, ... */
static void
put_rows(struct gh_buf *b, size_t n, size_t key_columns_n)
{
	int parameter = 1;

	for (size_t i = 0; i < n; i++) {
		gh_buf_putf(b, "%s(%zu", i > 0 ? ", " : "", i);
		put_values(b, columns, COLUMNS_N, &parameter);
		put_values(b, key_columns, key_columns_n, &parameter);
		gh_buf_putc(b, ')');
	}
	gh_buf_puts(b, ") AS x (no");
	put_names(b, columns, COLUMNS_N);
	put_names(b, key_columns, key_columns_n);
}

static void
make_statement(struct store_statement *st, const char *name, size_t n, bool has_key)
{
	struct gh_buf b;

	gh_buf_init(&b, STATEMENT_MAX);
	gh_buf_puts(&b, before_rows);
	put_rows(&b, n, has_key ? KEY_COLUMNS_N : 0);
	gh_buf_puts(&b, after_rows);
	if (has_key)
		gh_buf_puts(&b, after_key);
	gh_buf_puts(&b, end_of_all);
	st->name = name;
	if (gh_buf_check(&b, NULL) == 0)
		st->sql = strdup((char *)b.data);
	gh_buf_free(&b);
}

/* Texts for as long as the process lives. One that memory was short for stays NULL. */
static void
make_statements(void)
{
	static char names[STORE_BATCH_MAX][24];

	for (size_t n = 1; n <= STORE_BATCH_MAX; n++) {
		snprintf(names[n - 1], sizeof(names[n - 1]), "record_request_%zu", n);
		make_statement(&statements[n - 1], names[n - 1], n, false);
	}
	make_statement(&statements[STORE_BATCH_MAX], "record_request_key", 1, true);
}

static int
take_statement(size_t i, const struct store_statement **out, struct gh_error *err)
{
	if (pthread_once(&statements_once, make_statements) != 0 || statements[i].sql == NULL)
		return gh_fail(err, GH_E_NOMEM, "statement");
	*out = &statements[i];
	return 0;
}

int
record_statement(size_t n, const struct store_statement **out, struct gh_error *err)
{
	return take_statement(n - 1, out, err);
}

int
record_statement_with_key(const struct store_statement **out, struct gh_error *err)
{
	return take_statement(STORE_BATCH_MAX, out, err);
}
