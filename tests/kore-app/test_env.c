/* What a thread works with: made once, when it is asked for, and ended as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "env.h"

static char conninfo[] = "host=/nonexistent", socket_path[] = "/nonexistent", too_long[300];
static struct gh_conf conf = {
    .database = {.conninfo = conninfo, .timeout_ms = 100},
    .signer = {.socket = socket_path, .timeout_ms = 100},
    .kra = {.socket = socket_path, .timeout_ms = 100},
};

static void
env__makes_what_is_asked_for_once(void **state)
{
	struct worker_env env = {.conf = &conf};
	struct store *store;

	(void)state;
	assert_int_equal(env_open(&env, ENV_STORE, NULL), 0);
	assert_non_null(store = env.store);
	assert_null(env.signer);
	assert_null(env.dir);
	assert_int_equal(env_open(&env, ENV_STORE | ENV_SIGNER, NULL), 0);
	assert_ptr_equal(env.store, store);
	assert_non_null(env.signer);
	assert_null(env.dir);
	env_close(&env);
	assert_true(env.store == NULL && env.signer == NULL && env.dir == NULL);
	assert_ptr_equal(env.conf, &conf);
	assert_int_equal(env_open(&env, ENV_SIGNER, NULL), 0);
	assert_null(env.store);
	env_close(&env);
}

static void
env__has_a_kra_where_one_is_configured(void **state)
{
	struct worker_env env = {.conf = &conf};
	char none[] = "";

	(void)state;
	conf.kra.socket = none;
	assert_int_equal(env_open(&env, ENV_KRA, NULL), 0);
	assert_null(env.kra);
	conf.kra.socket = socket_path;
	assert_int_equal(env_open(&env, ENV_KRA, NULL), 0);
	assert_non_null(env.kra);
	assert_int_equal(signer_client_ping(env.kra, NULL), GH_E_SIGNER_DOWN);
	env_close(&env);
	assert_null(env.kra);
}

/* The message names the option of the KRA, not that of the signer. */
static void
env__names_the_socket_that_is_too_long(void **state)
{
	struct worker_env env = {.conf = &conf};
	struct gh_error err = {0};

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	conf.kra.socket = too_long;
	assert_int_equal(env_open(&env, ENV_KRA, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "kra.socket"));
	assert_null(env.kra);
	conf.kra.socket = socket_path;
}

/* What could be made stays, and the next call goes on from there. */
static void
env__goes_on_after_a_failure(void **state)
{
	struct worker_env env = {.conf = &conf};
	struct store *store;
	struct gh_error err;

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	conf.signer.socket = too_long;
	assert_int_not_equal(env_open(&env, ENV_STORE | ENV_SIGNER, &err), 0);
	assert_non_null(store = env.store);
	assert_null(env.signer);
	conf.signer.socket = socket_path;
	assert_int_equal(env_open(&env, ENV_STORE | ENV_SIGNER, &err), 0);
	assert_ptr_equal(env.store, store);
	assert_non_null(env.signer);
	env_close(&env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(env__makes_what_is_asked_for_once),
	    cmocka_unit_test(env__goes_on_after_a_failure),
	    cmocka_unit_test(env__has_a_kra_where_one_is_configured),
	    cmocka_unit_test(env__names_the_socket_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
