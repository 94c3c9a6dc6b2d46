/*
 * Who asks: the result of authentication, the same for every front door. Authorization looks at this
 * and never at the request's own words.
 */
#ifndef GH_REQUESTER_H
#define GH_REQUESTER_H

#include <stdbool.h>
#include <stdint.h>

enum requester_kind {
	REQUESTER_NONE,          /* nobody: failed or no authentication */
	REQUESTER_DIRECTORY,     /* LDAP bind, or service identity of an application */
	REQUESTER_ADMIN,         /* local administrator */
	REQUESTER_COMMAND,       /* the gatehouse command, as a local operating system user */
};

struct requester {
	enum requester_kind kind;
	char name[256];          /* as recorded: "alice", "DOMAIN\\alice", "admin", "root@host" */
	char dn[1024];           /* directory entry; "" when none */
	int64_t app_id;          /* API application of the call; 0 = none */
	char app_name[128];
	char address[64];        /* numeric peer address; "" = local */
	bool via_client_cert;
	unsigned roles;          /* REQUESTER_ROLE_* */
};

#define REQUESTER_ROLE_ADMIN    1u
#define REQUESTER_ROLE_OFFICER  2u   /* approves and denies requests (Dogtag: agent) */
#define REQUESTER_ROLE_AUDITOR  4u

#endif
