/* A recovered key arrives: opened, and on disk. */
#ifndef KEY_DELIVERY_H
#define KEY_DELIVERY_H

#include <limits.h>

#include "verb.h"

#include "key_ticket.h"

struct key_delivery_options {
	const char *out, *password_file;
	bool is_locked, to_terminal;
};
extern struct key_delivery_options key_delivery_options;
#define KEY_DELIVERY_OPTIONS \
	{"out", 'o', OPTION_TEXT, &key_delivery_options.out, "FILE", \
	    "where the key goes, mode 0600, never over another file; - is standard output (default: KEY.pem, .p12, .key or .txt)"}, \
	    {"encrypt", 0, OPTION_FLAG, &key_delivery_options.is_locked, NULL, \
		"put a password on the private key in PEM"}, \
	    {"out-password-file", 0, OPTION_TEXT, &key_delivery_options.password_file, "FILE", \
		"that password, first line of FILE (default: asked for twice)"}, \
	{ \
		"terminal", 0, OPTION_FLAG, &key_delivery_options.to_terminal, NULL, \
		    "with --out -: also when standard output is a terminal" \
	}

/* Do they fit to --json? COMMAND_OK, or the exit code of command_usage. */
int key_delivery_check(const struct verb_call *c);
/* Show c->out; where the secret is on standard output it is alone there. */
int key_delivery_show(struct verb_call *c);

struct key_delivery {
	char path[PATH_MAX], password_path[PATH_MAX]; /* "" = no password beside it */
	enum kra_kind kind;
	char *password; /* for the PEM; NULL: none */
};
/* Before anything is asked for: where will it go, and may it? Asks for the password of the PEM.
 * key: as the gateway shows it; t: of the recovery. GH_E_CONFLICT, GH_E_CONF. */
int key_delivery_prepare(const gh_json *key, const struct key_ticket *t, struct key_delivery *out,
    struct gh_error *err) GH_MUSTCHECK;
void key_delivery_clear(struct key_delivery *d);

/* Open what the gateway released, and write it. GH_E_BAD_JSON: it is not what was asked for. */
int key_delivery_take(const struct key_delivery *d, const struct key_ticket *t,
    const gh_json *released, struct gh_error *err) GH_MUSTCHECK;

#endif
