/* What a directory says of itself, so that an administrator need not: for set-up and diagnosis. */
#ifndef DIR_DISCOVER_H
#define DIR_DISCOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "dir.h"

#define DIR_FACT_SIZE 512

struct dir_facts {
	bool is_ad;
	char server[DIR_FACT_SIZE];  /* URI that answered */
	char base[DIR_FACT_SIZE];    /* of the domain, or the first naming context; "" = not told */
	char realm[DIR_FACT_SIZE];   /* Active Directory: "CORP.EXAMPLE"; else "" */
	char netbios[DIR_FACT_SIZE]; /* Active Directory: "CORP"; else "" */
	int64_t time;                /* clock of the server, UTC seconds; 0 = not told */
};

/* Read the rootDSE as the service account, and the domain's names. GH_E_DIR_DOWN, with the server's
 * own words. */
int dir_discover(struct dir *d, struct dir_facts *out, struct gh_error *err) GH_MUSTCHECK;

/* Some entry of a person below directory.base, to show what can be read: its DN, malloc'd.
 * GH_E_NOT_IN_DIRECTORY: there is none, or the service account sees none; GH_E_DIR_DOWN. */
int dir_sample(struct dir *d, char **dn, struct gh_error *err) GH_MUSTCHECK;

#endif
