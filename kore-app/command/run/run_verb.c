/* gatehouse run: check everything, then start signer and Kore and stay with them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "log_queue.h"
#include "timestamp.h"

#include "command.h"
#include "options.h"
#include "run_check.h"
#include "run_supervise.h"
#include "command_env.h"

#define ALONE_SECONDS 10 /* how long a port in use is waited for */

static const struct usage usage = {
    .about =
	"Run the gateway: checks the configuration, starts the signer, the KRA where one is configured, and Kore, and\n"
	"stops them on SIGTERM.\n"
	"A signer, a KRA or a worker that dies is started again; when Kore itself ends, this ends with an error,\n"
	"for the service manager to see. SIGHUP reads certificate, key and client CAs again.",
};

/* A database that is down now may come back; a schema that does not fit stays wrong. */
static int
check_database(const struct gh_conf *conf, bool is_check, struct gh_error *err)
{
	int rc = run_check_database(conf, err);

	if (rc == GH_E_DB_DOWN && !is_check) {
		gh_log_kv(GH_LOG_WARN, "the database does not answer; starting without it", "cause",
		    err->detail, NULL);
		return 0;
	}
	return rc;
}

/* Processes of a gateway that was killed need a moment to end. */
static int
check_is_alone(const struct gh_conf *conf, bool is_check, bool own_signer, struct gh_error *err)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000000L};
	int64_t until = gh_now_us() + (is_check ? 0 : ALONE_SECONDS * 1000000LL);
	int rc;

	while ((rc = run_check_is_alone(conf, own_signer, err)) == GH_E_BUSY && gh_now_us() < until)
		nanosleep(&pause, NULL);
	return rc;
}

static int
run(const char *conf_path, bool is_check, bool own_signer, struct gh_error *err)
{
	enum gh_log_level level = GH_LOG_INFO;
	struct gh_conf *conf = NULL;
	struct tls_pair pair = {0};
	char *absolute = realpath(conf_path, NULL);
	int rc;

	if (absolute == NULL)
		return gh_refuse(err, GH_E_CONF, "%.160s: %s", conf_path, strerror(errno));
	rc = gh_conf_load(absolute, &conf, err);
	if (rc == 0 && gh_log_level_parse(conf->gateway.log_level, &level) == 0)
		gh_log_init("supervisor", level, NULL);
	gh_log_start();
	if (rc == 0)
		rc = run_check(conf, own_signer, &pair, err);
	if (rc == 0)
		rc = check_is_alone(conf, is_check, own_signer, err);
	if (rc == 0)
		rc = check_database(conf, is_check, err);
	if (rc == 0 && is_check)
		rc = run_check_directory(conf, err);
	if (rc == 0 && !is_check)
		rc = run_supervise(conf, absolute, own_signer, &pair, err);
	tls_pair_clear(&pair);
	gh_conf_free(conf);
	free(absolute);
	return rc;
}

int
cmd_run(int argc, char **argv)
{
	const char *conf_path = NULL;
	bool is_check = false, own_signer = true;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf_path),
	    {"check", 0, OPTION_FLAG, &is_check, NULL,
		"check everything, start nothing; database and directory must answer, and the "
		"directory must accept the service account and hold the configured base"},
	    {"no-signer", 0, OPTION_UNFLAG, &own_signer, NULL,
		"use a signer, and a KRA, that others start, such as their own systemd units"},
	    OPTION_END,
	};
	struct gh_error err = {0};
	int operands, rc = options_parse(&usage, rows, argc, argv, &operands);

	if (rc != OPTIONS_GO)
		return rc;
	if (run(command_env_conf_path(conf_path), is_check, own_signer, &err) != 0)
		return command_fail(argv[0], &err);
	return COMMAND_OK;
}
