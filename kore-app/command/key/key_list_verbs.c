/* `gatehouse key list`, `key requests` and `key show`: what a gateway tells of keys and of requests
 * for them; `key enable` and `key disable`. */
#include <stdio.h>
#include <string.h>

#include "uuid.h"

#include "command.h"
#include "key_call.h"
#include "verb.h"

#define PATH_SIZE 4096

static const char *owner, *client_id, *state, *certificate, *key_id, *requester;
static int limit = 50;

static int
fetch_list(struct verb_call *c, const struct gh_buf *path, struct gh_error *err)
{
	struct client_rest *r;
	int rc = gh_buf_check(path, err);

	if (rc == 0 && (rc = client_rest_open(&r, err)) == 0) {
		rc = client_rest_list(r, (char *)path->data, limit, &c->out, err);
		client_rest_close(r);
	}
	return rc;
}

/* ---- keys ---- */

static const struct option_row list_options[] = {
    {"owner", 'o', OPTION_TEXT, &owner, "NAME", "only keys of NAME"},
    {"client-id", 0, OPTION_TEXT, &client_id, "TEXT", "only the key that its owner calls so"},
    {"certificate", 0, OPTION_TEXT, &certificate, "ID", "only keys of this certificate"},
    {"state", 's', OPTION_TEXT, &state, "STATE", "active or inactive"},
    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"KEY", "id"}, {"KIND", "kind"},
    {"ALGORITHM", "algorithm"}, {"OWNER", "owner"}, {"CLIENT ID", "client_id"},
    {"CERTIFICATE", "certificate_id"}, {"STATE", "state"}, {"ARCHIVED", "created_at"},
    {NULL, NULL}};

static int
work_list(struct verb_call *c, struct gh_error *err)
{
	struct gh_buf path;
	int rc;

	gh_buf_init(&path, PATH_SIZE);
	gh_buf_puts(&path, "/pki/keys?");
	client_rest_query(&path, "owner", owner);
	client_rest_query(&path, "client_id", client_id);
	client_rest_query(&path, "certificate_id", certificate);
	client_rest_query(&path, "state", state);
	rc = fetch_list(c, &path, err);
	gh_buf_free(&path);
	return rc;
}

const struct verb verb_key_list = {
    .usage = {"", 0, 0,
	"Lists archived keys, oldest first: all of them for agents and auditors, your own for everybody else.",
	"gatehouse key list --url https://pki.example --user anna --owner alice\n"},
    .options = list_options,
    .work = work_list,
    .columns = columns,
};

/* ---- requests ---- */

static const struct option_row request_options[] = {
    {"state", 's', OPTION_TEXT, &state, "STATE",
	"pending, approved, complete, rejected, canceled, expired or failed"},
    {"key-id", 0, OPTION_TEXT, &key_id, "KEY", "only requests for this key"},
    {"requester", 'r', OPTION_TEXT, &requester, "NAME", "only requests of NAME"},
    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};
static const struct output_column request_columns[] = {{"ID", "id"}, {"TYPE", "type"},
    {"STATE", "state"}, {"REQUESTER", "requester"}, {"KEY", "key_id"}, {"MISSING", "missing"},
    {"UNTIL", "expires_at"}, {"COMMENT", "comment"}, {NULL, NULL}};

static int
work_requests(struct verb_call *c, struct gh_error *err)
{
	struct gh_buf path;
	int rc;

	gh_buf_init(&path, PATH_SIZE);
	gh_buf_puts(&path, "/pki/keyrequests?");
	client_rest_query(&path, "state", state);
	client_rest_query(&path, "key_id", key_id);
	client_rest_query(&path, "requester", requester);
	rc = fetch_list(c, &path, err);
	gh_buf_free(&path);
	return rc;
}

const struct verb verb_key_requests = {
    .usage = {"", 0, 0,
	"Lists requests for keys, oldest first: all of them for agents and auditors, your own and those about your "
	"keys for everybody else.",
	"gatehouse key requests --user anna --state pending\n"},
    .options = request_options,
    .work = work_requests,
    .columns = request_columns,
};

/* ---- one ---- */

static const struct option_row show_options[] = {CLIENT_REST_OPTIONS, VERB_JSON, OPTION_END};

static int
check_operand(const struct verb_call *c)
{
	unsigned char id[GH_UUID_SIZE];
	int64_t number;

	return gh_uuid_parse(c->operand[0], id) || options_parse_id(c->operand[0], &number)
	    ? COMMAND_OK
	    : command_usage(c->who, "\"%s\" is no id of a key, nor the number of a key request",
		  c->operand[0]);
}

static int
work_show(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	int64_t number;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if (options_parse_id(c->operand[0], &number))
		rc = key_call_request(r, number, &c->out, err);
	else
		rc = key_call_key(r, c->operand[0], &c->out, err);
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_show = {
    .usage = {"KEY|REQUEST", 1, 1,
	"Shows an archived key, by its id, or a request for one, by its number: who asked, who approved, and how many "
	"are missing. Never the key itself.",
	"gatehouse key show 17 --user anna\n"},
    .options = show_options,
    .check = check_operand,
    .work = work_show,
    .hidden = "links",
};

/* ---- whether it is recovered ---- */

static int
check_key(const struct verb_call *c)
{
	unsigned char id[GH_UUID_SIZE];

	return gh_uuid_parse(c->operand[0], id)
	    ? COMMAND_OK
	    : command_usage(c->who, "\"%s\" is no id of a key", c->operand[0]);
}

static int
work_set_state(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	gh_json *seen;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if ((rc = key_call_key(r, c->operand[0], &seen, err)) == 0) {
		rc = key_call_set_state(r, seen, c->verb->arg, &c->out, err);
		gh_json_free(seen);
	}
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_disable = {
    .usage = {"KEY", 1, 1,
	"Makes an archived key inactive, as an agent: it is kept and not recovered, and leaves its client id to another one.",
	"gatehouse key disable 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 --user anna\n"},
    .options = show_options,
    .check = check_key,
    .work = work_set_state,
    .hidden = "links",
    .arg = (void *)"inactive",
};
const struct verb verb_key_enable = {
    .usage = {"KEY", 1, 1, "Makes an inactive key active again, as an agent.",
	"gatehouse key enable 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 --user anna\n"},
    .options = show_options,
    .check = check_key,
    .work = work_set_state,
    .hidden = "links",
    .arg = (void *)"active",
};
