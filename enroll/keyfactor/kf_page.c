/* Pages by number over ours. See kf_page.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "timestamp.h"

#include "kf_page.h"
#include "kf_query.h"

#define PAGES_MAX 100   /* that are walked over to get to one */
#define WALK_US 5000000 /* of one call */

int
kf_paging_read(const struct call *call, int64_t rows_max, struct kf_paging *out,
    struct gh_error *err)
{
	int rc = kf_param_number(call, "PageReturned", 1, PAGES_MAX, 1, &out->page, err);

	return rc != 0
	    ? rc
	    : kf_param_number(call, "ReturnLimit", 1, rows_max, KF_ROWS_DEFAULT, &out->rows, err);
}

int
kf_descends(const struct call *call, bool *out, struct gh_error *err)
{
	int64_t down = 0;
	int rc = kf_param_number(call, "SortAscending", 0, 1, 0, &down, err);

	*out = down == 1;
	return rc;
}

void
kf_put_escaped(struct gh_buf *b, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= 'a' && *p <= 'z'))
			gh_buf_putc(b, (char)*p);
		else
			gh_buf_putf(b, "%%%02X", *p);
	}
}

/* A token, the id of a row, or nothing: the first page. */
static void
put_next(struct gh_buf *b, const char *name, const gh_json *next)
{
	const char *token = gh_json_string(next);
	int64_t id;

	if (token != NULL) {
		gh_buf_putf(b, "&%s=", name);
		kf_put_escaped(b, token);
	} else if (gh_json_int(next, &id)) {
		gh_buf_putf(b, "&%s=%" PRId64, name, id);
	}
}

/* One page of ours behind *page, which is replaced by it. */
static bool
ask_page(struct worker_env *env, const struct call *call, const struct kf_search *s, gh_json **page,
    struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = s->handler, .method = GH_HTTP_GET};
	struct gh_buf b;
	bool ok = false;

	gh_buf_init(&b, KF_QUERY_SIZE);
	gh_buf_puts(&b, s->query);
	put_next(&b, s->next, gh_json_get(*page, "next"));
	gh_buf_putc(&b, '\0');
	gh_json_free(*page);
	*page = NULL;
	if (gh_buf_check(&b, NULL) == 0) {
		q.query = (const char *)b.data;
		ok = kf_ask(env, call, &q, page, rep);
	} else {
		kf_json(rep, NULL);
	}
	gh_buf_free(&b);
	return ok;
}

/* Rows behind the skipped ones go to list, until it is full. false: rep tells why not. */
static bool
take_rows(struct worker_env *env, const struct call *call, const struct kf_search *s,
    const gh_json *entries, int64_t *skip, gh_json *list, struct gh_http_reply *rep)
{
	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *o;

		if ((*skip)-- > 0 || gh_json_size(list) >= (size_t)s->paging.rows)
			continue;
		if ((o = s->tell(env, call, gh_json_at(entries, i), s->arg, rep)) == NULL)
			return false;
		if (gh_json_append(list, o) != 0) {
			kf_json(rep, NULL);
			return false;
		}
	}
	return true;
}

/* May there be one more search? false: rep tells why not. */
static bool
has_time(const struct call *call, int64_t until, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	int rc = gh_now_us() < until
	    ? gh_http_check_deadline(call->http, &err)
	    : gh_refuse(&err, GH_E_BAD_REQUEST,
		  "The search takes too long: narrow the query, or ask for an earlier page.");

	if (rc != 0)
		kf_error(&err, rep);
	return rc == 0;
}

bool
kf_search(struct worker_env *env, const struct call *call, const struct kf_search *s, gh_json *list,
    struct gh_http_reply *rep)
{
	int64_t skip = (s->paging.page - 1) * s->paging.rows, until = gh_now_us() + WALK_US;
	gh_json *page = NULL;
	bool ok = true, more = true;

	while (ok && more) {
		ok = has_time(call, until, rep) && ask_page(env, call, s, &page, rep) &&
		    take_rows(env, call, s, gh_json_get(page, "entries"), &skip, list, rep);
		more = gh_json_type(gh_json_get(page, "next")) != GH_JSON_NULL &&
		    gh_json_size(list) < (size_t)s->paging.rows;
	}
	gh_json_free(page);
	return ok;
}
