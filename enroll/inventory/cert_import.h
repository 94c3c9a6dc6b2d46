/*
 * Certificates from elsewhere, put into the inventory: the one way for all doors (REST, Keyfactor,
 * command). docs/inventory.md
 *
 * Each certificate is judged and stored alone, with an audit row. What one of our own CAs has
 * signed is never stored here: either it is known, or it was lost, and then it is not an import
 * that says what it was.
 */
#ifndef ENROLL_CERT_IMPORT_H
#define ENROLL_CERT_IMPORT_H

#include "catalog/metadata.h"
#include "formats/cert_bundle.h"
#include "issuing/ca_set.h"
#include "requester.h"
#include "store/store.h"

#define CERT_IMPORT_CALL_MAX 500 /* certificates of one call, whose commits are waited for */

#define CERT_IMPORT_PASSWORD_MAX 255 /* characters; what reads a call refuses longer ones */

/* The bytes of one file, or of one member of a call. */
struct cert_import {
	struct store *store;
	const struct ca_set *cas;           /* ours */
	const struct metadata_field *field; /* NULL where there are no metadata */
	size_t fields;
	const struct requester *who;
	const char *request_id;  /* of the HTTP request, or NULL */
	const char *name;        /* of the file, for the report; NULL: none */
	const char *password;    /* of a PKCS#12, or NULL */
	const gh_json *metadata; /* object name -> value for each certificate in it, or NULL */
	size_t max;              /* certificates; 0: as many as cert_bundle.h takes */
};

/* What became of them. */
struct cert_import_report {
	gh_json *entries; /* array, the caller's:
			     {"file","line","number","result","id","subject","reason"} */
	int64_t stored, present, refused, keys;
	bool only_refused; /* entries are those that were refused */
};

/* 0: the report says what became of each. A failure of ours ends it; what was stored before stays,
 * and the same call again goes on from there. */
int cert_import(const struct cert_import *in, const void *bytes, size_t len,
    struct cert_import_report *report, struct gh_error *err) GH_MUSTCHECK;
/* A certificate alone, without metadata. *id: of it, stored or there already. A refusal of it is an
 * error, which cert_import_is_refusal tells from ours. */
int cert_import_one(const struct cert_import *in, const struct gh_der *der, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;
bool cert_import_is_refusal(int rc);
/* The metadata as they are stored, typed: those of requests have defaults and required fields,
 * these do not. *out: the caller's, NULL where there are none. GH_E_METADATA names the field. */
int cert_import_metadata(const struct cert_import *in, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* What could not be read at all, as a row of the report. */
int cert_import_refuse(const struct cert_import *in, const char *why,
    struct cert_import_report *report, struct gh_error *err) GH_MUSTCHECK;

#endif
