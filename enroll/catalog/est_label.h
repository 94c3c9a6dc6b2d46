/*
 * A label of EST (RFC 7030, 3.2.2): the segment of /.well-known/est/LABEL/simpleenroll that says
 * what a client may ask for, and how it says who it is. docs/est.md
 */
#ifndef ENROLL_EST_LABEL_H
#define ENROLL_EST_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "error.h"
#include "json.h"

#include "store/status/revocation.h"

#include "profile.h"

#define EST_LABEL_MAX 80 /* bytes: a part of a path (call.h) */

/* Who calls, where an operation asks for that. */
enum est_auth {
	EST_AUTH_CERT,   /* the client certificate of the connection */
	EST_AUTH_HTTP,   /* name and password */
	EST_AUTH_EITHER, /* the certificate where there is one, else name and password */
	EST_AUTH_BOTH,   /* both, and both are one and the same */
};

/* Lines of base64 in answers: clients do not agree on what they can read (docs/est.md). */
enum est_wrap {
	EST_WRAP_AUTO, /* one line, but for what is known to need lines */
	EST_WRAP_64,
	EST_WRAP_NONE,
};

/* Is a CSR bound to the TLS connection that it comes over (RFC 7030, 3.5)? */
enum est_linking {
	EST_LINKING_IF_PRESENT, /* not demanded; what is there must be right */
	EST_LINKING_REQUIRED,
	EST_LINKING_NONE, /* challengePassword is something else here, and is not looked at */
};

#define EST_KEYS_PER_HOUR 60 /* made here for one caller, unless the label says otherwise */
#define EST_ANCHORS_MAX 16   /* manufacturers of one label */

/* Which key simplereenroll takes. */
enum est_renewal_key {
	EST_RENEWAL_ANY_KEY,
	EST_RENEWAL_NEW_KEY, /* not that of the certificate that is renewed */
};

/* Who may send Full CMC (docs/cmc.md). */
enum est_cmc {
	EST_CMC_CALLER,  /* who is let in as for the other operations */
	EST_CMC_MESSAGE, /* anybody: the message proves whose it is, or is refused */
	EST_CMC_NONE,
};

/* Whom the device table must know (docs/est-devices.md). */
enum est_devices_mode {
	EST_DEVICES_NONE,      /* the table is not looked at */
	EST_DEVICES_PREFERRED, /* who is listed gets his names from it, others as without */
	EST_DEVICES_REQUIRED,  /* only who is listed enrolls */
};

/* What /csrattrs tells. */
enum est_csrattrs_form {
	EST_CSRATTRS_ALL,  /* the list of RFC 8951, and the template of RFC 9908 */
	EST_CSRATTRS_LIST, /* for clients that cannot read a template */
	EST_CSRATTRS_NONE,
};

/* Immutable once loaded. */
struct est_label {
	int64_t id;
	char *name;
	bool is_enabled;
	struct enroll_profile profile; /* one template */
	int auth;                      /* enum est_auth */
	int wrap;                      /* enum est_wrap */
	int cmc;                       /* enum est_cmc */
	int has_cmc_legacy;            /* 1: SHA-1 of the first CMC is taken, too */
	int has_cmc_confirm;           /* 1: clients of CMC confirm what they got */
	int has_cmc_encrypt;           /* 1: encrypted messages of CMC get encrypted answers */
	int has_cmc_ra_pop;            /* 1: RAs of CMC are believed for keys of others */
	int linking;                   /* enum est_linking */
	int has_ra;     /* 1: certificates of ours with id-kp-cmcRA may ask for others */
	char *certs_of; /* "phones,any": whose certificates log in here beside its own; or NULL */
	STACK_OF(X509) * anchor; /* implicit trust anchors: CAs of manufacturers; NULL: none */
	int devices;             /* enum est_devices_mode */
	int csrattrs;            /* enum est_csrattrs_form */
	int has_serverkeygen;    /* 1: keys are made here */
	int renewal_key;         /* enum est_renewal_key */
	int renews_once;         /* 1: each certificate is renewed once, and then asks no more */
	int64_t keys_per_hour;   /* keys made here for one caller; 0: EST_KEYS_PER_HOUR */
	int64_t renewal_window;  /* seconds before the end of a certificate from which on it is
				  * renewed; 0: as the template says */
};

/* Bytes at the beginning of a text that names of labels consist of. */
size_t est_label_name_len(const char *text);

/*
 * row: of the table: "id" (absent in one that is to be), "name", "settings", "enabled". GH_E_CONF:
 * a name that none may have, or a setting that cannot be; public.
 */
int est_label_load(const gh_json *row, struct est_label *out, struct gh_error *err) GH_MUSTCHECK;
void est_label_clear(struct est_label *l); /* accepts a zeroed one */

/* The JSON of a setting as people write it: "yes", "30d", one of its words; "" for a list or text
 * that is to be none (null). GH_E_CONF: no such setting, or it cannot have this value; public. *out
 * is the caller's. */
int est_label_value(const char *setting, const char *text, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Is a certificate of ours, of which *own is known, a log-in at this label (--certificates-of)? One
 * that came by the same label is, or by one that is listed. "any" is all labels, also one that is
 * not known; "people" is what came otherwise: by CertEnroll, REST and the CSR form. Nothing counts
 * that has no MAC.
 */
bool est_label_takes_cert(const struct est_label *l, const struct store_own_cert *own);

struct est_labels {
	struct est_label *label; /* by name */
	size_t n;
};

/* rows: "est_labels" of store_load_catalog. One that cannot be read is left out and logged.
 * GH_E_NOMEM; *out is empty then. */
int est_labels_load(const gh_json *rows, struct est_labels *out, struct gh_error *err) GH_MUSTCHECK;
void est_labels_clear(struct est_labels *l); /* accepts a zeroed one */
/* Without ASCII case; NULL: there is none. Also a disabled one. */
const struct est_label *est_labels_find(const struct est_labels *l, const char *name);

#endif
