/*
 * PostgreSQL, the only place of state. A struct store is one connection, for one thread at a time,
 * with prepared statements. It connects on first use and again after a loss. Reads are repeated
 * once on a new connection; a write whose COMMIT answer was lost is repeated with the same identity
 * and finds its own row by unique constraint, so that nothing is done twice and nothing answered is
 * lost.
 *
 * Errors of all functions: GH_E_DB_DOWN (try later), GH_E_DB (statement refused), GH_E_NOMEM;
 * others are named at the function. Outputs are NULL or empty after a failure.
 */
#ifndef STORE_H
#define STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issuing/ca.h"
#include "formats/enroll_request.h"
#include "error.h"
#include "json.h"
#include "requester.h"
#include "uuid.h"

struct store;
struct store_approval; /* store/request/request_approval.h */

/* conninfo: libpq connection string. timeout_ms: bound of connecting and of each statement. */
int store_new(const char *conninfo, int timeout_ms, struct store **out,
    struct gh_error *err) GH_MUSTCHECK;
void store_free(struct store *s);
/* For commands: when root runs the process, connect as this operating system user, whom "peer"
 * log-ins of PostgreSQL know. user "": as the process runs. No effect for others than root. The
 * effective user of all threads changes while a connection is made. GH_E_CONF: no such user. */
int store_log_in_as(struct store *s, const char *user, struct gh_error *err) GH_MUSTCHECK;
/* Round trip. */
int store_ping(struct store *s, struct gh_error *err) GH_MUSTCHECK;
/* *ms: this node's clock less the database's, milliseconds; also a round trip. */
int store_clock_skew(struct store *s, int64_t *ms, struct gh_error *err) GH_MUSTCHECK;
/* Needed by whoever reads or writes configuration objects and administrators: their rows carry MACs
 * under a key that is derived from the gateway secret. Their functions return GH_E_SEAL when a row
 * was changed past Gatehouse; the detail names table and key. */
int store_use_secret(struct store *s, const unsigned char secret[32],
    struct gh_error *err) GH_MUSTCHECK;
/* Until the next call, a statement is given up when *unwanted becomes true: GH_E_DB_DOWN, with the
 * connection gone, and within seconds the server has stopped it. NULL: none is. Borrowed. */
void store_unless(struct store *s, const atomic_bool *unwanted);
/* Tell GH_MEASURE_DATABASE of each statement; not for connections that wait for messages. */
void store_measure(struct store *s);

/*
 * Why enrollments fail though the server answers pings: "disk full", "read-only", "no connection"
 * (the others of this process have one) ... Met by any thread within the last
 * STORE_TROUBLE_SECONDS, and no record has been written since. NULL = nothing. Static text.
 */
#define STORE_TROUBLE_SECONDS 15
const char *store_trouble(void);
/* As far as the server has told the connection: a standby, or default_transaction_read_only. */
bool store_is_read_only(const struct store *s);

/* ---- schema (migrations/NNNN_name.sql, compiled in) ---- */
/* Apply what is missing, each in a transaction, under an advisory lock. *applied: how many.
 * GH_E_CONFLICT: the database is newer than this program. */
