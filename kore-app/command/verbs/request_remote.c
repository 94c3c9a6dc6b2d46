/* See request_remote.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/client_rest.h"
#include "failure.h"

#include "request_confirm.h"
#include "request_remote.h"

#define PATH_SIZE 4096

/* Their names over REST, and those of the command. */
struct member {
	const char *theirs, *ours;
};

/* out: NULL when out of memory. What is absent stays absent. */
static gh_json *
rename_members(const gh_json *row, const struct member *m)
{
	gh_json *o = gh_json_new_object();
	int rc = o == NULL;

	for (; rc == 0 && m->theirs != NULL; m++) {
		gh_json *v = gh_json_get(row, m->theirs);

		if (v != NULL)
			rc = gh_json_set(o, m->ours, gh_json_ref(v));
	}
	if (rc == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- list ---- */

static int
take_rows(struct verb_call *c, const gh_json *rows, struct gh_error *err)
{
	static const struct member names[] = {{"id", "id"}, {"submitted_at", "submitted"},
	    {"requester", "requester"}, {"profile", "template"}, {"status", "disposition"},
	    {"message", "message"}, {"certificate_id", "certificate_id"}, {NULL, NULL}};

	c->out = gh_json_new_array();
	for (size_t i = 0; i < gh_json_size(rows); i++)
		if (gh_json_append(c->out, rename_members(gh_json_at(rows, i), names)) != 0)
			return gh_fail(err, GH_E_NOMEM, "requests");
	return 0;
}

static int
fetch_rows(struct client_rest *r, const struct request_remote_filter *f, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf path;
	int rc;

	*out = NULL;
	gh_buf_init(&path, PATH_SIZE);
	gh_buf_puts(&path, "/pki/requests?");
	client_rest_query(&path, "status", f->state);
	client_rest_query(&path, "requester", f->requester);
	client_rest_query(&path, "order", f->newest_first ? "newest" : "oldest");
	if ((rc = gh_buf_check(&path, err)) == 0)
		rc = client_rest_list(r, (char *)path.data, f->limit, out, err);
	gh_buf_free(&path);
	return rc;
}

int
request_remote_list(struct verb_call *c, const struct request_remote_filter *f,
    struct gh_error *err)
{
	struct client_rest *r;
	gh_json *rows = NULL;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if ((rc = fetch_rows(r, f, &rows, err)) == 0)
		rc = take_rows(c, rows, err);
	gh_json_free(rows);
	client_rest_close(r);
	return rc;
}

/* ---- one ---- */

static int
take_request(struct verb_call *c, const gh_json *row, struct gh_error *err)
{
	static const struct member names[] = {{"id", "id"}, {"status", "state"},
	    {"message", "message"}, {"status_code", "status_code"},
	    {"certificate_id", "certificate_id"}, {"requester", "requester"},
	    {"application", "application"}, {"profile", "template"}, {"submitted_at", "submitted"},
	    {"resolved_by", "resolved_by"}, {"required", "required"}, {"approved", "approved"},
	    {"approvals", "approvals"}, {"metadata", "metadata"}, {NULL, NULL}};

	c->out = rename_members(row, names);
	return c->out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "request");
}

static int
fetch(struct client_rest *r, int64_t id, const char *query, gh_json **out, struct gh_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/pki/request/%" PRId64 "%s", id, query);
	return client_rest_get(r, path, out, err);
}

int
request_remote_show(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	gh_json *row;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if ((rc = fetch(r, c->id, "", &row, err)) == 0) {
		rc = take_request(c, row, err);
		gh_json_free(row);
	}
	client_rest_close(r);
	return rc;
}

/* ---- decisions ---- */

static int
send(struct client_rest *r, const gh_json *seen, gh_json *body, gh_json **out, struct gh_error *err)
{
	struct client_rest_call call = {.body = body, .is_put = true};
	char path[80];
	int64_t id;
	int rc;

	if (!gh_json_int(gh_json_get(seen, "id"), &id) ||
	    !gh_json_int(gh_json_get(seen, "version"), &call.version) || call.version < 1)
		return gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without id or version");
	snprintf(path, sizeof(path), "/pki/request/%" PRId64 "/status", id);
	call.path = path;
	rc = client_rest_call(r, &call, out, err);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* An approval is asked for with what it would become, unless the caller has seen that elsewhere. */
static int
look(struct verb_call *c, struct client_rest *r, struct request_decision *d, gh_json **seen,
    struct gh_error *err)
{
	bool is_asked =
	    strcmp(d->status, "approved") == 0 && d->shown == NULL && request_confirm_is_wanted(c);
	const gh_json *preview;
	int rc = fetch(r, c->id, is_asked ? "?preview=true" : "", seen, err);

	if (rc != 0 || !is_asked)
		return rc;
	/* one that is decided has none: the gateway says so then */
	if ((preview = gh_json_get(*seen, "preview")) != NULL)
		request_confirm(c, preview);
	d->shown = gh_json_string(gh_json_get(preview, "shown"));
	return 0;
}

static int
decide(struct verb_call *c, struct client_rest *r, struct request_decision *d, gh_json **out,
    struct gh_error *err)
{
	gh_json *seen = NULL, *body = gh_json_new_object();
	int rc = look(c, r, d, &seen, err);

	if (rc == 0 && c->exit == COMMAND_OK) {
		if (gh_json_set_string(body, "status", d->status) != 0 ||
		    (d->comment != NULL && gh_json_set_string(body, "comment", d->comment) != 0) ||
		    (d->shown != NULL && gh_json_set_string(body, "shown", d->shown) != 0))
			rc = gh_refuse(err, GH_E_CONF, "the comment is not UTF-8");
		else
			rc = send(r, seen, body, out, err);
	}
	d->shown = NULL; /* may be in seen */
	gh_json_free(body);
	gh_json_free(seen);
	return rc;
}

int
request_remote_decide(struct verb_call *c, struct request_decision *d, struct gh_error *err)
{
	struct client_rest *r = NULL;
	gh_json *answer = NULL;
	const char *state;
	int rc = client_rest_open(&r, err);

	if (rc == 0)
		rc = decide(c, r, d, &answer, err);
	if (rc == 0 && answer != NULL && (rc = take_request(c, answer, err)) == 0) {
		state = gh_json_string(gh_json_get(c->out, "state"));
		if (state == NULL ||
		    (strcmp(state, d->wanted) != 0 &&
			strcmp(state, enroll_state_name(DB_DISP_PENDING)) != 0))
			c->exit = COMMAND_FAILED;
	}
	gh_json_free(answer);
	client_rest_close(r);
	return rc;
}
