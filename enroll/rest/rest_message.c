/* Messages over REST. See rest_message.h. */
#include <string.h>

#include "notify/test_message.h"
#include "store/status/delivery.h"

#include "rest.h"
#include "rest_message.h"

/* {name: n}; NULL: out of memory. */
static gh_json *
number_json(const char *name, int64_t n)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, name, n) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	int n,
	    rc = store_retry_deliveries(env->store, call->requester, call_number(call->parts, "id"),
		&n, &err);

	if (rc == 0)
		rest_json(rep, 200, number_json("retried", n));
	else
		rest_error(&err, call->http->request_id, NULL, rep);
}

/* --- a test ----------------------------------------------------------------------------------- */

static int
read_to(const struct call *call, bool *is_own, struct rest_fields *f, struct gh_error *err)
{
	const gh_json *to;
	const char *word;
	gh_json *body;
	int rc = rest_body(call, &body, err);

	*is_own = true;
	if (rc != 0)
		return rc;
	to = gh_json_get(body, "to");
	word = gh_json_string(to);
	if (word != NULL && strcmp(word, "administrators") == 0)
		*is_own = false;
	else if (to != NULL && (word == NULL || strcmp(word, "caller") != 0))
		rest_field_wrong(f, "to", "The field to must be caller or administrators.");
	gh_json_free(body);
	return rest_fields_check(f, err);
}

void
rest_message_test(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields f = {0};
	struct gh_error err = {0};
	bool is_own;
	size_t n = 0;
	int rc = read_to(call, &is_own, &f, &err);

	if (rc == 0)
		rc = test_message_send(env, call->requester, is_own, &n, &err);
	if (rc == 0)
		rest_json(rep, 202, number_json("recipients", (int64_t)n));
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&f), rep);
	rest_fields_clear(&f);
}
