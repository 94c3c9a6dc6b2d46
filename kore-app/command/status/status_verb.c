/*
 * `gatehouse status`: the whole house on one screen. The parts are those of the doctor
 * (doctor/doctor.h), without what is slow or for the set-up only. It ends in time whatever hangs: a
 * thread looks, and when it does not come back the others are shown.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "doctor/doctor.h"
#include "options.h"

#include "status_show.h"

#define TIMEOUT 10
#define TIMEOUT_MAX 600

static const struct {
	const char *code;
	void (*look)(struct doctor *d);
} parts[] = {
    {"database", doctor_database},
    {"signer", doctor_signer},
    {"gateway", doctor_gateway},
    {"workers", doctor_workers},
    {"ca", doctor_cas},
    {"state", doctor_state},
    {"node", doctor_nodes},
    {"job", doctor_jobs},
    {"notify", doctor_notify},
    {"server-certificate", doctor_server_cert},
    {"kra", doctor_kra},
    {"directory", doctor_directory},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct status {
	struct doctor doctor; /* of the thread, its findings those of one part */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct findings found; /* by the parts that are done */
	size_t at;             /* the part that looks now; PARTS: all are done */
};

/* Put what one part found to the others, and begin the next. */
static void
take_over(struct status *s)
{
	struct findings *from = &s->doctor.findings, *to = &s->found;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < gh_json_size(from->list); i++)
		if (gh_json_append(to->list, gh_json_ref(gh_json_at(from->list, i))) != 0)
			to->failed = true;
	for (size_t i = 0; i < gh_json_size(from->values); i++)
		if (gh_json_append(to->values, gh_json_ref(gh_json_at(from->values, i))) != 0)
			to->failed = true;
	to->failed |= from->failed;
	s->at++;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	findings_end(from);
}

static void *
look(void *arg)
{
	struct status *s = arg;
	struct gh_error err;

	for (size_t i = 0; i < PARTS; i++) {
		if (findings_begin(&s->doctor.findings, NULL, &err) == 0)
			parts[i].look(&s->doctor);
		else
			s->doctor.findings.failed = true;
		take_over(s);
	}
	return NULL;
}

/* Each peer gets its share of the time, so that one that hangs leaves some to the others. */
static void
hurry(struct gh_conf *c, int seconds)
{
	int share = seconds * 1000 / 5;
	int *const bounds[] = {&c->database.timeout_ms, &c->signer.timeout_ms, &c->kra.timeout_ms,
	    &c->directory.connect_ms, &c->directory.operation_ms};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (*bounds[i] > share)
			*bounds[i] = share;
}

/* false: the time is over. With the lock held in any case. */
static bool
wait_for_all(struct status *s, int seconds)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&s->lock);
	while (s->at < PARTS && rc == 0)
		rc = pthread_cond_timedwait(&s->changed, &s->lock, &until);
	return s->at == PARTS;
}

static int
show_found(struct status *s, enum status_form form)
{
	if (s->found.failed)
		return status_show_unknown("out of memory", form);
	return (int)status_show(s->found.list, s->found.values, form);
}

static int
watch(struct status *s, int seconds, enum status_form form)
{
	pthread_t thread;
	int rc;

	if (pthread_create(&thread, NULL, look, s) != 0)
		return status_show_unknown("no thread can be made", form);
	if (!wait_for_all(s, seconds)) {
		/* it may hold anything, and so the process ends without it */
		finding_wrong(&s->found, FINDING_ERROR, parts[s->at].code,
		    "`gatehouse doctor` takes its time",
		    "no answer within %d seconds: what comes behind it was not looked at", seconds);
		rc = show_found(s, form);
		_exit(rc);
	}
	pthread_mutex_unlock(&s->lock);
	pthread_join(thread, NULL);
	return show_found(s, form);
}

/* Who runs it sees what the gateway sees, or nothing at all. */
static int
begin(struct status *s, const char *conf, int seconds, struct gh_error *err)
{
	struct doctor *d = &s->doctor;
	int rc;

	d->conf_path = command_env_conf_path(conf);
	rc = command_env_open(&d->env, conf, 0, err);
	if (rc != 0)
		return rc;
	d->gateway.conf = d->env.conf;
	hurry(d->env.conf, seconds);
	rc = findings_begin(&d->findings, NULL, err);
	if (rc == 0)
		rc = findings_begin(&s->found, NULL, err);
	if (rc == 0)
		rc = doctor_become_gateway(d, err);
	if (rc == 0 && d->findings.errors > 0)
		rc = gh_refuse(err, GH_E_FORBIDDEN, "run it as root or as %s, who runs the gateway",
		    d->env.conf->gateway.user);
	findings_end(&d->findings);
	return rc;
}

static int
run(const char *conf, int seconds, enum status_form form)
{
	struct status s = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	struct gh_error err = {0};
	int rc = begin(&s, conf, seconds, &err);

	rc = rc == 0 ? watch(&s, seconds, form) : (int)status_show_unknown(err.detail, form);
	env_close(&s.doctor.gateway);
	findings_end(&s.found);
	command_env_close(&s.doctor.env);
	return rc;
}

int
cmd_status(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false, is_check = false;
	int seconds = TIMEOUT, n, rc;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"check", 0, OPTION_FLAG, &is_check, NULL,
		"one line, numbers behind it, and what is wrong: for Nagios, Icinga and the like"},
	    {"timeout", 't', OPTION_NUMBER, &seconds, "SECONDS",
		"end after it whatever hangs (default: 10)"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "The whole house on one screen: database, signer, KRA, gateway and workers, nodes, CAs and their keys, CRLs, OCSP "
	    "signers, audit trail, requests that wait, messages, certificates that end, jobs, directory. What is wrong "
	    "comes with what to do. Run it as root, which becomes the gateway's user, or as that user. "
	    "Exit code 0: well, 1: warning, 2: critical, 3: not known.",
	    "gatehouse status\ngatehouse status --check\ngatehouse status --json | jq .values\n"};

	rc = options_parse(&usage, rows, argc, argv, &n);
	if (rc != OPTIONS_GO)
		return rc == COMMAND_OK ? COMMAND_OK : (int)STATUS_UNKNOWN;
	if (json && is_check)
		return command_usage(argv[0], "--check and --json exclude each other"),
		       (int)STATUS_UNKNOWN;
	if (seconds < 1 || seconds > TIMEOUT_MAX)
		return command_usage(argv[0], "--timeout takes 1 to %d seconds", TIMEOUT_MAX),
		       (int)STATUS_UNKNOWN;
	return run(conf, seconds, json ? STATUS_JSON : is_check ? STATUS_CHECK : STATUS_SCREEN);
}
