/* See key_call.h. */
#include <inttypes.h>
#include <stdio.h>

#include "uuid.h"

#include "key_call.h"

#define PATH_SIZE 80

int
key_call_request(struct client_rest *r, int64_t id, gh_json **out, struct gh_error *err)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/pki/keyrequest/%" PRId64, id);
	return client_rest_get(r, path, out, err);
}

int
key_call_key(struct client_rest *r, const char *key_id, gh_json **out, struct gh_error *err)
{
	unsigned char id[GH_UUID_SIZE];
	char path[PATH_SIZE], text[GH_UUID_TEXT_SIZE];

	*out = NULL;
	if (!gh_uuid_parse(key_id, id))
		return gh_refuse(err, GH_E_CONF, "\"%.100s\" is no id of a key", key_id);
	snprintf(path, sizeof(path), "/pki/key/%s", gh_uuid_format(id, text));
	return client_rest_get(r, path, out, err);
}

const char *
key_call_text(const gh_json *o, const char *name)
{
	const char *text = gh_json_string(gh_json_get(o, name));

	return text != NULL ? text : "";
}

int
key_call_decide(struct client_rest *r, const gh_json *seen, const struct key_decision *d,
    gh_json **out, struct gh_error *err)
{
	gh_json *body = gh_json_new_object();
	struct client_rest_call call = {.body = body, .is_put = true};
	char path[PATH_SIZE];
	int64_t id;
	int rc = 0;

	*out = NULL;
	if (!gh_json_int(gh_json_get(seen, "id"), &id) ||
	    !gh_json_int(gh_json_get(seen, "version"), &call.version) || call.version < 1)
		rc = gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without id or version");
	if (rc == 0 &&
	    (gh_json_set_string(body, "status", d->status) != 0 ||
		(d->comment != NULL && gh_json_set_string(body, "comment", d->comment) != 0) ||
		(d->signature != NULL && gh_json_set_string(body, "signature", d->signature) != 0)))
		rc = gh_refuse(err, GH_E_CONF, "the comment is not UTF-8");
	if (rc == 0) {
		snprintf(path, sizeof(path), "/pki/keyrequest/%" PRId64 "/status", id);
		call.path = path;
		rc = client_rest_call(r, &call, out, err);
	}
	gh_json_free(body);
	return rc;
}
