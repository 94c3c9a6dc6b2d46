/* Which user calls: the part of auth_check behind the application. Used by auth.c only. */
#ifndef AUTH_USER_H
#define AUTH_USER_H

#include "auth.h"
#include "auth_basic.h"

/* Whom an attempt counts against. */
struct auth_guess {
	bool is_one; /* a password that may have been guessed was wrong */
	char user[AUTH_USER_MAX +
	    1]; /* name of the account as it is stored; what was claimed when there is none */
};

/* The password that the call came with. Wiped by who has it. */
struct auth_given {
	int parsed;          /* 0, or what auth_basic_parse returned ... */
	struct gh_error err; /* ... and why */
	struct auth_basic basic;
};

/* A call whose caller is to be found out. Borrowed. */
struct auth_attempt {
	struct worker_env *env;
	struct auth_limiter *limiter;
	unsigned need; /* AUTH_* bits of the route */
	const struct gh_http_request *http;
	const struct auth_given *given;
	struct auth_result *out;  /* who it is ... */
	struct auth_guess *guess; /* ... or whom it counts against that nobody was found */
};

/*
 * Fill out->requester and out->entry. Without AUTH_USER and AUTH_ADMIN, credentials that are there
 * are checked and none are demanded. After a failure requester.name is what was claimed, or the
 * stored name of a local administrator.
 */
int auth_user_check(const struct auth_attempt *a, struct gh_error *err) GH_MUSTCHECK;

#endif
