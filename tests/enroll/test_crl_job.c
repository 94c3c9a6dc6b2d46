/* The job that keeps CRLs up to date: which are ordered and in which order, and what a failure
 * holds up and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crl/crl.h"
#include "jobs/crl_job.h"
#include "dir_publish.h"

/* ---- what was done, as text: "issuing " for a complete CRL, "issuing/0" for a shard, "issuing+"
 * for a delta ---- */
static char done[2000];

static void
note(const char *what, const char *name, int shard, bool is_delta)
{
	size_t n = strlen(done);

	snprintf(done + n, sizeof(done) - n, "%s %s", what, name);
	n = strlen(done);
	if (shard != STORE_CRL_COMPLETE)
		snprintf(done + n, sizeof(done) - n, "/%d", shard);
	strcat(done, is_delta ? "+; " : "; ");
}

/* ---- in place of issuing, store and directory ---- */
static struct {
	const char *fail_ca; /* whose CRLs fail, with this code */
	int fail, fail_open, fail_directory;
	bool fail_delta_only;
	bool none_is_due;
	int shards; /* that there were once */
	int64_t size;
	bool is_published;
	int opened, audits;
	bool is_stopping;
} world;

static struct ca issuing = {.id = 1, .name = (char[]){"issuing"}, .slug = (char[]){"issuing-2"}},
		 root = {.id = 2, .name = (char[]){"root"}, .slug = (char[]){"root"}},
		 away = {.id = 3, .name = (char[]){"away"}, .slug = (char[]){"away"}};
static unsigned char key[] = "sealed";

int
store_crl_open(const struct store *s, struct store_crl_maker **out, struct gh_error *err)
{
	(void)s;
	*out = NULL;
	if (world.fail_open != 0)
		return gh_fail(err, (enum gh_code)world.fail_open, "told to fail");
	world.opened++;
	return 0;
}

void
store_crl_close(struct store_crl_maker *m)
{
	(void)m;
	world.opened--;
}

int
crl_issue(struct store_crl_maker *maker, struct signer_client *signer,
    const struct crl_order *order, struct store_crl *out, struct gh_error *err)
{
	(void)maker;
	(void)signer;
	memset(out, 0, sizeof(*out));
	assert_true(world.opened > 0);
	if (world.fail_ca != NULL && strcmp(order->ca->name, world.fail_ca) == 0 &&
	    (order->is_delta || !world.fail_delta_only))
		return gh_fail(err, (enum gh_code)world.fail, "the key is locked");
	note(order->is_forced ? "force" : "make", order->ca->name, order->shard, order->is_delta);
	out->id = world.none_is_due && !order->is_forced ? 0 : 7;
	return 0;
}

bool
crl_is_due(const struct crl_order *order, const struct store_crl_state *state)
{
	(void)order;
	(void)state;
	return !world.none_is_due;
}

void
crl_object(const struct ca *ca, int shard, bool is_delta, char out[CRL_OBJECT_SIZE])
{
	snprintf(out, CRL_OBJECT_SIZE, "%s %d %d", ca->name, shard, is_delta);
}

int
store_crl_begin(struct store_crl_maker *m, const struct store_crl_scope *scope,
    struct store_crl_state *out, struct gh_error *err)
{
	(void)m;
	(void)scope;
	memset(out, 0, sizeof(*out));
	return world.fail != 0 ? gh_fail(err, (enum gh_code)world.fail, "told to fail") : 0;
}

void
store_crl_rollback(struct store_crl_maker *m)
{
	(void)m;
}

int
store_crl_shards(struct store *s, int64_t ca_id, int *n, struct gh_error *err)
{
	(void)s;
	(void)ca_id;
	(void)err;
	*n = world.shards;
	return 0;
}

int
store_crl_newest(struct store *s, const struct store_crl_scope *scope, bool is_delta,
    struct store_crl *out, struct gh_error *err)
{
	(void)s;
	(void)err;
	*out = (struct store_crl){.id = world.size > 0 ? scope->ca_id * 10 + is_delta : 0,
	    .size = world.size,
	    .is_delta = is_delta,
	    .is_published = world.is_published};
	return 0;
}

