/*
 * The one configuration file (libconfuse syntax: sections in braces, "name = value"). One table, in
 * conf.c, holds every option with type, default and meaning; docs/configuration.md and the sample
 * are checked against it.
 */
#ifndef GH_CONF_H
#define GH_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

/* A process that holds keys: the signer, which has those of CAs, or the KRA, which has its own. */
struct gh_conf_signer {
	char *socket;   /* of the KRA "" = there is none */
	char *key_file; /* system key that seals its keys; read by the process only */
	char *user;     /* "" = as started */
	int timeout_ms;
	int max_connections;
	char *pkcs11_module;   /* "" = no key lies in a token */
	char *pkcs11_pin_file; /* "" = the token needs none; read by the process only */
	/* of the signer */
	char *program;              /* path of gatehouse-signer, which the KRA is, too */
	bool first_password_by_api; /* the gateway may put an unprotected CA key under a password */
	/* of the KRA */
	bool sealed_policy_only;    /* nothing is archived without a policy of recovery */
	bool allow_legacy_wrapping; /* RSA PKCS#1 v1.5, AES-CBC, PKCS#12 with 3DES */
	int approvals; /* of a recovery, where its key names no policy; 1 = also the requester's own
			*/
	int retention_days; /* after the end of its certificate a key is destroyed; 0 = never */
	int inactive_days;  /* after it was made inactive; 0 = never */
	int unlock_seconds; /* longest time that a storage key stays unlocked */
	int request_expiry; /* seconds */
	int open_requests;  /* of one requester; 0 = any number */
	int repeat;         /* seconds after the first release in which a key is given once more */
};

