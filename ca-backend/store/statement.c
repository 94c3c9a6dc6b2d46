/* What becomes of a statement: read again when the connection was lost, or written once, and its
 * one value taken. */
#include "buf.h"

#include "store/store_private.h"

int
store_read(struct store *s, const struct store_statement *st, struct store_params *p,
    PGresult **res, struct gh_error *err)
{
	int rc = store_run(s, st, p, res, err);

	if (rc == GH_E_DB_DOWN && s->was_lost)
		rc = store_run(s, st, p, res, err);
	store_params_clear(p);
	return rc;
}

int
store_read_json(struct store *s, const struct store_statement *st, struct store_params *p,
    gh_json **out, struct gh_error *err)
{
	PGresult *res;
	int rc = store_read(s, st, p, &res, err);

	*out = NULL;
	if (rc == 0 && PQntuples(res) > 0)
		rc = store_json(res, 0, 0, out, err);
	PQclear(res);
	return rc;
}

int
store_read_composed(struct store *s, struct gh_buf *sql, struct store_params *p, gh_json **out,
    struct gh_error *err)
{
	struct store_statement st = {NULL, NULL};
	int rc = gh_buf_check(sql, err);

	*out = NULL;
	if (rc == 0) {
		st.sql = (char *)sql->data;
		rc = store_read_json(s, &st, p, out, err);
	}
	store_params_clear(p);
	gh_buf_free(sql);
	return rc;
}

int
store_read_int(struct store *s, const struct store_statement *st, struct store_params *p,
    int64_t *n, struct gh_error *err)
{
	PGresult *res;
	int rc = store_read(s, st, p, &res, err);

	*n = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_write(struct store *s, const struct store_statement *st, struct store_params *p,
    const char *taken, PGresult **res, struct gh_error *err)
{
	int rc = store_run(s, st, p, res, err);

	store_params_clear(p);
	return rc == GH_E_CONFLICT ? gh_refuse(err, rc, "%s", taken) : rc;
}

int
store_do(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err)
{
	PGresult *res;
	int rc = store_read(s, st, p, &res, err);

	PQclear(res);
	return rc;
}

int
store_do_once(struct store *s, const struct store_statement *st, struct store_params *p,
    const char *taken, struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, taken, &res, err);

	PQclear(res);
	return rc;
}
