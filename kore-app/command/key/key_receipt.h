/* What a requester sends so that a key can come back to him: members of a request, and the ticket
 * that opens what comes. */
#ifndef KEY_RECEIPT_H
#define KEY_RECEIPT_H

#include "key_ticket.h"

/* The password of a PKCS#12, as options of a command. */
struct key_receipt_options {
	const char *password_file;
	bool makes_password;
};
extern struct key_receipt_options key_receipt_options;
#define KEY_RECEIPT_PASSWORD_OPTIONS \
	{"p12-password-file", 0, OPTION_TEXT, &key_receipt_options.password_file, "FILE", \
	    "password for the PKCS#12, first line of FILE (default: asked for twice)"}, \
	{ \
		"p12-generate", 0, OPTION_FLAG, &key_receipt_options.makes_password, NULL, \
		    "make a random password for the PKCS#12; it is written beside it, as FILE.password" \
	}

struct key_receipt {
	struct key_ticket ticket;
	gh_json *members; /* "format", "session_key", "algorithm" or "password" */
};
/* Asks for the password of a PKCS#12. name: its friendlyName, or NULL. */
int key_receipt_make(const struct key_transport *t, enum kra_form form, const char *name,
    struct key_receipt *out, struct gh_error *err) GH_MUSTCHECK;
void key_receipt_clear(struct key_receipt *r); /* wipes */

#endif
