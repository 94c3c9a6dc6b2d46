/*
 * From an empty database to a gateway that can start: schema, secrets, CAs, templates, first
 * administrator. Every step looks whether its result is there and makes it when it is not, so that
 * a run completes what an interrupted one began.
 */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "ca/ca_options.h"
#include "key_alg.h"
#include "own_signer.h"
#include "report.h"
#include "command_env.h"

#define BOOTSTRAP_PASSWORD_LENGTH 20 /* of 32 signs each: 100 bits */

struct bootstrap_args {
	const char *ca_name, *root_name, *root_subject, *issuing_subject, *key_alg;
	const char *admin, *admin_password_file, *templates;
	struct ca_url_options urls, root_urls;
};
#define BOOTSTRAP_ARGS_INIT \
	{ \
		.ca_name = "issuing", .root_name = "root", .root_subject = "CN=Gatehouse Root CA", \
		.issuing_subject = "CN=Gatehouse Issuing CA", .key_alg = "P-256", \
		.admin = "admin", .urls = CA_URL_OPTIONS_INIT, .root_urls = CA_URL_OPTIONS_INIT \
	}

/* Rows of options for both CAs, into a struct bootstrap_args. */
#define BOOTSTRAP_OPTIONS(args) \
	{"ca-name", 0, OPTION_TEXT, &(args).ca_name, "NAME", \
	    "name of the issuing CA (default: issuing)"}, \
	    {"root-name", 0, OPTION_TEXT, &(args).root_name, "NAME", \
		"name of the root CA (default: root)"}, \
	    {"root-subject", 0, OPTION_TEXT, &(args).root_subject, "DN", \
		"default: CN=Gatehouse Root CA"}, \
	    {"issuing-subject", 0, OPTION_TEXT, &(args).issuing_subject, "DN", \
		"default: CN=Gatehouse Issuing CA"}, \
	{ \
		"key-alg", 0, OPTION_TEXT, &(args).key_alg, "ALG", \
		    "key of both CAs: " GH_KEY_NAMES " (default: P-256)" \
	}

struct bootstrap {
	const struct bootstrap_args *args;
	struct command_env *env;  /* OPEN_RAW_STORE; its secret is filled */
	struct own_signer signer; /* started when it is needed first */
	struct report report;     /* begun by the caller */
	char password[BOOTSTRAP_PASSWORD_LENGTH +
	    1]; /* of the administrator, when it was made here; else "" */
};

/* What was made before a failure stays, and is in the report. */
int bootstrap_run(struct bootstrap *b, struct gh_error *err) GH_MUSTCHECK;
/* Signer, report and password; not the environment. */
void bootstrap_close(struct bootstrap *b);

#endif