struct gh_conf {
	struct {
		char *listen; /* numeric address */
		int port;
		int workers;         /* Kore worker processes; 0 = one per core, at most 8 */
		char *http_listen;   /* address without TLS */
		int http_port;       /* 0 = none; CRLs, OCSP, CA certificates and health only */
		int threads;         /* pool threads of each worker */
		int queue;           /* requests waiting for a thread, per worker; more get 503 */
		int queue_timeout;   /* seconds that one waits at most; then 503 */
		int max_connections; /* HTTPS, of each worker */
		int http_max_connections; /* plain HTTP, of each worker */
		int max_per_address;      /* of each worker; 0 = no limit */
		char *proxies;       /* addresses and networks that send PROXY headers; "" = none */
		int body_memory;     /* MB, of each worker */
		int body_max;        /* bytes */
		int request_timeout; /* seconds a client may take to send its request */
		char *certificate;   /* PEM chain */
		char *key;           /* PEM */
		char *client_ca;     /* PEM; "" = no client certificates */
		char *client_name;   /* name in it that finds the user: "upn" or "mail" */
		char *client_mapping; /* of other CAs' without SID: "strong" = refused, "name" = the
					 name is enough */
		char *origins; /* blank-separated "https://HOST[:PORT]"; "" = as the Host header
				  says */
		char *run_dir;
		char *secret_file; /* 32 bytes in hex: seals application secrets, signs tokens */
		char *user;        /* runs Kore; "" = as started */
		char *log_level;
		char *module;        /* path of gatehouse.so */
		bool metrics_public; /* false: /metrics only for loopback peers */
	} gateway;
	struct {
		char *conninfo;
		int timeout_ms; /* connect, and each statement */
		int clock_skew; /* seconds that the node's clock may be away from the database's */
	} database;
	struct gh_conf_signer signer, kra;
	struct {
		char *type; /* "ad" or "openldap" */
		char *uris; /* blank-separated, tried in order */
		bool starttls;
		char *ca_file;       /* PEM; trusted for LDAPS and StartTLS */
		char *bind_dn;       /* service account: DN, or for AD also UPN or DOMAIN\name */
		char *password_file; /* its password, first line */
		char *base;
		char *user_filter; /* %s = name without domain, %u = name as given */
		char *computer_filter;
		char *group_base;             /* "" = base */
		char *netbios_domain;         /* "" = DOMAIN\name is refused */
		char *realm;                  /* "" = name@realm only matches UPN or mail */
		int connect_ms, operation_ms; /* hard deadlines */
		int cache_seconds;            /* 0 to 60 */
		int bind_cache_seconds;       /* 0 to 60 */
		int group_depth;              /* levels of a walk over `member` */
		/* attribute map: names in this directory; "" = by type */
		char *attr_cn, *attr_mail, *attr_upn, *attr_dns, *attr_sam, *attr_guid, *attr_sid;
	} directory;
	struct {
		char *prefixes;       /* blank-separated: "/CMSApi" and none are always accepted */
		int timestamp_window; /* seconds, either way */
		int replay_window;    /* seconds that recorded answers are kept */
		bool tokens;          /* v1 and v2 */
		int token_seconds;
		int denied_status;       /* 403 or 200 */
		int pkcs12_password_min; /* characters */
		bool pkcs12_legacy;      /* 3DES and SHA-1 */
	} certenroll;
	struct {
		char *prefixes; /* blank-separated: "/KeyfactorAPI" is always accepted */
	} keyfactor;
	struct {
		int backdate;              /* seconds that notBefore lies before now */
		int password_attempts;     /* wrong passwords of a CA key before it is locked out */
		int password_lock_seconds; /* first lockout; each further one is twice as long */
		int unlock_seconds;        /* longest time that a CA key stays unlocked */
	} ca;
	struct {
		int interval, grace; /* seconds: nextUpdate is their sum after thisUpdate */
		int delta_interval;  /* seconds; 0 = no delta CRLs */
		bool on_revoke;      /* soon after a revocation ... */
		int min_interval;    /* ... and so many seconds after the CRL before */
		char *ldap_dn; /* "%s" = slug of the CA; "" = not published in the directory */
	} crl;
	struct {
		int lifetime;       /* seconds from thisUpdate to nextUpdate */
		int max_age;        /* seconds that HTTP caches may keep an answer */
		int signer_days;    /* life of a delegated signer's certificate */
		char *unknown;      /* never issued: "unknown" or "unauthorized" */
		int archive_cutoff; /* days; 0 = no such extension */
		int cache_mb;       /* of each worker */
		int presign_hits; /* asked so often, an answer is renewed before it ends; 0 = never
				   */
	} ocsp;
	struct {
		/* groups by DN, SID or name, separated by semicolons; "" = nobody */
		char *admin_groups, *officer_groups, *auditor_groups, *agent_groups;
	} roles;
	struct {
		/* seconds between runs of each job; 0 = only on demand */
		int crl, ocsp_signer, server_certificate, expiry_notices, audit_seal, notify,
		    retention, requests, request_expiry_days, request_reminder_days, key_requests,
		    confirmations, inventory, metadata, key_retention, kra_rotate, kra_transport,
		    notifications, ca_notices, sessions, est_records, syslog, scan, audit_verify;
		char *expiry_days; /* days before notAfter at which a notice is due: "30 14 7 1" */
		char *ca_expiry_days;  /* the same for CAs */
		int notification_days; /* those that are older are removed */
		int delivery_days;     /* what EST clients got of packages that are gone is kept */
		int retention_days; /* certificates that ended so long ago are removed; 0 = never */
	} jobs;
	struct {
		char *smtp_url;  /* "smtp://HOST[:PORT]", "smtps://HOST[:PORT]"; "" = no mail */
		char *smtp_tls;  /* "required"; "none" = plain text, to this machine only */
		char *smtp_user; /* "" = no log-in */
		char *smtp_password_file;
		char *ca_file;       /* PEM, for mail server and webhooks; "" = the system's CAs */
		char *from;          /* address of e-mail */
		char *from_name;     /* beside it, UTF-8 */
		char *url;           /* of the gateway, for links; "" = no links */
		char *language;      /* of who has named none */
		char *templates;     /* folder of the operator's own; "" = none */
		char *owner_field;   /* of metadata: an address that hears, too; "" = none */
		int address_per_day; /* mails to an address that somebody wrote; 0 = any number */
		char *webhook_allow; /* networks that are not public, and yet may be called */
		int timeout;         /* seconds for one message */
		int retry_first;     /* seconds to the second attempt, doubled with each */
		int retry_max;       /* ... up to this */
		int retry_days;      /* then it is dead */
		int messages_per_hour;  /* of e-mail to one address; 0 = any number */
		int requester_per_hour; /* requests of one person that officers are told one by one;
					   0 = all */
	} notify;
	struct {
		char *host; /* of the collector; "" = there is none */
		int port;
		char *ca_file;           /* PEM; "" = the system's */
		char *certificate, *key; /* of the client; "" = none */
		int facility;            /* 0 to 23 */
		char *sd_id;             /* of structured data, NAME@NUMBER */
		int timeout;             /* seconds of each step */
	} syslog;
	struct {
		char *targets; /* file with the list; "" = nothing is scanned */
		int rate;      /* connections begun in a second */
		int parallel;  /* connections at a time */
		int timeout;   /* seconds for each target */
	} scan;
	struct {
		char *owner; /* "own": who asked for a certificate may revoke it; or "none" */
		bool require_if_match; /* REST: a change must name the version it was decided on */
	} revocation;
	struct {
		char *
		    application; /* of calls without an application key; "" = they enroll nothing */
	} rest;
	struct {
		int session_idle;    /* seconds without use that end a log-in of a browser */
		int session_seconds; /* it ends after so many, whatever is done in it */
		int sessions_max;    /* of one person */
	} pages;
	struct {
		char *application; /* of the CSR form; "" = it is not there */
	} csr;
	struct {
		char *label;         /* of operations whose path names none; "" = they need one */
		char *digest;        /* none, sha256, md5 (and SHA-256) */
		int retry_after;     /* seconds after which a client asks again for what waits */
		int cmc_time_window; /* seconds, either way, of signingTime in CMC; 0: any time */
		int cmc_confirm_within; /* seconds in which clients of CMC confirm certificates */
		int pal_entries;        /* of one page of the package list (RFC 8295, 2) */
	} est;
	struct {
		int failures; /* failed logins per user or address ... */
		int window;   /* ... within so many seconds */
	} limits;
};

