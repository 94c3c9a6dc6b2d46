/* What an agent approves of: made from the facts of a request by this program, never taken from the
 * gateway as it is. */
#ifndef KEY_STATEMENT_H
#define KEY_STATEMENT_H

#include <stdio.h>

#include "json.h"
#include "signer/wrap/approval_text.h"

struct key_statement {
	struct approval_subject
	    subject; /* its requester points into the request that it was read of */
	bool has_wrapping;
};

/* From a key request as the gateway answers it. GH_E_BAD_JSON: facts are missing or malformed;
 * GH_E_FORBIDDEN: the gateway says that it was altered. */
int key_statement_read(const gh_json *request, struct key_statement *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Is the wrapping the one that the requester named? At least 16 hex digits, any case, blanks
 * between them. GH_E_FORBIDDEN: it is another one, so the key would go to somebody else. */
int key_statement_check_wrapping(const struct key_statement *s, const char *hex,
    struct gh_error *err) GH_MUSTCHECK;
/* For people: key, owner, requester, until. signer: who will sign, or NULL. */
void key_statement_show(FILE *f, const gh_json *request, const gh_json *key, const char *signer);

#endif
