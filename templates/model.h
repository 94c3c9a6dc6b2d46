/*
 * The template as it is in memory, and what the files of this folder offer each other. Private to
 * templates/: the world sees tmpl.h.
 */
#ifndef TMPL_MODEL_H
#define TMPL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "formats/cert_spec.h"
#include "calendar.h"
#include "dir_entry.h"
#include "error.h"
#include "json.h"
#include "key_alg.h"
#include "oid.h"
#include "formats/pkcs10.h"
#include "name_form.h"
#include "tmpl.h"

/* Limits of a template file. */
#define TMPL_FILE_MAX (256 * 1024)   /* bytes */
#define TMPL_NAME_MAX 64             /* bytes; cn of the object in AD (ub-common-name) */
#define TMPL_RECOVERY_POLICY_MAX 255 /* bytes */
#define TMPL_TEXT_MAX 1024           /* bytes of free text */
#define TMPL_LIST_MAX 64             /* elements of any list */
#define TMPL_KEY_RULES_MAX 8
#define TMPL_NAME_RULES_MAX 32
#define TMPL_EXTENSIONS_MAX 16
#define TMPL_EXTENSION_MAX 4096 /* bytes of one static extension */
#define TMPL_OID_MAX 128        /* characters */
#define TMPL_KEY_BITS_MIN 2048  /* RSA; the floor of ca_pkcs10_check */
#define TMPL_KEY_BITS_MAX 16384
#define TMPL_VALIDITY_MAX (100LL * 366 * GH_DAY_SECONDS)
/* Limits of what a request may bring where the template lets the requester supply names. */
#define TMPL_SAN_MAX 100 /* names */
#define TMPL_RDN_MAX 32  /* attributes in a subject */
#define TMPL_DN_MAX 2048 /* bytes of a distinguished name as text */

/* msPKI-Certificate-Name-Flag (MS-CRTD 2.28) */
#define TMPL_NAME_SUPPLIED_SUBJECT 0x00000001u
#define TMPL_NAME_OLD_CERT 0x00000008u
#define TMPL_NAME_SUPPLIED_SAN 0x00010000u
#define TMPL_NAME_ALT_DOMAIN_DNS 0x00400000u
#define TMPL_NAME_ALT_SPN 0x00800000u
#define TMPL_NAME_ALT_GUID 0x01000000u
#define TMPL_NAME_ALT_UPN 0x02000000u
#define TMPL_NAME_ALT_EMAIL 0x04000000u
#define TMPL_NAME_ALT_DNS 0x08000000u
#define TMPL_NAME_DNS_AS_CN 0x10000000u
#define TMPL_NAME_EMAIL 0x20000000u
#define TMPL_NAME_COMMON_NAME 0x40000000u
#define TMPL_NAME_DIRECTORY_PATH 0x80000000u

/* msPKI-Enrollment-Flag (MS-CRTD 2.26), those with an effect here */
#define TMPL_ENROLL_SYMMETRIC_ALGORITHMS 0x00000001u
#define TMPL_ENROLL_PEND_ALL 0x00000002u
#define TMPL_ENROLL_OCSP_NOCHECK 0x00001000u
#define TMPL_ENROLL_NO_REVOCATION_INFO 0x00004000u
#define TMPL_ENROLL_BASIC_CONSTRAINTS 0x00008000u
#define TMPL_ENROLL_POLICIES_FROM_REQUEST 0x00020000u
#define TMPL_ENROLL_NO_SECURITY_EXTENSION 0x00080000u

#define TMPL_OID_SID_EXTENSION GH_OID_TEXT_SID_EXTENSION
#define TMPL_OID_SID GH_OID_TEXT_SID
#define TMPL_OID_GUID GH_OID_TEXT_GUID
#define TMPL_OID_UPN GH_OID_TEXT_UPN
#define TMPL_OID_V1_NAME "1.3.6.1.4.1.311.20.2"
#define TMPL_OID_V2_TEMPLATE "1.3.6.1.4.1.311.21.7"
#define TMPL_OID_APP_POLICIES "1.3.6.1.4.1.311.21.10"
#define TMPL_OID_ANY_EKU "2.5.29.37.0"
#define TMPL_OID_SERVER_AUTH "1.3.6.1.5.5.7.3.1"