int
store_crl_body(struct store *s, const struct store_crl *crl, unsigned char **der,
    struct gh_error *err)
{
	(void)s;
	(void)err;
	assert_non_null(*der = calloc(1, (size_t)crl->size));
	return 0;
}

int
store_crl_set_published(struct store *s, int64_t id, struct gh_error *err)
{
	(void)s;
	(void)err;
	note("published", id / 10 == 1 ? "issuing" : "root", STORE_CRL_COMPLETE, id % 10 != 0);
	return 0;
}

int
store_crl_audit_failure(struct store *s, const struct store_audit *a, int seconds,
    struct gh_error *err)
{
	(void)s;
	(void)err;
	assert_int_equal(seconds, 3600);
	assert_string_equal(a->outcome, "failure");
	note(a->event, a->object, STORE_CRL_COMPLETE, false);
	world.audits++;
	return 0;
}

int
dir_publish_dn(const char *pattern, const char *name, char *out, size_t size)
{
	return snprintf(out, size, pattern, name) < (int)size ? 0 : -1;
}

int
dir_publish_crl(struct dir *d, const char *dn, bool is_delta, const void *der, size_t len,
    struct gh_error *err)
{
	(void)d;
	(void)der;
	assert_int_equal(len, world.size);
	if (world.fail_directory != 0)
		return gh_fail(err, (enum gh_code)world.fail_directory, "told to fail");
	note("put", dn, STORE_CRL_COMPLETE, is_delta);
	return 0;
}

static bool
is_stopping(void *arg)
{
	(void)arg;
	return world.is_stopping;
}

bool
job_is_stopping(const struct job_env *env)
{
	(void)env;
	return world.is_stopping;
}

struct gh_progress
job_progress_of(const struct job_env *env)
{
	(void)env;
	return (struct gh_progress){.is_stopping = is_stopping};
}

/* Only a plan is listened to. */
static bool is_plan;

void
job_progress(const struct job_env *env, const char *fmt, ...)
{
	size_t n = strlen(done);
	va_list ap;

	(void)env;
	if (!is_plan)
		return;
	va_start(ap, fmt);
	vsnprintf(done + n, sizeof(done) - n, fmt, ap);
	va_end(ap);
	strcat(done, "; ");
}

/* ---- calls ---- */
static struct gh_conf conf;
static struct ca *cas[] = {&issuing, &root, &away};
static const struct ca_set known = {.ca = cas, .n = 3};
static struct job_env env;
static struct gh_error err;
static char detail[JOB_DETAIL_SIZE];

static int
begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	memset(&conf, 0, sizeof(conf));
	memset(&err, 0, sizeof(err));
	done[0] = detail[0] = '\0';
	is_plan = false;
	conf.crl.ldap_dn = "";
	env = (struct job_env){.conf = &conf, .cas = &known, .dir = (struct dir *)&world};
	issuing.sealed = root.sealed = key;
	issuing.state = root.state = CA_ACTIVE;
	issuing.crl_shards = 0;
	away.sealed = NULL; /* its key is elsewhere */
	return 0;
}

static int
run(void)
{
	done[0] = detail[0] = '\0';
	return crl_job_run(&env, detail, sizeof(detail), &err);
}

