/* `gatehouse job`: what runs in the background, and running it by hand. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "log.h"
#include "store/status/job_row.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "session.h"

/* ---- list ---- */

/* "NAME", or "NAME@NODE" of a job of each node. */
static bool
is_row_of(const struct job *job, const char *row)
{
	size_t n = strlen(job->name);

	if (row == NULL || strncmp(row, job->name, n) != 0)
		return false;
	return row[n] == '\0' || (job->is_per_node && row[n] == '@');
}

/* What the program knows of a job, and what the database recorded, if it ever ran. */
static gh_json *
job_object(const struct job *job, const struct gh_conf *conf, const gh_json *row)
{
	static const char *const members[] = {"started", "finished", "outcome", "failures",
	    "wanted", "node", "detail"};
	const char *name = row != NULL ? gh_json_string(gh_json_get(row, "name")) : NULL;
	gh_json *o = gh_json_new_object();
	int bad = o == NULL ||
	    gh_json_set_string(o, "name", name != NULL ? name : job->name) != 0 ||
	    gh_json_set_string(o, "about", job->about) != 0 ||
	    gh_json_set_int(o, "interval", job_interval(job, conf)) != 0;

	for (size_t i = 0; !bad && i < sizeof(members) / sizeof(members[0]); i++) {
		gh_json *v = row != NULL ? gh_json_get(row, members[i]) : NULL;

		bad = gh_json_set(o, members[i],
			  v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL)) != 0;
	}
	if (bad) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

/* One object for each row, and one for a job that never ran. */
static int
append_job(gh_json *all, const struct job *job, const struct gh_conf *conf, const gh_json *rows)
{
	bool any = false;

	for (size_t i = 0; i < gh_json_size(rows); i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (!is_row_of(job, gh_json_string(gh_json_get(row, "name"))))
			continue;
		any = true;
		if (gh_json_append(all, job_object(job, conf, row)) != 0)
			return -1;
	}
	return any ? 0 : gh_json_append(all, job_object(job, conf, NULL));
}

static int
list_jobs(struct session *s, gh_json **out, struct gh_error *err)
{
	gh_json *rows, *all = gh_json_new_array();
	int rc = store_job_list(s->store, &rows, err);

	for (size_t i = 0; rc == 0 && i < job_table_len; i++)
		if (all == NULL || append_job(all, &job_table[i], s->conf, rows) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "jobs");
	gh_json_free(rows);
	if (rc != 0)
		gh_json_free(all);
	*out = rc == 0 ? all : NULL;
	return rc;
}

int
cmd_job_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"EVERY", "interval"},
	    {"STARTED", "started"}, {"FINISHED", "finished"}, {"OUTCOME", "outcome"},
	    {"FAILURES", "failures"}, {"NODE", "node"}, {"DETAIL", "detail"}, {NULL, NULL}};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
	    "Lists the background jobs: seconds between runs, and how the last one ended.",
	    "gatehouse job list\n"};
	struct gh_error err;
	struct session s;
	gh_json *list;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = list_jobs(&s, &list, &err);
	session_close(&s);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = json ? output_json(list) : output_table(list, columns);
	gh_json_free(list);
	return rc;
}

/* ---- run ---- */

