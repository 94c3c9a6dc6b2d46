/* `gatehouse request`: requests for certificates, and the officer's decision on pending ones; in
 * the database, or with --url at a gateway. */
#include <stdio.h>
#include <string.h>

#include "enroll.h"
#include "preview.h"
#include "store/request/request_page.h"

#include "client/client_rest.h"
#include "command.h"
#include "list.h"
#include "request_confirm.h"
#include "request_remote.h"
#include "verb.h"

/* ---- list ---- */

static const char *state = "all";
static struct list_query query = {STORE_LIST_REQUESTS, {.newest_first = true}, 50};
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"state", 's', OPTION_TEXT, &state, "STATE",
	"pending, issued, denied, canceled, expired, failed, revoked or all (default)"},
    {"requester", 'r', OPTION_TEXT, &query.filter.name, "NAME",
	"only requests of NAME, as the list has it: DOMAIN\\user"},
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL, "from the first one"},
    CLIENT_REST_REMOTE,
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"ID", "id"}, {"SUBMITTED", "submitted"},
    {"REQUESTER", "requester"}, {"TEMPLATE", "template"}, {"STATE", "disposition"},
    {"MESSAGE", "message"}, {NULL, NULL}};

static int
check_state(const struct verb_call *c)
{
	enum db_disposition d = 0;

	if (strcmp(state, "all") != 0 && !enroll_state_find(state, &d))
		return command_usage(c->who,
		    "--state is pending, issued, denied, canceled, expired, failed, revoked or all");
	query.filter.disposition = d;
	return COMMAND_OK;
}

static int
list_remote(struct verb_call *c, struct gh_error *err)
{
	const struct request_remote_filter f = {.state = strcmp(state, "all") != 0 ? state : NULL,
	    .requester = query.filter.name,
	    .limit = query.limit,
	    .newest_first = query.filter.newest_first};

	return request_remote_list(c, &f, err);
}

const struct verb verb_request_list = {
    .usage = {"", 0, 0,
	"Lists requests for certificates, newest first: those in the database, or with --url those that a gateway "
	"shows to --user.",
	"gatehouse request list --state pending\n"
	"gatehouse request list --url https://pki.example --user carol --state pending\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .check = check_state,
    .work = list_rows,
    .remote = list_remote,
    .columns = columns,
    .arg = &query,
};

/* ---- one request ---- */

static int
set_outcome(gh_json *o, const struct enroll_outcome *out)
{
	char code[16];

	snprintf(code, sizeof(code), "0x%08x", (unsigned)out->status_code);
	if (gh_json_set_int(o, "id", out->cms_request_id) != 0 ||
	    gh_json_set_string(o, "state", enroll_state_name(out->disposition)) != 0 ||
	    gh_json_set_string(o, "message", out->message) != 0 ||
	    gh_json_set_string(o, "status_code", code) != 0 ||
	    gh_json_set_int(o, "certificate_id", out->cms_id) != 0 ||
	    gh_json_set_string(o, "serial", out->serial) != 0 ||
	    gh_json_set_string(o, "thumbprint", out->thumbprint) != 0)
		return -1;
	return 0;
}

static int
set_request(gh_json *o, const struct enroll_request *req)
{
	if (gh_json_set_string(o, "requester", req->requester.name) != 0 ||
	    gh_json_set_string(o, "application", req->requester.app_name) != 0 ||
	    gh_json_set_string(o, "template", req->template_name) != 0 ||
	    (req->metadata != NULL && gh_json_set(o, "metadata", gh_json_ref(req->metadata)) != 0))
		return -1;
	return 0;
}

/* req: NULL where the outcome alone is shown. */
static int
put_outcome(struct verb_call *c, const struct enroll_outcome *out, const struct enroll_request *req,
    struct gh_error *err)
{
	c->out = gh_json_new_object();
	if (c->out == NULL || set_outcome(c->out, out) != 0 ||
	    (req != NULL && set_request(c->out, req) != 0))
		return gh_fail(err, GH_E_NOMEM, "request");
	return 0;
}

/* Of a request that waits: how many must agree. Where the configuration cannot be read, that is
 * not told. */
static int
put_required(struct verb_call *c, const char *template_name)
{
	struct catalog *catalog;
	int rc;

	if (enroll_load_catalog(c->env.store, c->env.secret, &catalog, NULL) != 0)
		return 0;
	rc = gh_json_set_int(c->out, "required", enroll_approvals_required(catalog, template_name));
	catalog_free(catalog);
	return rc;
}

static int
put_approvals(struct verb_call *c, struct gh_error *err)
{
	static const char *const names[] = {"approved", "approvals"};
	const char *now = gh_json_string(gh_json_get(c->out, "state"));
	struct requester owner;
	gh_json *row;
	int rc = store_request_view(c->env.store, c->id, &row, &owner, err), bad = 0;

	if (rc != 0)
		return rc;
	if (strcmp(now, enroll_state_name(DB_DISP_PENDING)) == 0)
		bad = put_required(c, gh_json_string(gh_json_get(row, "profile")));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad |= gh_json_set(c->out, names[i], gh_json_ref(gh_json_get(row, names[i])));
	gh_json_free(row);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "request");
}

static int
find(struct verb_call *c, struct gh_error *err)
{
	struct enroll_request req = {0};
	struct enroll_outcome out = {0};
	int64_t ca_id;
	int rc = store_get_request(c->env.store, c->id, &req, &out, &ca_id, err);

	if (rc == 0)
		rc = put_outcome(c, &out, &req, err);
	if (rc == 0)
		rc = put_approvals(c, err);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	return rc;
}

static const struct option_row show_options[] = {VERB_CONFIG, CLIENT_REST_REMOTE, VERB_JSON,
    OPTION_END};

