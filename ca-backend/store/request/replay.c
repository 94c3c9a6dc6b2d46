/* The look-up of replay marks. See record_request.h. */
#include <string.h>

#include "buf.h"

#include "store/store_private.h"

#include "record_request.h"

#define BYTEA_OID 17 /* pg_type.dat: never changes */
#define ARRAY_HEAD 20
#define ARRAY_MAX (ARRAY_HEAD + STORE_BATCH_MAX * (4 + REPLAY_MARK_SIZE))

/*
 * Nearly always the answer is no, and every enrollment asks: the index alone, before the join. A
 * scalar subquery is a look-up in the index for each mark; a join or "= ANY" is planned as a scan
 * while the table is young, and that plan is kept while it grows.
 */
static const struct store_statement replay_seen = {"replay_seen",
    "SELECT no FROM unnest($1::bytea[]) WITH ORDINALITY AS m (mark, no) "
    "WHERE (SELECT true FROM replay r WHERE r.mark = m.mark)"};

/* bytea[] as array_recv reads it: dimensions, has nulls, element type, size, lower bound. */
static void
put_marks(struct gh_buf *b, const struct store_replay *m, size_t n)
{
	gh_buf_put_u32(b, 1);
	gh_buf_put_u32(b, 0);
	gh_buf_put_u32(b, BYTEA_OID);
	gh_buf_put_u32(b, (uint32_t)n);
	gh_buf_put_u32(b, 1);
	for (size_t i = 0; i < n; i++)
		gh_buf_put_block(b, m[i].mark, REPLAY_MARK_SIZE);
}

static int
send(struct store *s, const struct store_replay *m, size_t n, struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;
	int rc;

	if (n < 1 || n > STORE_BATCH_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu marks in one look-up", n);
	gh_buf_init(&b, ARRAY_MAX);
	put_marks(&b, m, n);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		store_put_bytes(&p, b.data, b.len);
		rc = store_send(s, &replay_seen, &p, err);
	}
	store_params_clear(&p);
	gh_buf_free(&b);
	return rc;
}

static void
fail_all(struct store_replay *m, size_t n, int rc, const struct gh_error *err)
{
	for (size_t i = 0; i < n; i++) {
		m[i].rc = rc;
		m[i].err = *err;
	}
}

void
store_find_replays_send(struct store *s, struct store_replay *m, size_t n)
{
	struct gh_error err = {0};
	int rc = send(s, m, n, &err);

	for (size_t i = 0; i < n; i++) {
		m[i].found = false;
		m[i].ca_id = 0;
	}
	fail_all(m, n, rc, &err);
}

static int
ask(struct store *s, const struct store_replay *m, size_t n, PGresult **res, struct gh_error *err)
{
	int rc = send(s, m, n, err);

	*res = NULL;
	return rc == 0 ? store_collect(s, res, err) : rc;
}

/* The one that was sent, or one more try when the connection was lost since. */
static int
take_seen(struct store *s, const struct store_replay *m, size_t n, PGresult **res,
    struct gh_error *err)
{
	int rc = m[0].rc;

	*res = NULL;
	*err = m[0].err;
	if (rc == 0)
		rc = store_collect(s, res, err);
	return rc == GH_E_DB_DOWN && s->was_lost ? ask(s, m, n, res, err) : rc;
}

void
store_find_replays_collect(struct store *s, struct store_replay *m, size_t n)
{
	struct gh_error err;
	PGresult *res;
	int rc;

	if (n < 1 || n > STORE_BATCH_MAX)
		return; /* send has said so */
	if ((rc = take_seen(s, m, n, &res, &err)) != 0)
		fail_all(m, n, rc, &err);
	for (int i = 0; rc == 0 && i < PQntuples(res); i++) {
		struct store_replay *seen = &m[store_int(res, i, 0) - 1];

		const struct store_mark mark = {.who = seen->who,
		    .mark = seen->mark,
		    .content = seen->content};

		seen->rc =
		    store_lookup_mark(s, &mark, &seen->found, seen->out, &seen->ca_id, &seen->err);
	}
	PQclear(res);
}
