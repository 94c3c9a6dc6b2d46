/* The certificate of an archived key, from the inventory. */
#ifndef KEY_CERTIFICATE_H
#define KEY_CERTIFICATE_H

#include "kra_means.h"

struct key_certificate {
	struct signer_blob der;
	struct gh_der spki; /* points into der */
	int64_t ca_id;
};
/* GH_E_NOT_FOUND (public). */
int key_certificate_get(struct kra_means *m, int64_t id, struct key_certificate *out,
    struct gh_error *err) GH_MUSTCHECK;
void key_certificate_clear(struct key_certificate *c);

#endif