static void
show_progress(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static int
show_result(const struct job *job, enum job_result result, const char *detail, bool json)
{
	gh_json *o;
	int rc;

	if (!json) {
		printf("%s: %s\n", job->name, *detail != '\0' ? detail : "done");
		return output_finish();
	}
	o = gh_json_new_object();
	if (o == NULL || gh_json_set_string(o, "name", job->name) != 0 ||
	    gh_json_set_string(o, "outcome", result == JOB_DONE ? "success" : "failure") != 0 ||
	    gh_json_set_string(o, "detail", detail) != 0)
		rc = COMMAND_FAILED;
	else
		rc = output_json(o);
	gh_json_free(o);
	return rc;
}

/* Here and now, with our own connections. */
static int
run_here(struct session *s, const struct job *job, const char *who, bool json)
{
	char detail[JOB_DETAIL_SIZE] = "";
	struct session_env e;
	struct gh_error err = {0};
	enum job_result result;
	int rc = session_become_gateway(s, &err);

	if (rc == 0)
		rc = session_env_open(s, &e, &err);
	if (rc == 0) {
		struct job_env env = {
		    .conf = s->conf,
		    .server_secret = s->secret,
		    .store = s->store,
		    .signer = e.env.signer,
		    .dir = e.env.dir,
		    .catalog = e.env.catalog,
		    .who = s->who,
		    .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
		};

		result = job_run_one(&env, job, true, detail, &err);
		session_env_free(&e);
		if (result == JOB_DONE)
			return show_result(job, result, detail, json);
		if (result == JOB_RUNNING)
			gh_refuse(&err, GH_E_CONFLICT,
			    "the job runs at this moment, on this node or another one");
	}
	return command_fail(who, &err);
}

/* What a plan says, line by line. */
struct plan {
	gh_json *lines; /* NULL: print them */
	int n;
};

static void
take_line(void *arg, const char *text)
{
	struct plan *p = arg;

	p->n++;
	if (p->lines == NULL)
		printf("%s\n", text);
	else if (gh_json_append(p->lines, gh_json_new_string(text)) != 0)
		p->n = -1;
}

static int
plan_run(struct session *s, const struct job *job, struct plan *p, struct gh_error *err)
{
	struct session_env e;
	int rc = session_become_gateway(s, err);

	if (rc == 0)
		rc = session_env_open(s, &e, err);
	if (rc == 0) {
		struct job_env env = {.conf = s->conf,
		    .server_secret = s->secret,
		    .store = s->store,
		    .signer = e.env.signer,
		    .dir = e.env.dir,
		    .catalog = e.env.catalog,
		    .who = s->who,
		    .progress = take_line,
		    .arg = p};

		rc = job->plan(&env, err);
		session_env_free(&e);
	}
	return rc;
}

static int
dry_run(struct session *s, const struct job *job, const char *who, bool json)
{
	struct plan p = {.lines = json ? gh_json_new_array() : NULL};
	struct gh_error err = {0};
	int rc = plan_run(s, job, &p, &err);

	if (rc != 0 || p.n < 0 || (json && p.lines == NULL)) {
		gh_json_free(p.lines);
		return rc != 0 ? command_fail(who, &err) : COMMAND_FAILED;
	}
	if (!json && p.n == 0)
		printf("%s: nothing is due\n", job->name);
	rc = json ? output_json(p.lines) : output_finish();
	gh_json_free(p.lines);
	return rc;
}

static int
run_in_background(struct session *s, const struct job *job, const char *who)
{
	char row[JOB_ROW_SIZE];
	struct gh_error err = {0};

	job_row_name(job, row);
	if (store_job_want(s->store, row, &err) != 0)
		return command_fail(who, &err);
	printf("%s: a gateway will run it within about a second\n", job->name);
	return output_finish();
}

int
cmd_job_run(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false, background = false, dry = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"background", 'b', OPTION_FLAG, &background, NULL,
		"let a running gateway do it, and do not wait"},
	    {"dry-run", 0, OPTION_FLAG, &dry, NULL,
		"say what a run would do now, and change nothing"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Runs a background job now, in this process; the signer must run. Names: gatehouse job list.",
	    "gatehouse job run audit-seal\ngatehouse job run retention --dry-run\ngatehouse job run retention --background\n"};
	const struct job *job;
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if ((job = job_find(argv[1])) == NULL)
		return command_usage(argv[0], "there is no job \"%s\": see `gatehouse job list`",
		    argv[1]);
	if (dry && background)
		return command_usage(argv[0], "--dry-run and --background exclude each other");
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = dry         ? dry_run(&s, job, argv[0], json)
	    : background ? run_in_background(&s, job, argv[0])
			 : run_here(&s, job, argv[0], json);
	session_close(&s);
	return rc;
}
