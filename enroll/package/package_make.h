/* Packages that are made here: TAMP messages and keys, signed with a key of the gateway
 * (gateway_signer.h), and put in as every other package (package_add.h). */
#ifndef PACKAGE_MAKE_H
#define PACKAGE_MAKE_H

#include "env.h"
#include "package/sym_key_make.h"
#include "package/tamp_make.h"

#include "package_add.h"

/* What is put in: of package_order kind, bytes and id are made here. */
struct package_making {
	const struct ca *ca; /* who certifies the signer */
	const struct requester *who;
	struct package_order order;
};

/* The message gets the next sequence number: *number. GH_E_BAD_REQUEST (public), and as
 * gateway_signer_find and package_add. */
int package_make_tamp(struct worker_env *env, const struct package_making *m,
    const struct tamp_order *tamp, int64_t *number, struct package_added *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Keys that nobody but the client ever reads: signed; with `recipient` then encrypted for it, and
 * signed again. keys->id is made here: *id, hex, which answers name the package by. */
#define PACKAGE_MADE_ID_SIZE 33
int package_make_keys(struct worker_env *env, const struct package_making *m,
    const struct sym_key_order *keys, X509 *recipient, char id[PACKAGE_MADE_ID_SIZE],
    struct package_added *out, struct gh_error *err) GH_MUSTCHECK;

#endif
