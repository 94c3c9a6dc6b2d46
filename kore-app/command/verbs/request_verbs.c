/* `gatehouse request`: requests for certificates, and the officer's decision on pending ones. */
#include <stdio.h>
#include <string.h>

#include "enroll.h"

#include "command.h"
#include "list.h"
#include "verb.h"

/* ---- list ---- */

static const char *state = "all";
static struct list_query query = {STORE_LIST_REQUESTS, {.newest_first = true}, 50};
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"state", 's', OPTION_TEXT, &state, "STATE",
	"pending, issued, denied, canceled, failed, revoked or all (default)"},
    {"requester", 'r', OPTION_TEXT, &query.filter.name, "NAME",
	"only requests of NAME, as the list has it: DOMAIN\\user"},
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL, "from the first one"},
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
		    "--state is pending, issued, denied, canceled, failed, revoked or all");
	query.filter.disposition = d;
	return COMMAND_OK;
}

const struct verb verb_request_list = {
    .usage = {"", 0, 0, "Lists requests for certificates, newest first.",
	"gatehouse request list --state pending\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .check = check_state,
    .work = list_rows,
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

static int
find(struct verb_call *c, struct gh_error *err)
{
	struct enroll_request req = {0};
	struct enroll_outcome out = {0};
	int64_t ca_id;
	int rc = store_get_request(c->env.store, c->id, &req, &out, &ca_id, err);

	if (rc == 0)
		rc = put_outcome(c, &out, &req, err);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	return rc;
}

const struct verb verb_request_show = {
    .usage = {"ID", 1, 1, "Shows one request.", "gatehouse request show 17\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .operand = OPERAND_ID,
    .object = "request",
    .work = find,
};

/* ---- approve, deny, cancel ---- */

static const char *comment;
static const struct option_row decide_options[] = {
    VERB_CONFIG,
    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "recorded with the decision"},
    VERB_JSON,
    OPTION_END,
};

/* wanted: the disposition that makes this command a success. */
static struct decision {
	int (*decide)(struct worker_env *, const struct requester *, int64_t, const char *,
	    struct enroll_outcome *, struct gh_error *);
	enum db_disposition wanted;
} approval = {enroll_approve, DB_DISP_ISSUED}, denial = {enroll_deny, DB_DISP_DENIED},
  cancellation = {enroll_cancel, DB_DISP_CANCELED};

static int
decide(struct verb_call *c, struct gh_error *err)
{
	const struct decision *d = c->verb->arg;
	struct enroll_outcome out = {0};
	int rc = d->decide(&c->pipeline.env, &c->env.who, c->id, comment, &out, err);

	if (rc == 0)
		rc = put_outcome(c, &out, NULL, err);
	if (out.disposition != d->wanted)
		c->exit = COMMAND_FAILED;
	enroll_outcome_clear(&out);
	return rc;
}

const struct verb verb_request_approve = {
    .usage = {"ID", 1, 1,
	"Approves a pending request. The policy runs again with the directory and the template as they are "
	"now; the certificate is issued, or the request is denied by the policy (exit code 1).",
	"gatehouse request approve 17 --comment 'ticket 4711'\n"},
    .options = decide_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = decide,
    .arg = &approval,
};
const struct verb verb_request_deny = {
    .usage = {"ID", 1, 1, "Denies a pending request.",
	"gatehouse request deny 17 --comment 'not our device'\n"},
    .options = decide_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .operand = OPERAND_ID,
    .object = "request",
    .work = decide,
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
    .arg = &cancellation,
};
