/* Command line and environment of `gatehouse enroll`. */
#ifndef ENROLL_OPTIONS_H
#define ENROLL_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "client_request.h"
#include "options.h"

#define ENROLL_OPTIONS_GO OPTIONS_GO

struct enroll_options {
	const char *who;
	const char *url, *ca_file, *tls_cert, *tls_key;
	const char *app_key, *app_secret, *app_secret_file, *user, *password_file;
	const char *template_name, *key_type, *key, *csr, *key_password_file, *subject;
	struct option_list san, metadata;
	const char *out_dir, *out_key, *out_cert, *out_chain, *p12, *p12_password_file;
	const char *trust_root;
	enum gh_hash hash;
	int version, timeout, retry, wait, poll;
	int64_t request_id; /* 0: a new request */
	bool makes_key, cert_only, force, json;
	char path[3][PATH_MAX]; /* default names in out_dir */
};

/* OPTIONS_GO, or an exit code. */
int enroll_options_parse(struct enroll_options *o, int argc, char **argv);

#endif
