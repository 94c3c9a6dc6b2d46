/*
 * What the command and the nodes say to each other about the limiter (store/message.h). A question
 * carries a MAC under the gateway secret and its time, so that who can only write to the database
 * cannot lift blocks.
 */
#ifndef LIMITER_MESSAGE_H
#define LIMITER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

#include "auth/auth_limit.h"

#define LIMITER_ID_SIZE 33           /* 32 hex digits and NUL */
#define LIMITER_QUESTION_SECONDS 120 /* that it counts, either way */

struct limiter_question {
	char id[LIMITER_ID_SIZE];   /* random; the answers bear it */
	bool clear;                 /* else list */
	bool has_user, has_address; /* false: whoever */
	char user[AUTH_LIMIT_LABEL], address[AUTH_LIMIT_LABEL];
	int64_t at; /* UTC seconds */
};

/* malloc'd text. GH_E_NOMEM, GH_E_INTERNAL. */
int limiter_question_write(const struct limiter_question *q, const unsigned char secret[32],
    char **out, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_FORBIDDEN: wrong MAC, or too old at now; GH_E_BAD_REQUEST. */
int limiter_question_read(const char *text, const unsigned char secret[32], int64_t now,
    struct limiter_question *out, struct gh_error *err) GH_MUSTCHECK;

/* One row of an answer: {"id","node","user","address","failures","seconds_left"}, malloc'd; row
 * NULL: the end of a node's answer, {"id","node","counts"}: how many there were, or were cleared.
 * NULL: no memory. */
char *limiter_answer_write(const char *id, const char *node, const struct auth_limit_row *row,
    size_t counts);

#endif