const struct verb verb_request_show = {
    .usage = {"ID", 1, 1, "Shows one request, of the database, or with --url of a gateway.",
	"gatehouse request show 17\n"},
    .options = show_options,
    .needs = NEEDS_GRANTS,
    .operand = OPERAND_ID,
    .object = "request",
    .work = find,
    .remote = request_remote_show,
};

/* ---- what it would become ---- */

static int
preview(struct verb_call *c, struct gh_error *err)
{
	return enroll_preview_pending(&c->pipeline.env, c->id, &c->out, err);
}

static int
show_preview(struct verb_call *c)
{
	return request_confirm_show(c->out);
}

const struct verb verb_request_preview = {
    .usage = {"ID", 1, 1,
	"Shows what a pending request asks for beside what the certificate would have if it were approved now, or what "
	"the policy would refuse it for. Nothing is signed or changed.",
	"gatehouse request preview 17\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = preview,
    .show = show_preview,
};

/* ---- approve, deny, cancel ---- */

static struct request_decision wish;
#define OPTION_COMMENT \
	{ \
		"comment", 'm', OPTION_TEXT, &wish.comment, "TEXT", "recorded with the decision" \
	}
static const struct option_row decide_options[] = {
    VERB_CONFIG,
    OPTION_COMMENT,
    CLIENT_REST_REMOTE,
    VERB_JSON,
    OPTION_END,
};
static const struct option_row approve_options[] = {
    VERB_CONFIG,
    OPTION_COMMENT,
    {"shown", 0, OPTION_TEXT, &wish.shown, "DIGEST",
	"member \"shown\" of the preview that this is decided on: nothing is approved if the certificate would be "
	"another one now"},
    VERB_YES,
    CLIENT_REST_REMOTE,
    VERB_JSON,
    OPTION_END,
};

/* wanted: the disposition that makes this command a success; and it is one to be the first of
 * several who must agree. */
static struct decision {
	int (*decide)(struct worker_env *, const struct requester *, const struct enroll_verdict *,
	    struct enroll_outcome *, struct gh_error *);
	enum db_disposition wanted;
	const char *remote; /* what REST calls it */
} approval = {enroll_approve, DB_DISP_ISSUED, "approved"},
  denial = {enroll_deny, DB_DISP_DENIED, "rejected"},
  cancellation = {enroll_cancel, DB_DISP_CANCELED, "canceled"};

static int
decide(struct verb_call *c, struct gh_error *err)
{
	const struct decision *d = c->verb->arg;
	const struct enroll_verdict v = {.id = c->id, .comment = wish.comment, .shown = wish.shown};
	struct enroll_outcome out = {0};
	int rc = d->decide(&c->pipeline.env, &c->env.who, &v, &out, err);

	if (rc == 0)
		rc = put_outcome(c, &out, NULL, err);
	if (out.disposition != d->wanted && out.disposition != DB_DISP_PENDING)
		c->exit = COMMAND_FAILED;
	enroll_outcome_clear(&out);
	return rc;
}

/* Templates and directory are read anew behind the question: it may have been open for long. */
static int
ask(struct verb_call *c, gh_json **preview, struct gh_error *err)
{
	int rc = enroll_preview_pending(&c->pipeline.env, c->id, preview, err);

	if (rc != 0)
		return rc;
	request_confirm(c, *preview);
	if (c->exit != COMMAND_OK)
		return 0;
	pipeline_free(&c->pipeline);
	return pipeline_open(&c->env, &c->pipeline, err);
}

/* What is approved is what was seen. */
static int
approve(struct verb_call *c, struct gh_error *err)
{
	gh_json *preview = NULL;
	int rc = 0;

	if (wish.shown == NULL && request_confirm_is_wanted(c)) {
		rc = ask(c, &preview, err);
		wish.shown = gh_json_string(gh_json_get(preview, "shown"));
	}
	if (rc == 0 && c->exit == COMMAND_OK)
		rc = decide(c, err);
	wish.shown = NULL; /* may be in preview */
	gh_json_free(preview);
	return rc;
}

static int
decide_remote(struct verb_call *c, struct gh_error *err)
{
	const struct decision *d = c->verb->arg;

	wish.status = d->remote;
	wish.wanted = enroll_state_name(d->wanted);
	return request_remote_decide(c, &wish, err);
}

const struct verb verb_request_approve = {
    .usage = {"ID", 1, 1,
	"Approves a pending request. Where its template wants several officers, the request waits on until the last of "
	"them has approved it. Then the policy runs again with the directory and the template as they are "
	"now; the certificate is issued, or the request is denied by the policy (exit code 1). At a terminal it shows the "
	"preview first and asks; and if the certificate would be another one when you say yes, nothing is approved. "
	"With --url the gateway does it, for --user, who is an officer.",
	"gatehouse request approve 17 --comment 'ticket 4711'\n"
	"gatehouse request approve 17 --yes --shown \"$(gatehouse request preview 17 --json | jq -r .shown)\"\n"
	"gatehouse request approve 17 --url https://pki.example --user carol\n"},
    .options = approve_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = approve,
    .remote = decide_remote,
    .arg = &approval,
};
const struct verb verb_request_deny = {
    .usage = {"ID", 1, 1, "Denies a pending request: one officer is enough.",
	"gatehouse request deny 17 --comment 'not our device'\n"},
    .options = decide_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = decide,
    .remote = decide_remote,
    .arg = &denial,
};
const struct verb verb_request_cancel = {
    .usage = {"ID", 1, 1,
	"Takes a pending request back, which is no judgement on it: its requester made it by mistake.",
	"gatehouse request cancel 17 --comment 'asked twice'\n"},
    .options = decide_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = decide,
    .remote = decide_remote,
    .arg = &cancellation,
};