/* GH_E_CONF: message is "FILE:LINE: what is wrong". Checks types, ranges and unknown options, not
 * whether files exist. */
int gh_conf_load(const char *path, struct gh_conf **out, struct gh_error *err) GH_MUSTCHECK;
void gh_conf_free(struct gh_conf *conf);

#define GH_CONF_DAYS_MAX 16
#define GH_CONF_GROUP_MAX 1023 /* bytes of a group in roles.* */

/* jobs.expiry_days: 0 to GH_CONF_DAYS_MAX different numbers from 1 to 3650 with blanks between. How
 * many, or -1. */
int gh_conf_days(const char *text, int out[GH_CONF_DAYS_MAX]) GH_MUSTCHECK;

/* A commented configuration with all defaults: `gatehouse conf print`, and the base of the
 * sample. */
void gh_conf_print_defaults(FILE *f);
/* Walk the table: index i from 0; NULL name at the end. "section.option". */
struct gh_conf_option_info {
	const char *name;
	const char *type;
	const char *fallback;
	const char *meaning;
};
bool gh_conf_option(size_t i, struct gh_conf_option_info *out);

/* Value of "section.option" as text: true or false, a number, the string. false: no such option.
 * *out is borrowed from conf, or from a buffer of the thread until the next call. */
bool gh_conf_value(const struct gh_conf *conf, const char *name, const char **out);
/* A value as the file holds it: strings in quotes. */
void gh_conf_print_value(FILE *f, const struct gh_conf_option_info *option, const char *value);

/* First line of a file without its line end, malloc'd; at most 4096 bytes. GH_E_CONF names the
 * file. */
int gh_conf_read_secret(const char *path, char **out, struct gh_error *err) GH_MUSTCHECK;
/* 32 bytes written as 64 hex digits. */
int gh_conf_read_key(const char *path, unsigned char out[32], struct gh_error *err) GH_MUSTCHECK;

#endif
