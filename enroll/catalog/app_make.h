/* Making API applications and giving them other secrets: for the command and for REST. */
#ifndef ENROLL_APP_MAKE_H
#define ENROLL_APP_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"
#include "requester.h"
#include "store/store.h"

/* Who does it, and with what. Borrowed. */
struct app_means {
	struct store *store;
	const struct requester *who;
	const unsigned char *server_secret; /* 32 bytes */
};

/* An application to be; what it names was looked for. Borrowed. */
struct app_wish {
	const char *name;
	const char *ca;              /* NULL: rules choose one for each request */
	const char *min_hash;        /* SHA1, SHA256 or SHA512 */
	const char *identity;        /* NULL: none */
	gh_json *templates, *groups; /* lists of names */
	bool signature;
};

/* Key and secret as bytes, and as they are told to the administrator. */
struct app_secrets {
	unsigned char *key, *secret;
	size_t key_len, secret_len;
	char *key_base64;
	char *secret_text; /* only when made here; else NULL */
};
void app_secrets_clear(struct app_secrets *s); /* wipes */

/* Key and secret that *s does not have are made (128 and 256 random bits); it is filled also after
 * a failure, and cleared by the caller. GH_E_CONFLICT: name or key is taken. */
int app_make(const struct app_means *m, const struct app_wish *w, struct app_secrets *s,
    int64_t *id, struct gh_error *err) GH_MUSTCHECK;
/* A new secret, and with new_key a new key, for one that is there; those before it end at once. *s
 * is empty before. GH_E_NOT_FOUND. */
int app_rotate(const struct app_means *m, const char *name, bool new_key, struct app_secrets *s,
    struct gh_error *err) GH_MUSTCHECK;

#endif
