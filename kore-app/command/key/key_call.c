/* See key_call.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "uuid.h"

#include "key_call.h"

#define PATH_SIZE 80

/* What was answered is about that one? Takes *o away when it is not. */
static int
check_is(bool is, gh_json **o, struct gh_error *err)
{
	if (is)
		return 0;
	gh_json_free(*o);
	*o = NULL;
	return gh_refuse(err, GH_E_BAD_JSON,
	    "the gateway answered with something else than was asked");
}

int
key_call_request(struct client_rest *r, int64_t id, gh_json **out, struct gh_error *err)
{
	char path[PATH_SIZE];
	int64_t said;
	int rc;

	snprintf(path, sizeof(path), "/pki/keyrequest/%" PRId64, id);
	if ((rc = client_rest_get(r, path, out, err)) == 0)
		rc = check_is(gh_json_int(gh_json_get(*out, "id"), &said) && said == id, out, err);
	return rc;
}

int
key_call_key(struct client_rest *r, const char *key_id, gh_json **out, struct gh_error *err)
{
	unsigned char id[GH_UUID_SIZE];
	char path[PATH_SIZE], text[GH_UUID_TEXT_SIZE];
	int rc;

	*out = NULL;
	if (!gh_uuid_parse(key_id, id))
		return gh_refuse(err, GH_E_BAD_JSON, "\"%.100s\" is no id of a key", key_id);
	snprintf(path, sizeof(path), "/pki/key/%s", gh_uuid_format(id, text));
	if ((rc = client_rest_get(r, path, out, err)) == 0)
		rc = check_is(strcmp(key_call_text(*out, "id"), text) == 0, out, err);
	return rc;
}

const char *
key_call_text(const gh_json *o, const char *name)
{
	const char *text = gh_json_string(gh_json_get(o, name));

	return text != NULL ? text : "";
}

/* PUT of the state of something that was seen, by those who saw its newest version. Takes body
 * over. */
static int
put(struct client_rest *r, const char *path, const gh_json *seen, gh_json *body, gh_json **out,
    struct gh_error *err)
{
	struct client_rest_call call = {.path = path, .body = body, .is_put = true};
	int rc;

	*out = NULL;
	if (!gh_json_int(gh_json_get(seen, "version"), &call.version) || call.version < 1)
		rc = gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without a version");
	else if ((rc = client_rest_call(r, &call, out, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	gh_json_free(body);
	return rc;
}

int
key_call_decide(struct client_rest *r, const gh_json *seen, const struct key_decision *d,
    gh_json **out, struct gh_error *err)
{
	gh_json *body = gh_json_new_object();
	char path[PATH_SIZE];
	int64_t id;

	*out = NULL;
	if (!gh_json_int(gh_json_get(seen, "id"), &id) ||
	    gh_json_set_string(body, "status", d->status) != 0 ||
	    (d->comment != NULL && gh_json_set_string(body, "comment", d->comment) != 0) ||
	    (d->signature != NULL && gh_json_set_string(body, "signature", d->signature) != 0)) {
		gh_json_free(body);
		return gh_refuse(err, GH_E_CONF, "the comment is not UTF-8");
	}
	snprintf(path, sizeof(path), "/pki/keyrequest/%" PRId64 "/status", id);
	return put(r, path, seen, body, out, err);
}

int
key_call_set_state(struct client_rest *r, const gh_json *seen, const char *state, gh_json **out,
    struct gh_error *err)
{
	gh_json *body = gh_json_new_object();
	char path[PATH_SIZE];

	*out = NULL;
	if (gh_json_set_string(body, "status", state) != 0) {
		gh_json_free(body);
		return gh_fail(err, GH_E_NOMEM, "body");
	}
	snprintf(path, sizeof(path), "/pki/key/%.40s/status", key_call_text(seen, "id"));
	return put(r, path, seen, body, out, err);
}
