/*
 * The gatehouse command: one row of command_table for each subcommand. A command function gets its
 * full name ("gatehouse app create") as argv[0] and the words behind it; it returns an exit code.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

#include "error.h"

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1, /* failed, or the request was denied */
	COMMAND_USAGE = 2,  /* wrong options or configuration */
	COMMAND_PENDING = 3 /* enroll: taken under submission */
};

struct command {
	const char *noun;
	const char *verb;    /* NULL when the noun stands alone */
	const char *summary; /* one line */
	int (*run)(int argc, char **argv);
};

extern const struct command command_table[];
extern const size_t command_table_len;

/* Print what went wrong and what to do about it on stderr; the exit code that fits. who:
 * argv[0]. */
int command_fail(const char *who, const struct gh_error *err);
/* A mistake on the command line: message and where to look; COMMAND_USAGE. */
int command_usage(const char *who, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int cmd_app_create(int argc, char **argv);
int cmd_app_delete(int argc, char **argv);
int cmd_app_disable(int argc, char **argv);
int cmd_app_enable(int argc, char **argv);
int cmd_app_list(int argc, char **argv);
int cmd_app_rotate(int argc, char **argv);
int cmd_app_set(int argc, char **argv);
int cmd_app_show(int argc, char **argv);
int cmd_audit_export(int argc, char **argv);
int cmd_audit_key(int argc, char **argv);
int cmd_audit_list(int argc, char **argv);
int cmd_audit_verify(int argc, char **argv);
int cmd_ca_complete(int argc, char **argv);
int cmd_ca_create(int argc, char **argv);
int cmd_ca_csr(int argc, char **argv);
int cmd_ca_disable(int argc, char **argv);
int cmd_ca_enable(int argc, char **argv);
int cmd_ca_export(int argc, char **argv);
int cmd_ca_import(int argc, char **argv);
int cmd_ca_list(int argc, char **argv);
int cmd_ca_password(int argc, char **argv);
int cmd_ca_renew(int argc, char **argv);
int cmd_ca_retire(int argc, char **argv);
int cmd_ca_set(int argc, char **argv);
int cmd_ca_show(int argc, char **argv);
int cmd_cert_export(int argc, char **argv);
int cmd_cert_list(int argc, char **argv);
int cmd_cert_revoke(int argc, char **argv);
int cmd_cert_show(int argc, char **argv);
int cmd_cert_unrevoke(int argc, char **argv);
int cmd_conf_check(int argc, char **argv);
int cmd_conf_print(int argc, char **argv);
int cmd_crl_export(int argc, char **argv);
int cmd_crl_issue(int argc, char **argv);
int cmd_crl_list(int argc, char **argv);
int cmd_crl_show(int argc, char **argv);
int cmd_db_migrate(int argc, char **argv);
int cmd_db_reseal(int argc, char **argv);
int cmd_db_restored(int argc, char **argv);
int cmd_db_status(int argc, char **argv);
int cmd_directory_test(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_enroll(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_job_list(int argc, char **argv);
int cmd_job_run(int argc, char **argv);
int cmd_limiter_clear(int argc, char **argv);
int cmd_limiter_list(int argc, char **argv);
int cmd_metadata_list(int argc, char **argv);
int cmd_metadata_set(int argc, char **argv);
int cmd_request_approve(int argc, char **argv);
int cmd_request_deny(int argc, char **argv);
int cmd_request_list(int argc, char **argv);
int cmd_request_show(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_template_check(int argc, char **argv);
int cmd_template_import(int argc, char **argv);
int cmd_template_list(int argc, char **argv);
int cmd_template_show(int argc, char **argv);
int cmd_user_create(int argc, char **argv);
int cmd_user_disable(int argc, char **argv);
int cmd_user_enable(int argc, char **argv);
int cmd_user_list(int argc, char **argv);
int cmd_user_passwd(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
