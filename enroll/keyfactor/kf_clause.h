/* Queries of lists that are no inventory: Field -op value, joined by AND. */
#ifndef ENROLL_KF_CLAUSE_H
#define ENROLL_KF_CLAUSE_H

#include <stdbool.h>

#define KF_WORD_SIZE 32
#define KF_VALUE_SIZE 256

struct kf_clause {
	char field[KF_WORD_SIZE], op[KF_WORD_SIZE], value[KF_VALUE_SIZE];
};

/* Each clause to take, until it says no. true: query has clauses alone, or none, and all were
 * taken. */
bool kf_clauses(const char *query, bool (*take)(const struct kf_clause *c, void *arg), void *arg);

#endif
