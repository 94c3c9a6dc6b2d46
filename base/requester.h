/*
 * Who asks: the result of authentication, the same for every front door. Authorization looks at
 * this and never at the request's own words.
 */
#ifndef GH_REQUESTER_H
#define GH_REQUESTER_H

#include <stdbool.h>
#include <stdint.h>

enum requester_kind {        /* stored: never renumber */
	REQUESTER_NONE,      /* nobody: failed or no authentication */
	REQUESTER_DIRECTORY, /* LDAP bind, or service identity of an application */
	REQUESTER_ADMIN,     /* local administrator */
	REQUESTER_COMMAND,   /* the gatehouse command, as a local operating system user */
	REQUESTER_EST_USER,  /* local user of EST, by name */
	/* a client certificate whose names belong to nobody in the directory: name is its subject,
	 * id what it is known by whatever that says: SHA-256, hex, of its SubjectPublicKeyInfo,
	 * behind that of its manufacturer where it is not ours */
	REQUESTER_DEVICE,
};

struct requester {
	enum requester_kind kind;
	char name[256]; /* as recorded: "alice", "DOMAIN\\alice", "admin", "root@host" */
	char dn[1024];  /* directory entry; "" when none */
	char id[72]; /* objectGUID or entryUUID of that entry, which nobody else ever gets; "" = not
			known */
	int64_t app_id; /* API application of the call; 0 = none */
	char app_name[128];
	char address[64]; /* numeric peer address; "" = local */
	bool via_client_cert;
	/* Of callers of EST. The certificate is one of our own CAs, not of a manufacturer: an
	 * explicit trust anchor (RFC 7030, 3.3.2). */
	bool has_own_cert;
	bool is_ra; /* may ask for others (RFC 7030, 3.7) */
	/* Of a device with a certificate of ours: the label that it came by, as recorded under its
	 * MAC; "": none is known. Only together with it does a subject name somebody. */
	char cert_label[128];
	/* The local user of EST that his certificates go back to, by renewals; 0: none. Recorded
	 * with each, under its MAC: none of them counts without the user. */
	int64_t est_user;
	int64_t device; /* the same of the device table (listed_device.h); 0: none of it */
	/* His password is for one certificate, which is recorded under this mark. */
	bool is_one_time;
	unsigned char one_time[32];
	unsigned roles; /* REQUESTER_ROLE_* */
	/* What his groups in the directory may, he may: not so where an application or a
	 * certificate speaks for him that gives no roles. */
	bool has_groups;
};

#define REQUESTER_ROLE_ADMIN 1u
#define REQUESTER_ROLE_OFFICER 2u /* approves and denies requests (Dogtag: agent) */
#define REQUESTER_ROLE_AUDITOR 4u
#define REQUESTER_ROLE_AGENT 8u /* archives for others, agrees to recoveries of keys */

/*
 * One and the same? Names, DNs and principal names are given anew, ids are not: where both ids are
 * known, they alone decide; else name, and DN where both are known. A local administrator is never
 * a directory user of his name.
 */
bool requester_is_same(const struct requester *a, const struct requester *b);

/* Perhaps one person? For who must be two, on the safe side: names are compared by the account
 * part, so that the local user "alice" and "DOM\\alice" are one, and whoever has the same DN. */
bool requester_may_be_same(const struct requester *a, const struct requester *b);

#endif
