/* Messages of the Trust Anchor Management Protocol (RFC 5934, 4). */
#ifndef PACKAGE_TAMP_H
#define PACKAGE_TAMP_H

#include "package_answer.h"

/* The last arc of the content types below id-tamp. */
enum tamp_message {
	TAMP_STATUS_QUERY = 1,
	TAMP_STATUS_RESPONSE = 2,
	TAMP_UPDATE = 3,
	TAMP_UPDATE_CONFIRM = 4,
	TAMP_APEX_UPDATE = 5,
	TAMP_APEX_UPDATE_CONFIRM = 6,
	TAMP_COMMUNITY_UPDATE = 7,
	TAMP_COMMUNITY_UPDATE_CONFIRM = 8,
	TAMP_ERROR = 9,
	TAMP_SEQUENCE_ADJUST = 10,
	TAMP_SEQUENCE_ADJUST_CONFIRM = 11
};

/* Content octets of a content type. false: none of TAMP's. */
bool tamp_type_read(const struct gh_der *type, enum tamp_message *out);
/* As the last part of the media type has it: "update-confirm" of application/tamp-update-confirm.
 */
const char *tamp_word(enum tamp_message message);

/* A message to clients: *reference is its TAMPMsgRef, whole. false: malformed, a sequence number
 * out of 0 to 2^63 - 1, or an unknown version. */
bool tamp_message_read(enum tamp_message message, struct gh_der in,
    struct gh_der *reference) GH_MUSTCHECK;
/* An answer, with the reference of what it answers. Its code is the first that is not success. */
bool tamp_answer_read(enum tamp_message message, struct gh_der in,
    struct package_answer *out) GH_MUSTCHECK;

#endif
