/* Packages that wait for clients: rows that grant, and their contents. docs/est-packages.md */
#ifndef STORE_PACKAGE_ROW_H
#define STORE_PACKAGE_ROW_H

#include "buf.h"
#include "store/store.h"

#define STORE_PACKAGES_MAX 20000 /* all are checked together */

/* [{"id","kind","name","audience","reference":hex|null,"sha256":hex,"size","sealed",
 *   "wants_receipt","added_at","expires_at"|null}], by id, as their MACs say. GH_E_SEAL. */
int store_load_packages(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* The same, shared and not to be changed: kept with the connection, and checked again when the
 * database says that a row, a MAC or the head is another one. What was put in past Gatehouse is
 * never in it. */
int store_share_packages(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* package: those members but id and sha256. content: as it is kept. *id: its number. GH_E_CONFLICT
 * (public): one of its kind has that reference, or there are STORE_PACKAGES_MAX. */
int store_add_package(struct store *s, const struct requester *who, const gh_json *package,
    const struct gh_buf *content, int64_t *id, struct gh_error *err) GH_MUSTCHECK;
/* For somebody else from now on. GH_E_NOT_FOUND (public). */
int store_address_package(struct store *s, const struct requester *who, int64_t id,
    const char *audience, struct gh_error *err) GH_MUSTCHECK;
/* What clients got and answered stays on record. GH_E_NOT_FOUND (public). */
int store_remove_package(struct store *s, const struct requester *who, int64_t id,
    struct gh_error *err) GH_MUSTCHECK;

/* Appended to out. sha256: hex, of the row. GH_E_SEAL: the content was changed past Gatehouse;
 * GH_E_NOT_FOUND: it was removed meanwhile; GH_E_NOMEM: more than out may hold. */
int store_get_package_content(struct store *s, int64_t id, const char *sha256, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
