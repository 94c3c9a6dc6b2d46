/*
 * Rows by COPY in its binary form (PostgreSQL manual, "COPY", Binary Format): one row at a time,
 * whatever their number, without text in between.
 */
#include <poll.h>
#include <string.h>

#include "timestamp.h"

#include "store/servers.h"
#include "store/store_private.h"

#define SIGNATURE_SIZE 11              /* "PGCOPY\n\377\r\n\0" */
#define HEAD_SIZE (SIGNATURE_SIZE + 8) /* flags, length of the extension */
#define SQL_MAX 1024

static uint32_t
get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int64_t
store_field_int(const struct store_field *f)
{
	uint64_t v = 0;

	if (f->len != 2 && f->len != 4 && f->len != 8)
		return 0;
	for (int i = 0; i < f->len; i++)
		v = v << 8 | f->p[i];
	if (f->len == 4)
		return (int32_t)(uint32_t)v;
	return f->len == 2 ? (int16_t)(uint16_t)v : (int64_t)v;
}

int64_t
store_field_time(const struct store_field *f)
{
	const int64_t second = 1000000, epoch = 946684800; /* microseconds since 2000 */
	int64_t us = store_field_int(f), s = us / second;

	return epoch + (us % second < 0 ? s - 1 : s);
}

/* A row: u16 columns, each i32 length (-1: null) and bytes. false: the end (columns -1), or
 * *damaged. */
static bool
take_row(const unsigned char *p, size_t len, struct store_field *f, size_t columns, bool *damaged)
{
	*damaged = true;
	if (len == 2 && p[0] == 0xff && p[1] == 0xff) {
		*damaged = false;
		return false;
	}
	if (len < 2 || ((size_t)p[0] << 8 | p[1]) != columns)
		return false;
	p += 2;
	len -= 2;
	for (size_t i = 0; i < columns; i++) {
		if (len < 4)
			return false;
		f[i].len = (int32_t)get_u32(p);
		f[i].p = p + 4;
		p += 4;
		len -= 4;
		if (f[i].len < -1 || (f[i].len > 0 && (size_t)f[i].len > len))
			return false;
		if (f[i].len > 0) {
			p += f[i].len;
			len -= (size_t)f[i].len;
		}
	}
	*damaged = len != 0;
	return !*damaged;
}

struct copy {
	struct store *s;
	int64_t deadline;
	bool has_head, has_end;
	size_t columns;
	int (*row)(void *arg, const struct store_field *f, struct gh_error *err);
	void *arg;
};

/* One message. The head of the stream comes before the first row, in the same message or alone. */
static int
take_message(struct copy *c, const unsigned char *p, size_t len, struct gh_error *err)
{
	struct store_field f[STORE_COPY_COLUMNS];
	bool damaged;

	if (!c->has_head) {
		if (len < HEAD_SIZE || memcmp(p, "PGCOPY\n\377\r\n", SIGNATURE_SIZE) != 0 ||
		    len - HEAD_SIZE < get_u32(p + SIGNATURE_SIZE + 4))
			return gh_fail(err, GH_E_DB, "COPY: no binary stream");
		c->has_head = true;
		len -= HEAD_SIZE + get_u32(p + SIGNATURE_SIZE + 4);
		p += HEAD_SIZE + get_u32(p + SIGNATURE_SIZE + 4);
		if (len == 0)
			return 0;
	}
	if (take_row(p, len, f, c->columns, &damaged))
		return c->row(c->arg, f, err);
	if (damaged)
		return gh_fail(err, GH_E_DB, "COPY: damaged row");
	c->has_end = true;
	return 0;
}

/* Wait for more. The deadline is of each wait: a stream that goes on may last as long as it is. */
static int
wait_more(struct copy *c, struct gh_error *err)
{
	int n = store_poll(c->s, POLLIN, gh_now_us() + (int64_t)c->s->timeout_ms * 1000);

	if (n == 0)
		store_server_silent(c->s->server);
	if (n == 0)
		return gh_fail(err, GH_E_DB_DOWN, "COPY: no answer within %d ms", c->s->timeout_ms);
	if (n < 0 || PQconsumeInput(c->s->conn) != 1)
		return gh_fail(err, GH_E_DB_DOWN, "COPY: connection lost");
	return 0;
}

static int
read_stream(struct copy *c, struct gh_error *err)
{
	char *p;
	int n, rc = 0;

	while (rc == 0 && (n = PQgetCopyData(c->s->conn, &p, 1)) != -1) {
		if (n == -2)
			return gh_fail(err, GH_E_DB_DOWN, "COPY: %.100s",
			    PQerrorMessage(c->s->conn));
		if (n == 0) {
			rc = wait_more(c, err);
			continue;
		}
		rc = take_message(c, (const unsigned char *)p, (size_t)n, err);
		PQfreemem(p);
	}
	return rc;
}

/* The next result: of the start (PGRES_COPY_OUT), then of the end. */
static int
take_result(struct copy *c, ExecStatusType want, struct gh_error *err)
{
	PGresult *res;
	int rc = 0;

	while (rc == 0 && PQisBusy(c->s->conn))
		rc = wait_more(c, err);
	if (rc != 0)
		return rc;
	res = PQgetResult(c->s->conn);
	if (PQresultStatus(res) != want) {
		const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
		const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		rc = gh_fail(err,
		    state == NULL || strcmp(state, "57014") == 0 ? GH_E_DB_DOWN : GH_E_DB,
		    "COPY: SQLSTATE %s: %s", state != NULL ? state : "none",
		    text != NULL ? text : "");
	}
	PQclear(res);
	return rc;
}

static int
run_copy(struct copy *c, const char *sql, struct gh_error *err)
{
	PGresult *res;
	int rc;

	if (PQsendQuery(c->s->conn, sql) != 1 || PQflush(c->s->conn) != 0)
		return gh_fail(err, GH_E_DB_DOWN, "COPY: cannot send");
	if ((rc = take_result(c, PGRES_COPY_OUT, err)) != 0 || (rc = read_stream(c, err)) != 0 ||
	    (rc = take_result(c, PGRES_COMMAND_OK, err)) != 0)
		return rc;
	if (!c->has_end)
		return gh_fail(err, GH_E_DB, "COPY: the stream has no end");
	while ((res = PQgetResult(c->s->conn)) != NULL)
		PQclear(res);
	return 0;
}

int
store_copy(struct store *s, const char *select, size_t columns,
    int (*row)(void *arg, const struct store_field *f, struct gh_error *err), void *arg,
    struct gh_error *err)
{
	struct copy c = {.s = s, .columns = columns, .row = row, .arg = arg};
	char sql[SQL_MAX];
	int rc;

	if (columns > STORE_COPY_COLUMNS ||
	    (size_t)snprintf(sql, sizeof(sql), "COPY (%s) TO STDOUT (FORMAT binary)", select) >=
		sizeof(sql))
		return gh_fail(err, GH_E_INTERNAL, "statement of a COPY");
	if ((rc = store_connect(s, err)) != 0)
		return rc;
	/* what is left of a broken stream is not read to its end: a new connection is cheaper */
	if ((rc = run_copy(&c, sql, err)) != 0)
		store_disconnect(s);
	return rc;
}
