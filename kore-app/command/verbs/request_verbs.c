/* `gatehouse request`: requests for certificates, and the officer's decision on pending ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll.h"

#include "command.h"
#include "list.h"
#include "options.h"

static const struct {
	const char *name;
	int disposition;
} states[] = {
    {"pending", DB_DISP_PENDING},
    {"issued", DB_DISP_ISSUED},
    {"denied", DB_DISP_DENIED},
    {"failed", DB_DISP_ERROR},
    {"revoked", DB_DISP_REVOKED},
    {"all", 0},
};

static const char *
state_name(int disposition)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (states[i].disposition == disposition && disposition != 0)
			return states[i].name;
	}
	return "unknown";
}

/* -1 when there is no such state. */
static int
state_number(const char *name)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name) == 0)
			return states[i].disposition;
	}
	return -1;
}

/* 0 when the text is no id. */
static int64_t
parse_id(const char *text)
{
	char *end;
	long long id;

	errno = 0;
	id = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && end != text && id > 0 ? id : 0;
}

int
cmd_request_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"SUBMITTED", "submitted"},
	    {"REQUESTER", "requester"}, {"TEMPLATE", "template"}, {"STATE", "disposition"},
	    {"MESSAGE", "message"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_REQUESTS, columns};
	struct store_filter filter = {.newest_first = true};
	const char *conf = NULL, *state = "all";
	bool json = false;
	int limit = 50;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"state", 's', OPTION_TEXT, &state, "STATE",
		"pending, issued, denied, failed, revoked or all (default)"},
	    {"requester", 'r', OPTION_TEXT, &filter.name, "NAME",
		"only requests of NAME, as the list has it: DOMAIN\\user"},
	    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
	    {"oldest-first", 0, OPTION_UNFLAG, &filter.newest_first, NULL, "from the first one"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Lists requests for certificates, newest first.",
	    "gatehouse request list --state pending\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	filter.disposition = state_number(state);
	if (filter.disposition < 0)
		return command_usage(argv[0],
		    "--state is pending, issued, denied, failed, revoked or all");
	return list_show(argv[0], conf, json, &view, &filter, limit);
}

static int
set_outcome(gh_json *o, const struct enroll_outcome *out)
{
	char code[16];

	snprintf(code, sizeof(code), "0x%08x", (unsigned)out->status_code);
	if (gh_json_set_int(o, "id", out->cms_request_id) != 0 ||
	    gh_json_set_string(o, "state", state_name(out->disposition)) != 0 ||
	    gh_json_set_string(o, "message", out->message) != 0 ||
	    gh_json_set_string(o, "status_code", code) != 0 ||
	    gh_json_set_int(o, "certificate_id", out->cms_id) != 0 ||
	    gh_json_set_string(o, "serial", out->serial) != 0 ||
	    gh_json_set_string(o, "thumbprint", out->thumbprint) != 0)
		return -1;
	return 0;
}

static int
show_outcome(const struct enroll_outcome *out, const struct enroll_request *req, bool json)
{
	gh_json *o = gh_json_new_object();
	int rc, bad = o == NULL || set_outcome(o, out) != 0;

	if (!bad && req != NULL) {
		bad = gh_json_set_string(o, "requester", req->requester.name) != 0 ||
		    gh_json_set_string(o, "application", req->requester.app_name) != 0 ||
		    gh_json_set_string(o, "template", req->template_name) != 0 ||
		    (req->metadata != NULL &&
			gh_json_set(o, "metadata", gh_json_ref(req->metadata)) != 0);
	}
	if (bad)
		rc = COMMAND_FAILED;
	else
		rc = json ? output_json(o) : output_object(o, NULL);
	gh_json_free(o);
	return rc;
}

int
cmd_request_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"ID", 1, 1, "Shows one request.",
	    "gatehouse request show 17\n"};
	struct enroll_request req = {0};
	struct enroll_outcome out = {0};
	struct gh_error err;
	struct session s;
	int64_t ca_id;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (parse_id(argv[1]) == 0)
		return command_usage(argv[0], "\"%s\" is no request id", argv[1]);
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc == 0) {
		rc = store_get_request(s.store, parse_id(argv[1]), &req, &out, &ca_id, &err);
		session_close(&s);
	}
	if (rc == GH_E_NOT_FOUND)
		gh_refuse(&err, rc, "there is no request %s: see `gatehouse request list`",
		    argv[1]);
	rc = rc == 0 ? show_outcome(&out, &req, json) : command_fail(argv[0], &err);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	return rc;
}

typedef int (*decide_fn)(struct enroll_env *, const struct requester *, int64_t, const char *,
    struct enroll_outcome *, struct gh_error *);

static int
run_decision(const char *conf, decide_fn fn, int64_t id, const char *comment,
    struct enroll_outcome *out, struct gh_error *err)
{
	struct session s;
	struct session_env env;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, err);

	if (rc != 0)
		return rc;
	rc = session_env_open(&s, &env, err);
	if (rc == 0) {
		rc = fn(&env.env, &s.who, id, comment, out, err);
		session_env_free(&env);
	}
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		gh_refuse(err, rc, "there is no request %lld: see `gatehouse request list`",
		    (long long)id);
	return rc;
}

/* wanted: the disposition that makes this command a success. */
static int
decide(int argc, char **argv, const struct usage *usage, decide_fn fn, enum db_disposition wanted)
{
	const char *conf = NULL, *comment = NULL;
	bool json = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "recorded with the decision"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	struct enroll_outcome out = {0};
	struct gh_error err;
	int n, rc = options_parse(usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (parse_id(argv[1]) == 0)
		return command_usage(argv[0], "\"%s\" is no request id", argv[1]);
	rc = run_decision(conf, fn, parse_id(argv[1]), comment, &out, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = show_outcome(&out, NULL, json);
	if (out.disposition != wanted)
		rc = COMMAND_FAILED;
	enroll_outcome_clear(&out);
	return rc;
}

int
cmd_request_approve(int argc, char **argv)
{
	static const struct usage usage = {"ID", 1, 1,
	    "Approves a pending request. The policy runs again with the directory and the template as they are "
	    "now; the certificate is issued, or the request is denied by the policy (exit code 1).",
	    "gatehouse request approve 17 --comment 'ticket 4711'\n"};

	return decide(argc, argv, &usage, enroll_approve, DB_DISP_ISSUED);
}

int
cmd_request_deny(int argc, char **argv)
{
	static const struct usage usage = {"ID", 1, 1, "Denies a pending request.",
	    "gatehouse request deny 17 --comment 'not our device'\n"};

	return decide(argc, argv, &usage, enroll_deny, DB_DISP_DENIED);
}