/* NULL-ended list of malloc'd texts; v may be NULL when n is 0. */
struct tmpl_list {
	char **v;
	size_t n;
};

struct tmpl_key_rule {
	int type;               /* enum ca_key_type */
	int min_bits, max_bits; /* RSA */
	uint32_t curves;        /* EC: bit i = enum gh_curve i */
};

enum tmpl_requester {
	TMPL_BY_TYPE,
	TMPL_REQUESTER_USER,
	TMPL_REQUESTER_MACHINE,
	TMPL_REQUESTER_ANY
};
enum tmpl_sid { TMPL_SID_DEFAULT, TMPL_SID_REQUIRE, TMPL_SID_IF_PRESENT, TMPL_SID_NEVER };
enum tmpl_ca_locked { TMPL_CA_LOCKED_UNAVAILABLE, TMPL_CA_LOCKED_PENDING };
enum tmpl_purpose {
	TMPL_PURPOSE_NONE,
	TMPL_PURPOSE_SERVER_AUTH,
	TMPL_PURPOSE_CLIENT_AUTH,
	TMPL_PURPOSE_EMAIL_PROTECTION,
	TMPL_PURPOSE_CODE_SIGNING
};
enum tmpl_cn { TMPL_CN_ANY, TMPL_CN_DNS };

/* What a supplied subject may hold. */
struct tmpl_subject_rules {
	uint32_t allow; /* bit i = row i of the RDN table in rdn.c; 0 = all of them */
	uint32_t require;
	int common_name; /* enum tmpl_cn */
};

/* What a supplied SAN may hold. */
struct tmpl_san_rules {
	uint32_t types; /* TMPL_SAN_* bits */
	uint32_t require;
	struct tmpl_list other_names; /* OIDs */
	struct tmpl_list dns;         /* patterns; none = any name */
	struct tmpl_list email;       /* domains; none = any */
	struct tmpl_list ip;          /* networks; none = any address */
	bool wildcards;               /* "*.example.com" as a name */
};

/* Who may supply which of these names; on top of the rules above. */
struct tmpl_name_rule {
	char *group;                          /* name, DN or SID, as in enrollGroups */
	struct tmpl_list pattern[NAME_KINDS]; /* in the form of name_form.h */
};
enum tmpl_otherwise { TMPL_OTHERWISE_DENY, TMPL_OTHERWISE_APPROVAL };
struct tmpl_naming_rules {
	bool is_set;   /* false: all that is set is allowed */
	bool owners;   /* the list of `gatehouse name` allows, too */
	bool devices;  /* so does the device table, for the names that it gives a device */
	int otherwise; /* enum tmpl_otherwise */
	struct tmpl_name_rule rule[TMPL_NAME_RULES_MAX];
	size_t rules;
};

#define TMPL_SAN_DNS 1u
#define TMPL_SAN_EMAIL 2u
#define TMPL_SAN_IP 4u
#define TMPL_SAN_URI 8u
#define TMPL_SAN_UPN 16u
#define TMPL_SAN_OTHER 32u

struct tmpl_policy {
	char *oid;
	char *cps;
};
struct tmpl_extension {
	char *oid;
	bool critical;
	unsigned char *der;
	size_t der_len;
};

/* Who hears of what, beside the requester. */
struct tmpl_notify {
	struct tmpl_list groups, events; /* no events: those that expire */
};

