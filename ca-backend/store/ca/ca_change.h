/*
 * What changes of CA rows have in common: one transaction that locks the rows which were read,
 * loads and checks all that grants rights, writes, and seals again. Codes as ca_row.h says.
 */
#ifndef STORE_CA_CHANGE_H
#define STORE_CA_CHANGE_H

#include "store/grant/grant.h"
#include "store/store_private.h"

struct ca_change {
	struct store *s;
	const struct requester *who;
	struct grants g;
};

/* States that a change may begin in. */
bool ca_is_active(enum ca_state s);
bool ca_is_pending(enum ca_state s);
bool ca_is_in_use(enum ca_state s);
bool ca_is_not_retired(enum ca_state s);

/* Lock the parent, and the CA that is changed in a state that fits; either may be NULL. Followed by
 * ca_change_finish in any case. */
int ca_change_begin(struct ca_change *c, struct store *s, const struct requester *who,
    const struct ca *parent, const struct ca *read, bool (*fits)(enum ca_state),
    struct gh_error *err) GH_MUSTCHECK;
/* rc: of what was done inside. 0: it is committed; else nothing is. */
int ca_change_finish(struct ca_change *c, int rc, struct gh_error *err) GH_MUSTCHECK;

/* The content of a CA's row, to be changed and put; the caller's. */
int ca_change_content(const struct ca_change *c, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Takes over row. bad: it could not be made. */
int ca_change_put(struct ca_change *c, enum grant_table t, gh_json *row, int bad,
    struct gh_error *err) GH_MUSTCHECK;
/* A statement without a result. Clears p. */
int ca_change_run(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err) GH_MUSTCHECK;

struct ca_new_row {
	const struct ca *ca;
	const char *parent_name, *subject; /* parent_name NULL: none */
	const unsigned char *csr;          /* PKCS#10, DER; NULL: none */
	size_t csr_len;
};
int ca_change_insert(struct ca_change *c, const struct ca_new_row *n, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;
/* Chain and key of `with`; a pending CA becomes active. parent_name NULL: it stays. */
int ca_change_put_certificate(struct ca_change *c, int64_t id, const struct ca *with,
    const char *parent_name, struct gh_error *err) GH_MUSTCHECK;
/* The row by which a CA certificate that issuer signed can be revoked. */
int ca_change_add_issued(struct store *s, const struct requester *who, const struct ca *issuer,
    const unsigned char *der, size_t len, struct gh_error *err) GH_MUSTCHECK;
/* A further certificate of the CA itself. kind: as in the table ca_certificate. */
int ca_change_add_also(struct ca_change *c, int64_t ca_id, const char *kind,
    const unsigned char *der, size_t len, struct gh_error *err) GH_MUSTCHECK;

#endif
