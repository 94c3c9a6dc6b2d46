/* Kinds of packages that wait for clients, and where RFC 8295 puts them. */
#ifndef PACKAGE_KIND_H
#define PACKAGE_KIND_H

#include <stdbool.h>

#include "tamp.h"

enum package_kind {
	PACKAGE_EE_CERTIFICATE, /* of somebody whom clients talk to */
	PACKAGE_SYMMETRIC_KEYS,
	PACKAGE_FIRMWARE,
	PACKAGE_TAMP_STATUS_QUERY,
	PACKAGE_TAMP_UPDATE,
	PACKAGE_TAMP_APEX_UPDATE,
	PACKAGE_TAMP_COMMUNITY_UPDATE,
	PACKAGE_TAMP_SEQUENCE_ADJUST,
	PACKAGE_KINDS
};

struct package_kind_info {
	const char *word;       /* in options, JSON and the database */
	const char *operation;  /* part of the path below /.well-known/est */
	int pal;                /* package type in the PAL (2.1.1) */
	int pal_answer;         /* of the receipt, confirmation or error for it; 0: none */
	enum tamp_message tamp; /* 0: it is none of TAMP's */
};

const struct package_kind_info *package_kind_info(enum package_kind kind);
bool package_kind_find(const char *word, enum package_kind *out);

#endif