struct tmpl {
	char *name, *display_name, *description, *oid;
	int major, minor, schema;
	bool machine;
	int purpose;   /* enum tmpl_purpose */
	int requester; /* enum tmpl_requester */
	uint32_t name_flags, enrollment_flags, private_key_flags;
	int ra_signatures;
	int approvals; /* 0: not said */
	struct tmpl_key_rule key[TMPL_KEY_RULES_MAX];
	size_t keys;
	int64_t validity, overlap; /* seconds */
	uint32_t key_usage;        /* bit i = bit i of KeyUsage (RFC 5280, 4.2.1.3) */
	bool key_usage_critical;
	struct tmpl_list eku, app_policies, critical; /* dotted OIDs */
	bool has_app_policies; /* the file names them, perhaps as an empty list */
	struct tmpl_policy policy[TMPL_LIST_MAX];
	size_t policies;
	struct tmpl_extension extension[TMPL_EXTENSIONS_MAX];
	size_t extensions;
	struct tmpl_subject_rules subject;
	struct tmpl_san_rules san;
	struct tmpl_naming_rules naming;
	int sid;       /* enum tmpl_sid */
	int ca_locked; /* enum tmpl_ca_locked */
	int archival;  /* enum tmpl_archival */
	char *recovery_policy;
	char *netbios_domain;
	struct tmpl_list enroll_groups;
	struct tmpl_list metadata;
	struct tmpl_notify notify;
	uint32_t acknowledged; /* bit i = row i of the lint table */
	char *acknowledge_reason;

	/* Built once at load, so that applying encodes only what differs from request to
	 * request. */
	STACK_OF(X509_EXTENSION) * fixed;
	X509_EXTENSION *key_usage_ext[CA_KEY_OTHER]; /* by enum ca_key_type; NULL = none */
	ASN1_OBJECT *sid_ext_oid, *sid_oid, *guid_oid, *upn_oid;
	bool has_auth_eku;
	bool san_critical;
	bool sid_critical;
	bool policies_critical;
	gh_json *metadata_json;
};

/* Names being collected for one certificate. */
struct tmpl_naming {
	const struct tmpl *t;
	const struct subject_source *from; /* the functions of subject.c and san.c need its entry */
	X509_NAME *subject;
	GENERAL_NAMES *san;
};

/* --- schema.c, load.c, flags.c: reading the file --- */

/* A named bit. why: the template is refused with this text when it asks for the row. */
struct tmpl_flag {
	const char *name;
	uint32_t bit;
	const char *why;
};
extern const struct tmpl_flag tmpl_enrollment_flag[], tmpl_private_key_flag[],
    tmpl_key_usage_name[];

/* --- oid.c --- */

/* "serverAuth" -> "1.3.6.1.5.5.7.3.1"; dotted text is given back when it is a well-formed OID with
 * arcs below 2^32 (Windows' limit). NULL: neither. */
const char *tmpl_oid_resolve(const char *name_or_oid);
bool tmpl_list_has(const struct tmpl_list *l, const char *text);

/* --- key.c --- */

int tmpl_key_check(const struct tmpl *t, const struct ca_pkcs10 *csr,
    struct gh_error *err) GH_MUSTCHECK;
/* Key usage bits that make sense for a type of key. */
uint32_t tmpl_key_usage_for(int key_type, uint32_t usage);

/* --- describe.c --- */

/* NULL: out of memory. */
gh_json *tmpl_describe_list(const struct tmpl_list *l);
gh_json *tmpl_describe_curves(uint32_t curves);

/* --- lint.c --- */

/* -1: no such rule */
int tmpl_lint_rule(const char *name);
int tmpl_lint(const struct tmpl *t, struct gh_error *err) GH_MUSTCHECK;
/* Is about everybody in it? A group as name, SID, DOMAIN\name or DN. */
bool tmpl_is_low_group(const char *group);
/* Can it log on to Active Directory? */
bool tmpl_is_auth_eku(const struct tmpl_list *eku);

/* --- purpose.c --- */

#define TMPL_FOR_LOGON \
	1u                 /* a person or a machine proves who it is: TLS client, PKINIT, IKE, EAP \
			    */
#define TMPL_FOR_SERVER 2u /* a host proves its name */
#define TMPL_FOR_MAIL 4u   /* signed and encrypted mail */
#define TMPL_FOR_SIGNING 8u /* code and documents, with the signer's name shown */
#define TMPL_FOR_OTHER 16u  /* a purpose that Gatehouse does not know */
#define TMPL_FOR_ROLE 32u   /* a role of the PKI or of the domain, whatever the name */
#define TMPL_FOR_ALL 63u
/* TMPL_FOR_* bits of EKU and application policies together. */
uint32_t tmpl_purposes(const struct tmpl *t);
bool tmpl_is_any_purpose(const struct tmpl_list *oids);
/* EKU that a template of this purpose must have. */
const char *tmpl_purpose_eku(int purpose);
/* Does the list name a role (TMPL_FOR_ROLE), not just any purpose? */
bool tmpl_has_role(const struct tmpl_list *oids);

