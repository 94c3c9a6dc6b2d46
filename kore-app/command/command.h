/*
 * The gatehouse command: one row of command_table for each subcommand: most have a
 * struct verb (verb.h); the others are functions, which get their full name ("gatehouse ca create")
 * as argv[0] and the words behind it, and return an exit code.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

#include "failure.h"

struct verb;

struct command {
	const char *noun;
	const char *verb;                  /* NULL when the noun stands alone */
	const char *summary;               /* one line */
	const struct verb *row;            /* verb.h; NULL: */
	int (*run)(int argc, char **argv); /* goes its own way */
};

extern const struct command command_table[];
extern const size_t command_table_len;

/* argv[0]: the full name. Exit code. */
int command_run(const struct command *c, int argc, char **argv);

extern const struct verb verb_app_create;
extern const struct verb verb_app_delete;
extern const struct verb verb_app_disable;
extern const struct verb verb_app_enable;
extern const struct verb verb_app_list;
extern const struct verb verb_app_rotate;
extern const struct verb verb_app_set;
extern const struct verb verb_app_show;
extern const struct verb verb_audit_export;
extern const struct verb verb_audit_key;
extern const struct verb verb_audit_list;
extern const struct verb verb_audit_verify;
extern const struct verb verb_ca_complete;
extern const struct verb verb_ca_create;
extern const struct verb verb_ca_csr;
extern const struct verb verb_ca_disable;
extern const struct verb verb_ca_enable;
extern const struct verb verb_ca_export;
extern const struct verb verb_ca_import;
extern const struct verb verb_ca_list;
extern const struct verb verb_ca_password;
extern const struct verb verb_ca_approval_password;
extern const struct verb verb_ca_renew;
extern const struct verb verb_ca_retire;
extern const struct verb verb_ca_rule;
extern const struct verb verb_ca_set;
extern const struct verb verb_ca_show;
extern const struct verb verb_cert_export;
extern const struct verb verb_cert_import;
extern const struct verb verb_cert_list;
extern const struct verb verb_cert_metadata;
extern const struct verb verb_cert_remove;
extern const struct verb verb_cert_revoke;
extern const struct verb verb_cert_search;
extern const struct verb verb_search_list;
extern const struct verb verb_search_show;
extern const struct verb verb_search_save;
extern const struct verb verb_search_remove;
extern const struct verb verb_cert_show;
extern const struct verb verb_cert_unrevoke;
extern const struct verb verb_crl_export;
extern const struct verb verb_crl_issue;
extern const struct verb verb_crl_list;
extern const struct verb verb_crl_show;
extern const struct verb verb_cmc_secret;
extern const struct verb verb_db_migrate;
extern const struct verb verb_db_reseal;
extern const struct verb verb_db_restored;
extern const struct verb verb_db_counters;
extern const struct verb verb_db_status;
extern const struct verb verb_directory_test;
extern const struct verb verb_est_device;
extern const struct verb verb_est_user;
extern const struct verb verb_est_cacerts;
extern const struct verb verb_est_cmc;
extern const struct verb verb_est_csrattrs;
extern const struct verb verb_est_enroll;
extern const struct verb verb_est_fetch;
extern const struct verb verb_est_pal;
extern const struct verb verb_est_reenroll;
extern const struct verb verb_est_serverkeygen;
extern const struct verb verb_est_key;
extern const struct verb verb_est_label;
extern const struct verb verb_job_list;
extern const struct verb verb_job_run;
extern const struct verb verb_key_approve;
extern const struct verb verb_key_archive;
extern const struct verb verb_key_cancel;
extern const struct verb verb_key_disable;
extern const struct verb verb_key_enable;
extern const struct verb verb_key_generate;
extern const struct verb verb_key_list;
extern const struct verb verb_key_recover;
extern const struct verb verb_key_reject;
extern const struct verb verb_key_requests;
extern const struct verb verb_key_retrieve;
extern const struct verb verb_key_show;
extern const struct verb verb_key_wrap;
extern const struct verb verb_kra_init;
extern const struct verb verb_kra_password;
extern const struct verb verb_kra_policy;
extern const struct verb verb_kra_renew;
extern const struct verb verb_kra_rotate;
extern const struct verb verb_kra_show;
extern const struct verb verb_scan;
extern const struct verb verb_scan_list;
extern const struct verb verb_scan_probe;
extern const struct verb verb_scan_show;
extern const struct verb verb_session_end;
extern const struct verb verb_session_list;
extern const struct verb verb_limiter_clear;
extern const struct verb verb_limiter_list;
extern const struct verb verb_metadata_add;
extern const struct verb verb_metadata_list;
extern const struct verb verb_metadata_show;
extern const struct verb verb_metadata_set;
extern const struct verb verb_metadata_remove;
extern const struct verb verb_metadata_apply;
extern const struct verb verb_metadata_import;
extern const struct verb verb_metadata_runs;
extern const struct verb verb_metadata_cancel;
extern const struct verb verb_name_add;
extern const struct verb verb_name_import;
extern const struct verb verb_name_list;
extern const struct verb verb_name_remove;
extern const struct verb verb_name_test;
extern const struct verb verb_notification_list;
extern const struct verb verb_notify_list;
extern const struct verb verb_notify_retry;
extern const struct verb verb_notify_show;
extern const struct verb verb_notify_test;
extern const struct verb verb_notify_queue_test;
extern const struct verb verb_notify_preview;
extern const struct verb verb_notify_webhook;
extern const struct verb verb_package_add;
extern const struct verb verb_package_generate;
extern const struct verb verb_package_list;
extern const struct verb verb_package_remove;
extern const struct verb verb_package_set;
extern const struct verb verb_package_show;
extern const struct verb verb_package_status;
extern const struct verb verb_package_tamp;
extern const struct verb verb_profile_list;
extern const struct verb verb_profile_show;
extern const struct verb verb_request_approve;
extern const struct verb verb_request_cancel;
extern const struct verb verb_request_preview;
extern const struct verb verb_request_deny;
extern const struct verb verb_request_list;
extern const struct verb verb_request_show;
extern const struct verb verb_request_submit;
extern const struct verb verb_template_check;
extern const struct verb verb_template_import;
extern const struct verb verb_template_list;
extern const struct verb verb_template_show;
extern const struct verb verb_user_contact;
extern const struct verb verb_user_create;
extern const struct verb verb_user_disable;
extern const struct verb verb_user_enable;
extern const struct verb verb_user_list;
extern const struct verb verb_user_passwd;
extern const struct verb verb_user_roles;
extern const struct verb verb_version;
extern const struct verb verb_view;

int cmd_conf_check(int argc, char **argv);
int cmd_conf_print(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_enroll(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_status(int argc, char **argv);

#endif