static void
job__which_cas_have_crls(void **state)
{
	static const struct {
		enum ca_state state;
		bool has_crls;
	} c[] = {{CA_ACTIVE, true}, {CA_DISABLED, true}, {CA_SUPERSEDED, true}, {CA_PENDING, false},
	    {CA_RETIRED, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		const struct crl_wish wish = {.complete = true};
		int made, rc;

		issuing.state = c[i].state;
		assert_int_equal(crl_has_crls(&issuing), c[i].has_crls);
		rc = crl_job_issue(&env, &issuing, &wish, &made, &err);
		assert_int_equal(rc, c[i].has_crls ? 0 : GH_E_CONFLICT);
		assert_int_equal(made, c[i].has_crls);
	}
	assert_false(crl_has_crls(&away));
	assert_int_equal(run(), 0);
	assert_null(strstr(done, "away"));
}

static void
job__complete_then_shards_then_delta(void **state)
{
	(void)state;
	issuing.crl_shards = 2;
	root.state = CA_RETIRED;
	assert_int_equal(run(), 0);
	assert_string_equal(done, "make issuing; make issuing/0; make issuing/1; ");
	/* shards that there were once, too: certificates name them */
	world.shards = 3;
	conf.crl.delta_interval = 600;
	assert_int_equal(run(), 0);
	assert_string_equal(done,
	    "make issuing; make issuing/0; make issuing/1; make issuing/2; make issuing+; ");
	assert_string_equal(detail, "5 made");
	assert_int_equal(world.opened, 0);
}

static void
job__only_what_was_made_is_counted(void **state)
{
	const struct crl_wish all = {.complete = true, .delta = true},
			      forced = {.complete = true, .is_forced = true};
	int made;

	(void)state;
	world.none_is_due = true;
	assert_int_equal(run(), 0);
	assert_string_equal(detail, "0 made");
	assert_int_equal(crl_job_issue(&env, &issuing, &all, &made, &err), 0);
	assert_int_equal(made, 0);
	assert_int_equal(crl_job_issue(&env, &issuing, &forced, &made, &err), 0);
	assert_int_equal(made, 1);
	assert_non_null(strstr(done, "force issuing; "));
}

static void
job__a_failing_ca_holds_up_no_other(void **state)
{
	(void)state;
	world.fail_ca = "issuing";
	world.fail = GH_E_CA_LOCKED;
	assert_int_equal(run(), GH_E_CA_LOCKED);
	assert_non_null(strstr(err.detail, "issuing: "));
	assert_non_null(strstr(err.detail, "(1 made, 1 failed)"));
	assert_string_equal(done, "crl.failed issuing -1 0; make root; ");
	world.fail_ca = "root";
	assert_int_equal(run(), GH_E_CA_LOCKED);
	assert_string_equal(done, "make issuing; crl.failed root -1 0; ");
}

/* The first failure ends a CA's: what comes later would stand on it. */
static void
job__a_failing_complete_one_makes_no_delta(void **state)
{
	(void)state;
	root.state = CA_RETIRED;
	conf.crl.delta_interval = 600;
	world.fail_ca = "issuing";
	world.fail = GH_E_SIGNER_DOWN;
	assert_int_equal(run(), GH_E_SIGNER_DOWN);
	assert_string_equal(done, "crl.failed issuing -1 0; ");
	world.fail_delta_only = true;
	assert_int_equal(run(), GH_E_SIGNER_DOWN);
	assert_string_equal(done, "make issuing; crl.failed issuing -1 1; ");
}

static void
job__one_that_another_node_makes_has_not_failed(void **state)
{
	(void)state;
	world.fail_ca = "issuing";
	world.fail = GH_E_BUSY;
	assert_int_equal(run(), 0);
	assert_string_equal(done, "make root; ");
	assert_int_equal(world.audits, 0);
	assert_string_equal(detail, "1 made");
}

static void
job__the_database_is_away(void **state)
{
	(void)state;
	world.fail_open = GH_E_DB_DOWN;
	assert_int_equal(run(), GH_E_DB_DOWN);
	assert_non_null(strstr(err.detail, "and others (0 made, 2 failed)"));
}

static void
job__stops_when_it_is_told(void **state)
{
	const struct crl_wish wish = {.complete = true};
	int made;

	(void)state;
	world.is_stopping = true;
	assert_int_equal(run(), 0);
	assert_string_equal(done, "");
	assert_int_equal(crl_job_issue(&env, &issuing, &wish, &made, &err), GH_E_BUSY);
	assert_string_equal(done, "");
	assert_int_equal(world.opened, 0);
}

/* ---- the directory ---- */

static void
publish__after_all_was_made(void **state)
{
	(void)state;
	world.size = 100;
	assert_int_equal(run(), 0); /* not configured */
	assert_string_equal(done, "make issuing; make root; ");
	conf.crl.ldap_dn = "cn=%s";
	assert_int_equal(run(), 0);
	assert_string_equal(done,
	    "make issuing; make root; put cn=issuing-2; published issuing; put cn=root; published root; ");
	assert_string_equal(detail, "2 made, 2 published");
	conf.crl.delta_interval = 600;
	root.state = CA_RETIRED;
	assert_int_equal(run(), 0);
	assert_string_equal(done,
	    "make issuing; make issuing+; put cn=issuing-2; published issuing; "
	    "put cn=issuing-2+; published issuing+; ");
}

static void
publish__what_is_there_is_left_alone(void **state)
{
	int published;

	(void)state;
	conf.crl.ldap_dn = "cn=%s";
	assert_int_equal(crl_job_publish(&env, &issuing, &published, &err), 0); /* none */
	world.size = 100;
	world.is_published = true;
	assert_int_equal(crl_job_publish(&env, &issuing, &published, &err), 0);
	assert_int_equal(published, 0);
	world.is_published = false;
	env.dir = NULL;
	assert_int_equal(crl_job_publish(&env, &issuing, &published, &err), 0);
	assert_int_equal(published, 0);
	assert_string_equal(done, "");
}

static void
publish__failures(void **state)
{
	(void)state;
	conf.crl.ldap_dn = "cn=%s";
	world.size = 100;
	world.fail_directory = GH_E_DIR_DOWN;
	assert_int_equal(run(), GH_E_DIR_DOWN);
	assert_string_equal(done,
	    "make issuing; make root; crl.publish-failed issuing -1 0; "
	    "crl.publish-failed root -1 0; ");
	assert_non_null(strstr(err.detail, "(2 made, 2 failed)"));
	world.fail_directory = 0;
	world.size = 16 * 1024 * 1024 + 1;
	root.state = CA_RETIRED;
	assert_int_equal(run(), GH_E_TOO_LARGE);
	assert_string_equal(done, "make issuing; crl.publish-failed issuing -1 0; ");
}

/* ---- the plan ---- */

static void
plan__tells_and_makes_nothing(void **state)
{
	(void)state;
	is_plan = true;
	issuing.crl_shards = 1;
	root.state = CA_RETIRED;
	conf.crl.ldap_dn = "cn=%s";
	world.size = 100;
	assert_int_equal(crl_job_plan(&env, &err), 0);
	assert_string_equal(done,
	    "would make the CRL issuing -1 0, number 1; would make the CRL issuing 0 0, number 1; "
	    "would publish the CRL issuing -1 0, number 0, in the directory; ");
	done[0] = '\0';
	world.none_is_due = world.is_published = true;
	assert_int_equal(crl_job_plan(&env, &err), 0);
	assert_string_equal(done, "");
	world.fail = GH_E_BUSY;
	assert_int_equal(crl_job_plan(&env, &err), 0);
	assert_non_null(strstr(done, "issuing -1 0: is being made at this moment"));
	world.fail = GH_E_DB_DOWN;
	assert_int_equal(crl_job_plan(&env, &err), GH_E_DB_DOWN);
	assert_int_equal(world.opened, 0);
}

#define T(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(job__which_cas_have_crls),
	    T(job__complete_then_shards_then_delta),
	    T(job__only_what_was_made_is_counted),
	    T(job__a_failing_ca_holds_up_no_other),
	    T(job__a_failing_complete_one_makes_no_delta),
	    T(job__one_that_another_node_makes_has_not_failed),
	    T(job__the_database_is_away),
	    T(job__stops_when_it_is_told),
	    T(publish__after_all_was_made),
	    T(publish__what_is_there_is_left_alone),
	    T(publish__failures),
	    T(plan__tells_and_makes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