/* --- lint_names.c --- */

/* Does the template let a request give itself a name that relying parties of these purposes go by?
 * The first such form and how to bind it; static text. Only for ENROLLEE_SUPPLIES_SUBJECT. */
bool tmpl_free_name(const struct tmpl *t, uint32_t purposes, const char **form,
    const char **remedy);

/* --- rdn.c: attribute types of names and their encoding --- */

/* Row of a type by its name ("CN", "ou", "2.5.4.3") or by its object; -1: unknown. Below 32. */
int tmpl_rdn_type(const char *name, size_t len);
int tmpl_rdn_type_of(const ASN1_OBJECT *o);
const char *tmpl_rdn_name(int type);
/*
 * Append an attribute. same_rdn: to the RDN before it (multi-valued RDN). value is UTF-8.
 * GH_E_SUBJECT: longer than X.520 allows (nothing is cut off), or not encodable.
 */
int tmpl_rdn_add(X509_NAME *name, int type, const char *value, size_t len, bool same_rdn,
    struct gh_error *err) GH_MUSTCHECK;

/* --- directory_name.c: distinguished names as text (RFC 4514) --- */

struct tmpl_dn;
/* GH_E_SUBJECT: not RFC 4514. */
int tmpl_dn_parse(const char *text, struct tmpl_dn **out, struct gh_error *err) GH_MUSTCHECK;
void tmpl_dn_free(struct tmpl_dn *dn);
/* In DER order: the last RDN of the text first (RFC 4514, 2.1). */
int tmpl_dn_to_name(const struct tmpl_dn *dn, X509_NAME *name, struct gh_error *err) GH_MUSTCHECK;
/* Value of the first attribute of the text when its type is CN, else NULL. Borrowed. */
const char *tmpl_dn_common_name(const struct tmpl_dn *dn);
/* "ad.test" from the DC attributes, malloc'd; NULL when there are none or out of memory. */
char *tmpl_dn_domain(const struct tmpl_dn *dn);

/* --- text.c: is this a DNS name, a mail address, ...? Silent. --- */

bool tmpl_text_is_dns(const char *s, bool wildcard);
bool tmpl_text_is_mail(const char *s);
bool tmpl_text_is_upn(const char *s);
bool tmpl_text_is_sid(const char *s);
bool tmpl_text_is_uri(const char *s);
/* UTF-8 without control characters. *chars: how many; may be NULL. */
bool tmpl_text_is_utf8(const char *s, size_t len, size_t *chars);
bool tmpl_text_is_ascii(const char *s, size_t len);
/* Patterns: "a.example" that name, "*.example" one label before it, ".example" any number, "*" any
 * name. A wildcard name needs a pattern of the second or third kind, or "*". */
bool tmpl_text_matches_dns(const struct tmpl_list *patterns, const char *name);

/* --- network.c --- */

struct tmpl_network {
	unsigned char addr[16];
	size_t len; /* of addr: 4 or 16 octets */
	unsigned bits;
};
bool tmpl_network_parse(const char *s, struct tmpl_network *out);
/* "10.0.0.0/8", "2001:db8::/32" (RFC 4632, RFC 4291 2.3), host bits zero; an address alone is one
 * host. */
bool tmpl_network_is_valid(const char *s);
/* Larger than anything that one company has: below /8 in IPv4, below /16 in IPv6. */
bool tmpl_network_is_wide(const char *s);
/* addr: 4 or 16 octets */
bool tmpl_network_has(const struct tmpl_list *networks, const unsigned char *addr, size_t n);

/* --- names.c, subject.c, san.c: names from the directory --- */

