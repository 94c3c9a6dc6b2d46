/* Requests that wait and have to do with a certificate: for its renewal, for its key, or of who
 * asked for it; as the reader may see them. See console_cert.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rest/rest_request.h"

#include "console_ask.h"
#include "console_cert.h"
#include "console_page.h"

#define ROWS "10" /* of each kind */

static bool
is_there(const gh_json *list, int64_t wanted)
{
	int64_t id;

	for (size_t i = 0; i < gh_json_size(list); i++)
		if (gh_json_int(gh_json_get(gh_json_at(list, i), "id"), &id) && id == wanted)
			return true;
	return false;
}

static int
append(gh_json *list, gh_json *request, const char *relation)
{
	const char *at = gh_json_string(gh_json_get(request, "submitted_at"));
	int64_t id;

	if (!gh_json_int(gh_json_get(request, "id"), &id) || is_there(list, id))
		return 0;
	return gh_json_set_string(request, "relation", relation) |
	    console_set_minute(request, "submitted", at) |
	    gh_json_append(list, gh_json_ref(request));
}

/* A database that is busy keeps nobody from the certificate itself. */
static int
append_found(struct worker_env *env, const struct call *call, const char *name, const char *value,
    const char *relation, gh_json *list)
{
	struct gh_error err = {0};
	gh_json *page = NULL;
	struct gh_buf q;
	int bad = 0;

	if (value == NULL || *value == '\0')
		return 0;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	gh_buf_puts(&q, "status=pending&order=newest&limit=" ROWS);
	console_query_put(&q, name, value);
	if (gh_buf_check(&q, &err) == 0 &&
	    console_get(env, call, rest_request_list, (const char *)q.data, &page, &err) == 0) {
		gh_json *rows = gh_json_get(page, "entries");

		for (size_t i = 0; i < gh_json_size(rows); i++)
			bad |= append(list, gh_json_at(rows, i), relation);
	}
	gh_json_free(page);
	gh_buf_free(&q);
	return bad;
}

int
console_cert_put_waiting(struct worker_env *env, const struct call *call, const gh_json *cert,
    gh_json *data)
{
	const char *requester = gh_json_string(gh_json_get(cert, "requester"));
	gh_json *list = gh_json_new_array();
	char number[24] = "";
	int64_t id;
	int bad;

	if (gh_json_int(gh_json_get(cert, "id"), &id))
		snprintf(number, sizeof(number), "%" PRId64, id);
	bad = append_found(env, call, "replaces", number, "renewal", list) |
	    append_found(env, call, "spki_sha256", gh_json_string(gh_json_get(cert, "spki_sha256")),
		"key", list) |
	    append_found(env, call, "requester", requester, "requester", list);
	return bad | gh_json_set_bool(data, "has_waiting", gh_json_size(list) > 0) |
	    gh_json_set(data, "waiting", list);
}
