/* `gatehouse doctor`: database, directory, signer, the gateway itself, the clock. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "health/house.h"
#include "store/database/provision.h"

#include "directory_check.h"
#include "doctor.h"
#include "run/run_probe.h"

#define SKEW_WARNING 2.0 /* seconds; beyond database.clock_skew nothing is issued */

/* ---- the database ---- */

static void
check_facts(struct doctor *d, struct store *store)
{
	struct findings *f = &d->findings;
	struct store_facts facts;
	struct gh_error err = {0};
	double skew;

	if (store_facts(store, &facts, &err) != 0) {
		finding_wrong(f, FINDING_ERROR, "database", "try again", "%s", err.detail);
		return;
	}
	skew = (double)facts.skew_ms / 1000;
	finding_ok(f, "database", "PostgreSQL %d answers", facts.version / 10000);
	if (facts.is_standby)
		finding_wrong(f, FINDING_ERROR, "database-standby",
		    "name the primary in database.conninfo, or all hosts with "
		    "target_session_attrs=read-write",
		    "the server is a standby: nothing can be written");
	if (!facts.is_utf8)
		finding_wrong(f, FINDING_ERROR, "database-encoding",
		    "make a database with ENCODING 'UTF8' and restore into it",
		    "the database's encoding is not UTF8");
	if (fabs(skew) >= SKEW_WARNING)
		finding_wrong(f,
		    fabs(skew) > d->env.conf->database.clock_skew ? FINDING_ERROR : FINDING_WARNING,
		    "database-clock", "let both follow the same NTP server",
		    "our clock is %.1f s ahead of the database's", skew);
	else
		finding_ok(f, "database-clock", "clock within %.1f s", fabs(skew) + 0.05);
}

/* What the parts behind it are not asked for then: they would say the same in other words. */
static void
without_database(struct doctor *d)
{
	store_free(d->env.store);
	d->env.store = NULL;
}

static void
check_catalog(struct doctor *d)
{
	struct findings *f = &d->findings;
	struct gh_error err = {0};
	int rc = command_env_use_secret(&d->env, &err);

	if (rc == 0)
		rc = enroll_load_catalog(d->env.store, d->env.secret, &d->gateway.catalog, &err);
	if (rc != 0)
		finding_wrong(f, FINDING_ERROR, "catalog", "see the detail; `gatehouse db status`",
		    "CAs, templates and applications cannot be loaded: %s", err.detail);
	else if (d->gateway.catalog->apps == 0 || d->gateway.catalog->tmpls == 0)
		finding_wrong(f, FINDING_WARNING, "catalog",
		    "`gatehouse template import`, `gatehouse app create`",
		    "%zu templates, %zu applications: nobody can enroll", d->gateway.catalog->tmpls,
		    d->gateway.catalog->apps);
	else
		finding_ok(f, "catalog", "%zu CAs, %zu templates, %zu applications",
		    d->gateway.catalog->cas.n, d->gateway.catalog->tmpls, d->gateway.catalog->apps);
}

void
doctor_database(struct doctor *d)
{
	struct findings *f = &d->findings;
	struct gh_error err = {0};
	int rc = command_env_open_store(d->env.conf, &d->env.store, &err);

	if (rc == 0)
		rc = store_ping(d->env.store, &err);
	if (rc != 0) {
		finding_wrong(f, FINDING_ERROR, "database",
		    "check that PostgreSQL runs, and database.conninfo", "%s", err.detail);
		without_database(d);
		return;
	}
	check_facts(d, d->env.store);
	if (store_check_schema(d->env.store, &err) != 0) {
		finding_wrong(f, FINDING_ERROR, "database-schema",
		    "`gatehouse db migrate`, or upgrade the program", "%s", err.detail);
		without_database(d);
		return;
	}
	finding_ok(f, "database-schema", "fits this program");
	check_catalog(d);
}

/* ---- directory and signer ---- */

void
doctor_directory(struct doctor *d)
{
	struct dir_shared *shared;
	struct gh_error err = {0};

	if (dir_shared_new(d->env.conf, &shared, &err) != 0) {
		finding_wrong(&d->findings, FINDING_ERROR, "directory", "correct the configuration",
		    "%s", err.detail);
		return;
	}
	(void)directory_check_servers(d->env.conf, shared, &d->findings);
	dir_shared_free(shared);
}

void
doctor_signer(struct doctor *d)
{
	struct gh_error err = {0};
	struct worker_env env;

	(void)!env_open(&d->gateway, ENV_SIGNER, &err);
	env = doctor_house(d);
	if (house_signer(&d->findings, &env))
		return;
	signer_client_free(d->gateway.signer);
	d->gateway.signer = NULL;
}

/* ---- the gateway, the clock ---- */

/* What a worker sees, where that is more than a look from here found: that nothing can be recorded,
 * as the disk of the database is full. In words of docs/faults.md. */
static void
check_ready(struct doctor *d, const char *answer)
{
	const struct {
		const char *name, *well;
		bool is_known;
	} members[] = {
	    {"database", "up", d->env.store == NULL},
	    {"signer", "up", d->gateway.signer == NULL},
	    {"configuration", "loaded", d->gateway.catalog == NULL},
	};
	const char *body = strstr(answer, "\r\n\r\n");
	struct gh_error err;
	gh_json *o = NULL;

	if (body == NULL ||
	    gh_json_parse(body + 4, strlen(body + 4), GH_JSON_STRICT, &o, &err) != 0)
		return;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *state = gh_json_string(gh_json_get(o, members[i].name));

		if (state != NULL && strcmp(state, members[i].well) != 0 && !members[i].is_known)
			finding_wrong(&d->findings, FINDING_ERROR, "ready",
			    "docs/faults.md has what each word of /readyz means",
			    "a worker is not ready: %s: %s", members[i].name, state);
	}
	gh_json_free(o);
}

void
doctor_gateway(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	struct gh_buf answer;

	if (run_probe_is_gateway_up(c))
		finding_ok(&d->findings, "gateway", "answers on port %d", c->gateway.port);
	else
		finding_wrong(&d->findings, FINDING_ERROR, "gateway",
		    "systemctl restart gatehouse; its log says more", "no answer on %s port %d",
		    c->gateway.listen, c->gateway.port);
	if (!run_probe_is_ready(c, &answer))
		check_ready(d, answer.data != NULL ? (const char *)answer.data : "");
	gh_buf_free(&answer);
}

void
doctor_clock(struct doctor *d)
{
	struct timex t = {0};

	if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		finding_wrong(&d->findings, FINDING_WARNING, "clock",
		    "apt install systemd-timesyncd or chrony",
		    "the kernel says that the clock follows no time server");
	else
		finding_ok(&d->findings, "clock", "follows a time server");
}
