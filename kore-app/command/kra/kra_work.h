/* What the commands on the KRA have in common. */
#ifndef KRA_WORK_H
#define KRA_WORK_H

#include "authority/loaded_ca.h"
#include "kra/kra_setup.h"
#include "own_signer.h"
#include "verb.h"

/* GH_E_CONF: no KRA is configured. */
int kra_work_check(const struct gh_conf *conf, struct gh_error *err) GH_MUSTCHECK;

/* May it be the password of a key? GH_E_VALIDATION (public). */
int kra_work_check_password(const char *password, struct gh_error *err) GH_MUSTCHECK;

/* A password for a new storage key, if there is to be one. */
struct kra_password_options {
	bool is_wanted;
	const char *file;
};
#define KRA_PASSWORD_ROWS(o) \
	{"password", 0, OPTION_FLAG, &(o)->is_wanted, NULL, \
	    "put the storage key under a password, which is asked for: nothing is recovered while it is locked"}, \
	{ \
		"password-file", 0, OPTION_TEXT, &(o)->file, "FILE", \
		    "the same, first line of FILE (\"-\": standard input)" \
	}
/* *out: NULL when none is wanted, else for prompt_free. As kra_work_check_password. */
int kra_work_read_password(const struct kra_password_options *o, char **out,
    struct gh_error *err) GH_MUSTCHECK;

/* A signer and a KRA of our own, and the CA that issues the transport certificate, whose key is
 * unlocked. */
struct kra_work {
	struct own_signer kra;
	struct loaded_ca ca;
	struct kra_setup setup;
};
/* c: with NEEDS_SIGNER. password_file: of the key of the CA, where it has one (NULL: asked for).
 * *out for kra_work_close, also after a failure. */
int kra_work_open(const struct verb_call *c, const char *ca, const char *password_file,
    struct kra_work *out, struct gh_error *err) GH_MUSTCHECK;
void kra_work_close(struct kra_work *w);

/* c->out of `kra show`: all keys, and what the running KRA says of them. */
int kra_work_show(struct verb_call *c, struct gh_error *err) GH_MUSTCHECK;
extern const struct output_column kra_work_columns[];

/* Options of the transport certificate. */
struct kra_transport_options {
	const char *ca, *ca_password_file, *key_alg, *key_uri;
	int days;
};
#define KRA_TRANSPORT_OPTIONS_INIT \
	{ \
		.days = KRA_SETUP_DAYS \
	}
#define KRA_TRANSPORT_ROWS(o) \
	{"ca", 0, OPTION_TEXT, &(o)->ca, "NAME", "CA that issues the transport certificate"}, \
	    {"days", 0, OPTION_NUMBER, &(o)->days, "N", \
		"life of the transport certificate (default: 730), at most to the end of the CA"}, \
	{ \
		"ca-password-file", 0, OPTION_TEXT, &(o)->ca_password_file, "FILE", \
		    "password of the CA's key, where it has one (\"-\": standard input; default: asked for)" \
	}
/* COMMAND_OK, or an exit code of command_usage. */
int kra_transport_check(const struct verb_call *c, const struct kra_transport_options *o);

#endif
