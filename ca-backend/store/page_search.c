/* Windows of ids, one after the other. See page_search.h. */
#include "timestamp.h"

#include "page_search.h"

#define SEARCH_US 2000000 /* of one page */

void
store_search_range(struct store_search *q, int64_t after_id, int64_t max_id)
{
	if (q->newest_first) {
		q->at = after_id > 0 && after_id <= max_id ? after_id - 1 : max_id;
		q->end = 1;
	} else {
		q->at = after_id < max_id ? after_id + 1 : max_id + 1;
		q->end = max_id;
	}
}

static int
append_all(gh_json *to, const gh_json *from, const char *member, int64_t *last_id,
    struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(from); i++) {
		gh_json *row = gh_json_at(from, i);

		if (!gh_json_int(gh_json_get(row, member), last_id) ||
		    gh_json_append(to, gh_json_ref(row)) != 0)
			return gh_fail(err, GH_E_NOMEM, "page");
	}
	return 0;
}

/* The next window. */
static int
search_window(struct store *s, struct store_search *q, gh_json *entries, int64_t *last_id,
    struct gh_error *err)
{
	int64_t edge = q->newest_first ? q->at - (q->window - 1) : q->at + (q->window - 1);
	struct store_window w = {.limit = q->limit - (int)gh_json_size(entries)};
	gh_json *found;
	int rc;

	if (q->newest_first ? edge < q->end : edge > q->end)
		edge = q->end;
	w.first = q->newest_first ? edge : q->at;
	w.last = q->newest_first ? q->at : edge;
	rc = q->read(s, q->arg, &w, &found, err);
	if (rc == 0)
		rc = append_all(entries, found, q->member != NULL ? q->member : "id", last_id, err);
	gh_json_free(found);
	q->at = q->newest_first ? edge - 1 : edge + 1;
	return rc;
}

static bool
is_behind(const struct store_search *q)
{
	return q->newest_first ? q->at < q->end : q->at > q->end;
}

int
store_search(struct store *s, struct store_search *q, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	int64_t until = gh_now_us() + SEARCH_US, last_id = 0;
	bool full = false;
	int rc = 0;

	*next = 0;
	if ((*entries = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	while (rc == 0 && !full && !is_behind(q) && gh_now_us() < until) {
		rc = search_window(s, q, *entries, &last_id, err);
		full = (int)gh_json_size(*entries) == q->limit;
	}
	if (rc == 0 && full)
		*next = last_id == q->end ? 0 : last_id;
	else if (rc == 0 && !is_behind(q))
		*next = q->newest_first ? q->at + 1 : q->at - 1;
	if (rc != 0) {
		gh_json_free(*entries);
		*entries = NULL;
	}
	return rc;
}
