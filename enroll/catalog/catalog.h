/*
 * What the administrator configured in the database: CAs, the rules that choose one, templates, API
 * applications, labels of EST, metadata fields, owners of names, rules that show certificates; one
 * immutable snapshot, shared by reference count and replaced as a whole when the database says that
 * it changed (on all nodes, within a second).
 */
#ifndef ENROLL_CATALOG_H
#define ENROLL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issuing/ca_set.h"
#include "digest.h"
#include "error.h"
#include "json.h"
#include "ca_rule.h"
#include "listed_device.h"
#include "est_label.h"
#include "est_user.h"
#include "profile.h"
#include "tmpl.h"
#include "view_rule.h"

struct app;            /* enroll/catalog/app.h */
struct metadata_field; /* enroll/catalog/metadata.h */

struct catalog_template {
	int64_t id;
	int version;
	struct tmpl *tmpl;
};

struct catalog {
	int64_t generation;
	struct ca_set cas;
	struct catalog_template *tmpl;
	size_t tmpls;
	struct app **app;
	size_t apps;
	struct metadata_field *field;
	size_t fields;
	struct ca_rules rules;
	struct view_rules views;
	struct est_labels est_labels;
	struct est_users est_users;
	struct listed_devices est_devices;
	struct name_owners *owners;           /* who owns which names (name_owners.h) */
	unsigned char index_key[GH_KEY_SIZE]; /* of app->key_index; derived once: HKDF is slow */
	int refs;                             /* atomic */
};

/* json: store_load_catalog. A template or application that cannot be read is left out and logged;
 * the rest works. server_secret: 32 bytes, unseals application secrets. */
int catalog_new(const gh_json *json, const unsigned char server_secret[32], struct catalog **out,
    struct gh_error *err) GH_MUSTCHECK;
struct catalog *catalog_ref(struct catalog *c);
void catalog_free(struct catalog *c); /* drops one reference; wipes secrets with the last */

/* NULL when there is none; names without ASCII case. Borrowed from the catalog. */
const struct catalog_template *catalog_find_template(const struct catalog *c, const char *name);
/* Also a disabled one; the caller looks at is_enabled. */
const struct app *catalog_find_app_id(const struct catalog *c, int64_t id);
/* The same by name, without ASCII case. */
const struct app *catalog_find_app_name(const struct catalog *c, const char *name);
/* What the callers of an application, or of a label of EST (else NULL), may ask for now. app_id 0,
 * a call without either: enroll_profile_all. NULL: it is disabled, or does not exist. */
const struct enroll_profile *catalog_find_profile(const struct catalog *c, int64_t app_id,
    const char *label);
/* A label that is enabled; without case. NULL: there is none. Borrowed from the catalog. */
const struct est_label *catalog_find_est_label(const struct catalog *c, const char *name);
/* Constant time in the key bytes (look-up by keyed index). */
const struct app *catalog_find_app(const struct catalog *c, const unsigned char *key,
    size_t key_len);

/* Secrets at rest: AES-256-GCM under HKDF(server_secret, label). Base64 text malloc'd / bytes
 * malloc'd. unseal: GH_E_CONF when it was sealed under another server secret. */
int catalog_seal(const unsigned char server_secret[32], const void *p, size_t n, char **out,
    struct gh_error *err) GH_MUSTCHECK;
int catalog_unseal(const unsigned char server_secret[32], const char *text, unsigned char **out,
    size_t *out_len, struct gh_error *err) GH_MUSTCHECK;
/* What an application is found by, and stored with. Of what is no key: zeros, which no application
 * has. */
void catalog_key_index(const unsigned char server_secret[32], const void *key, size_t n,
    unsigned char out[32]);

#endif
