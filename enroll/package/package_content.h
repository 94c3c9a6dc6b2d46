/* Contents of packages at rest: keys are sealed under the gateway secret, the rest is as clients
 * get it. */
#ifndef PACKAGE_CONTENT_H
#define PACKAGE_CONTENT_H

#include "digest.h"
#include "package/package_form.h"
#include "store/store.h"

#define PACKAGE_STORED_MAX (CMS_DER_MAX + 64) /* bytes, sealed or not */

bool package_is_secret(enum package_kind kind);

/* der: of the form. out: made here, by gh_buf_init. GH_E_NOMEM, GH_E_INTERNAL. */
int package_content_seal(enum package_kind kind, const unsigned char server_secret[GH_KEY_SIZE],
    const struct gh_buf *der, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* What clients get of a package, as its row (store/package/package_row.h) says. out: made here;
 * gh_buf_free wipes keys. GH_E_SEAL: it was changed past Gatehouse; GH_E_NOT_FOUND. */
int package_content_load(struct store *s, const unsigned char server_secret[GH_KEY_SIZE],
    const gh_json *row, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
