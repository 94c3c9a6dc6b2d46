/* Metadata of one certificate, and what was changed in it. docs/metadata.md */
#ifndef STORE_CERT_METADATA_ROW_H
#define STORE_CERT_METADATA_ROW_H

#include "store/store.h"

#define STORE_METADATA_TAG_SIZE 33 /* 32 hex digits and NUL */

/* *values: an object, maybe empty; the caller's. tag: of these values, the same for the same ones.
 * GH_E_NOT_FOUND. */
int store_get_cert_metadata(struct store *s, int64_t id, char tag[STORE_METADATA_TAG_SIZE],
    gh_json **values, struct gh_error *err) GH_MUSTCHECK;

struct store_metadata_change {
	int64_t id;
	const char *tag;        /* of what was changed */
	const gh_json *values;  /* all of them */
	const gh_json *changes; /* [{"field","old","new"}], one or more */
	const char *detail;     /* for the audit row: the fields */
	const char *request_id; /* of the HTTP request, or NULL */
};
/* One statement: values, history, audit row. GH_E_PRECONDITION: the values are not those of the tag
 * any more; nothing was changed. */
int store_change_cert_metadata(struct store *s, const struct requester *who,
    const struct store_metadata_change *c, struct gh_error *err) GH_MUSTCHECK;

/* What was changed in the certificate f->id: [{"id","at","actor","field","old","new"}]. */
struct store_metadata_history {
	int64_t certificate_id;
	int64_t after_id; /* 0 = from the start */
	int limit;
	bool newest_first;
};
int store_cert_metadata_history(struct store *s, const struct store_metadata_history *h,
    gh_json **entries, int64_t *next, struct gh_error *err) GH_MUSTCHECK;

#endif