int store_migrate(struct store *s, int *applied, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_CONFLICT when schema and program differ; the message says which is newer and what to do. */
int store_check_schema(struct store *s, struct gh_error *err) GH_MUSTCHECK;

/* ---- audit: a row in the transaction of the change; alone only for refusals ---- */
struct store_audit {
	const char *event; /* "enroll.issued", "enroll.refused", "auth.failed", "app.created" ... */
	const char *outcome;         /* "success" or "failure" */
	const struct requester *who; /* never NULL */
	const char *request_id;      /* of the HTTP request or NULL */
	const char *object;          /* what it is about: template, serial, application; or NULL */
	const char *detail;          /* one line; or NULL */
};
int store_audit(struct store *s, const struct store_audit *a, struct gh_error *err) GH_MUSTCHECK;
/* A change that succeeded, by the command: event about the object `name`. */
int store_audit_change(struct store *s, const struct requester *who, const char *event,
    const char *name, const char *detail, struct gh_error *err) GH_MUSTCHECK;

/* ---- enrollment ---- */
/* A decided request; how it is recorded: request/record_request.h. */
struct store_decision {
	const struct enroll_request *req;
	int64_t template_id; /* row of the template version that decided; 0 = none */
	const struct ca *ca; /* issuer; may be NULL unless issued */
	const char *detail;  /* private reason, for the audit row; or NULL */
	/* Of a decision on a pending request; it counts on req as it was read (version). NULL: it
	 * is no approval, and whatever version is denied. */
	const struct store_approval *approval;
	bool tells; /* the template names groups that hear of what is issued at once */
};

/* One request as it stands now. GH_E_NOT_FOUND. req may be NULL, else it is filled (requester,
 * template name, CSR, metadata) for a decision or a check of who may see it. ca_id: 0 unless
 * issued. */
int store_get_request(struct store *s, int64_t cms_request_id, struct enroll_request *req,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err) GH_MUSTCHECK;

/* The id of the private key that was archived with a request, or waits with it; "": there is
 * none. */
int store_get_request_key(struct store *s, int64_t cms_request_id, char id[GH_UUID_TEXT_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Decide a pending request in one statement: moves it to out->disposition with its certificate
 * (issued) and an audit row by officer. A private key that waits with it becomes the certificate's,
 * and is removed without one; where req says that one waits, nothing is issued without it.
 * GH_E_CONFLICT when it is not pending any more: two
 * officers, one decision. GH_E_PRECONDITION: it is pending, and has another version than the one
 * that the approval counts on.
 */
int store_decide(struct store *s, int64_t cms_request_id, const struct requester *officer,
    const struct store_decision *d, struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;

/* Remove replay marks older than age seconds. */
int store_purge_replay(struct store *s, int age, struct gh_error *err) GH_MUSTCHECK;

/* ---- configuration objects: rows as JSON, created with an audit row by `who` ---- */
/* All that the gateway needs to know, consistent (one REPEATABLE READ snapshot):
 * {"generation":N,
 *  "cas":[{"id","name","chain":[base64...],"sealed":base64|null,"cdp":[],"aia":[],"ocsp":[],
 *         "slug","also":[base64...],"state","policy":{},"crl_shards":N,"protection"}],      (not
 * pending ones) "templates":[{"id","name","version","body":{...}}]            (active versions
 * only)
 *  "apps":[{"id","name","key_index":hex,"secret_sealed":base64|null,"templates":[names],"ca":name,
 *           "groups":[...],"signature_required":bool,"min_hash":"SHA1|SHA256|SHA512","service_identity":str|null,
 *           "enabled":bool}],
 *  "metadata_fields":[{"name","type":1..7,"required":bool,"regex","options":[..],"default","message","hint"}],
 *  "ca_rules":[{"name","priority","tenant","purpose","email_domain","network","group","template","ca"}],
 *  "name_owners":[{"owner","kind","patterns":[..],"comments":[..]}],
 *  "view_rules":[{"name","group","template","ca","field","value"}],
 *  "est_labels":[{"id","name","settings":{...},"enabled":bool}],
 *  "est_users":[...] as store_load_est_users, "est_devices":[...] as store_load_est_devices}
 */
int store_load_catalog(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* Block until a change is notified or timeout_ms passed; *changed tells. Its own connection: a
 * struct store used for nothing else. After a reconnect *changed is true. */
int store_wait_change(struct store *s, int timeout_ms, bool *changed,
    struct gh_error *err) GH_MUSTCHECK;

/* CAs: ca_row.h */
/* Stores a new version when body differs from the active one; *version tells, *is_new if it was
 * new. */
int store_import_template(struct store *s, const struct requester *who, const char *name,
    const char *body_json, int *version, bool *is_new, struct gh_error *err) GH_MUSTCHECK;
/* The active version, as its MAC says: {"id","name","version","body","active"}.
 * GH_E_NOT_FOUND. */
int store_get_template(struct store *s, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* app as in the catalog, without id. GH_E_CONFLICT: name or key taken; GH_E_FORBIDDEN (public): it
 * has a service identity, and who is not the command. */
int store_create_app(struct store *s, const struct requester *who, const gh_json *app, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;
int store_set_app_enabled(struct store *s, const struct requester *who, const char *name,
    bool enabled, struct gh_error *err) GH_MUSTCHECK; /* GH_E_NOT_FOUND */
/* changes: members of an application as above, each replaces the old value; the audit row names
 * them. GH_E_NOT_FOUND; GH_E_CONFLICT: the key is another one's; GH_E_FORBIDDEN as above. */
int store_change_app(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, struct gh_error *err) GH_MUSTCHECK;
/* Its requests, certificates and audit rows stay, and bear its name. GH_E_NOT_FOUND; GH_E_CONFLICT:
 * it has pending requests. */
int store_delete_app(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;
/* rule: as in the catalog, without id; absent criteria are null. GH_E_CONFLICT: the name is taken.
 */
int store_add_ca_rule(struct store *s, const struct requester *who, const gh_json *rule,
    struct gh_error *err) GH_MUSTCHECK;
/* changes: members as above; what is not named stays. check: of the rule as it is to be; its error
 * ends the change. GH_E_NOT_FOUND. */
int store_change_ca_rule(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, int (*check)(const gh_json *rule, struct gh_error *err),
    struct gh_error *err) GH_MUSTCHECK;
int store_delete_ca_rule(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK; /* GH_E_NOT_FOUND */

/* The same of labels of EST: members of settings replace those of that name, null takes one away.
 */
int store_add_est_label(struct store *s, const struct requester *who, const gh_json *label,
    struct gh_error *err) GH_MUSTCHECK;
int store_change_est_label(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, int (*check)(const gh_json *label, struct gh_error *err),
    struct gh_error *err) GH_MUSTCHECK;
/* Its requests and certificates stay, and bear its name. GH_E_NOT_FOUND; GH_E_CONFLICT: it has
 * pending requests. */
int store_delete_est_label(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

/* Local administrators. hash: bcrypt. roles: REQUESTER_ROLE_*. Only the command on the machine
 * gives something (GH_E_FORBIDDEN); others take away, but not from themselves, nor the last
 * administrator (GH_E_CONFLICT). */
unsigned store_user_role(const char *name); /* "admin", ...; 0: none is called so */
int store_create_user(struct store *s, const struct requester *who, const char *name,
    const char *hash, unsigned roles, struct gh_error *err) GH_MUSTCHECK; /* GH_E_CONFLICT */
int store_set_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    int enabled,
    struct gh_error *err) GH_MUSTCHECK; /* hash NULL, enabled -1: unchanged. GH_E_NOT_FOUND */
int store_set_user_roles(struct store *s, const struct requester *who, const char *name,
    unsigned roles, struct gh_error *err) GH_MUSTCHECK; /* those that are left */
struct store_user {
	char name[256]; /* as stored */
	char hash[128];
	unsigned roles;
	bool enabled;
};
/* GH_E_NOT_FOUND. Wipe *out after use. */
int store_get_user(struct store *s, const char *name, struct store_user *out,
    struct gh_error *err) GH_MUSTCHECK;

/* ---- lists for the command and later the REST API: JSON arrays, keyset-paged ---- */
enum store_list {
	STORE_LIST_CAS,
	STORE_LIST_TEMPLATES,
	STORE_LIST_APPS,
	STORE_LIST_USERS,
	STORE_LIST_CERTS,
	STORE_LIST_REQUESTS,
	STORE_LIST_METADATA_FIELDS,
	STORE_LIST_CA_RULES,
	STORE_LIST_VIEW_RULES,
	STORE_LIST_EST_LABELS,
	STORE_LIST_NOTIFICATIONS,
	STORE_LIST_DELIVERIES,
	STORE_LIST_AUDIT
};
struct store_filter {
	int64_t after_id; /* rows with id > after_id (or < for newest_first); 0 = from the start */
	int64_t after_expiry; /* with expires_*: not_after of that row, UTC seconds */
	int limit;            /* 1 to 1000 */
	bool newest_first;
	const char
	    *name; /* exact name (case-insensitive), or requester for certs and requests; NULL */
	int disposition;   /* requests: enum db_disposition; 0 = all */
	const char *state; /* deliveries: "waiting", "sent" or "dead"; NULL = all */
	/* certs only; NULL or 0 = all */
	const char *cert_state;    /* "valid", "hold", "revoked" or "foreign" */
	const char *template_name; /* exact, in any case */
	const char *serial;        /* as store_clean_hex makes it */
	/* not_after from ... to, UTC seconds, both included. With one of them the order is that of
	 * not_after, then id. */
	int64_t expires_from, expires_to;
};
int store_list(struct store *s, enum store_list what, const struct store_filter *f, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
#define STORE_HEX_DIGITS_MAX \
	64 /* a SHA-256; a serial number has at most 20 octets (RFC 5280, 4.1.2.2) */
/* A serial number or thumbprint as people write it, in upper-case digits only: without "0x", ":",
 * "-" and blanks. false: no digit, too many of them, or something else. */
bool store_clean_hex(const char *text, char out[STORE_HEX_DIGITS_MAX + 1]) GH_MUSTCHECK;
/* One certificate by id, or by serial or SHA-1/SHA-256 thumbprint (store_clean_hex): object with
 * "der" (base64) and all columns. Where one of ours and one from elsewhere fit, ours is meant.
 * GH_E_NOT_FOUND; GH_E_CONFLICT when a serial matches under two issuers. */
int store_get_cert(struct store *s, const char *id_serial_or_thumbprint, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