struct tmpl_name_flag {
	uint32_t bit;
	const char *name;
	uint32_t yields_to; /* not applied when one of these is set, too */
	int (*add)(struct tmpl_naming *n, struct gh_error *err); /* NULL: nothing to do here */
	/* For describe_form.c: the name that it adds, and where that comes from. */
	struct {
		const char *name, *attribute;
		bool in_san;
	} part;
};
extern const struct tmpl_name_flag tmpl_name_flag[];
/* Fill subject and san of *n from directory or CSR, as the template says. GH_E_NOT_IN_DIRECTORY:
 * from the directory, but there is no entry. */
int tmpl_names(struct tmpl_naming *n, struct gh_error *err) GH_MUSTCHECK;

int tmpl_subject_directory_path(struct tmpl_naming *n, struct gh_error *err);
int tmpl_subject_common_name(struct tmpl_naming *n, struct gh_error *err);
int tmpl_subject_email(struct tmpl_naming *n, struct gh_error *err);
int tmpl_san_upn(struct tmpl_naming *n, struct gh_error *err);
int tmpl_san_email(struct tmpl_naming *n, struct gh_error *err);
int tmpl_san_dns(struct tmpl_naming *n, struct gh_error *err);
int tmpl_san_guid(struct tmpl_naming *n, struct gh_error *err);
int tmpl_san_domain_dns(struct tmpl_naming *n, struct gh_error *err);
/* dNSHostName, checked. GH_E_DNS_REQUIRED */
int tmpl_san_host(const struct tmpl_naming *n, const char **out, struct gh_error *err) GH_MUSTCHECK;
/* The requester's mail address, fit for a certificate. GH_E_EMAIL_REQUIRED: none, not plain ASCII,
 * or another's, too. */
int tmpl_san_mail(const struct tmpl_naming *n, const char **out, struct gh_error *err) GH_MUSTCHECK;
/* An otherName with a value of one of the string types, or an OCTET STRING. NULL: out of memory. */
GENERAL_NAME *tmpl_san_other(const ASN1_OBJECT *type, int asn1_type, const void *p, size_t n);

/* --- supplied.c: names from the request --- */

struct tmpl_san_type {
	const char *name;
	uint32_t bit;
};
extern const struct tmpl_san_type tmpl_san_type[];
int tmpl_supplied_names(struct tmpl_naming *n, struct gh_error *err) GH_MUSTCHECK;

/* --- load_naming.c --- */

/* Do all names come from the device table? Requests without an entry in it, with names there, are
 * refused. */
bool tmpl_names_are_listed(const struct tmpl *t);

/* --- naming_request.c: who may supply them (naming.h) --- */

/* All names that were taken from the request. GH_E_SUBJECT (public): names that nobody may answer
 * for. *waits_for: those for which an officer must, as text for people, malloc'd; NULL: none. */
int tmpl_naming_review(const struct tmpl_naming *n, char **waits_for,
    struct gh_error *err) GH_MUSTCHECK;

/* --- permission.c --- */

/* Has the device table names for it? */
bool tmpl_is_listed(const struct subject_source *from);
/* GH_E_SUBJECT (public): all names of t come from the table, which has none for it. */
int tmpl_check_listed(const struct tmpl *t, const struct subject_source *from,
    struct gh_error *err) GH_MUSTCHECK;

/* In the group, as enrollGroups names it? e may be NULL. */
bool tmpl_is_member(const struct dir_entry *e, const char *group);

/* --- fixed.c, extensions.c --- */

/* Build what is the same for each certificate. GH_E_TEMPLATE_INVALID, GH_E_NOMEM. */
int tmpl_extensions_prepare(struct tmpl *t, struct gh_error *err) GH_MUSTCHECK;
/* All extensions of one certificate, onto spec->extensions. */
int tmpl_extensions_add(const struct tmpl_naming *n, struct cert_spec *spec,
    struct gh_error *err) GH_MUSTCHECK;
/* cps may be NULL. false: out of memory. */
bool tmpl_policy_push(CERTIFICATEPOLICIES *sk, const char *oid, const char *cps);
/* Does the template or the CA make this extension itself? */
bool tmpl_extension_is_reserved(const char *oid);
bool tmpl_extension_is_of_ca(const char *oid);

#endif
