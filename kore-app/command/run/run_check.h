/* What `gatehouse run` makes sure of before it starts anything, so that a mistake is told in one
 * clear line. */
#ifndef RUN_CHECK_H
#define RUN_CHECK_H

#include "conf.h"
#include "http/tls_pair.h"

/* Files, users, certificate, directory options. own_signer: what starting signer and KRA needs,
 * too. GH_E_CONF with a message that names the option. *pair is the certificate to start with. */
int run_check(const struct gh_conf *conf, bool own_signer, struct tls_pair *pair,
    struct gh_error *err) GH_MUSTCHECK;

/* Nobody else serves our port or, with own_signer, the sockets of signer and KRA. GH_E_BUSY:
 * somebody does; GH_E_CONF. */
int run_check_is_alone(const struct gh_conf *conf, bool own_signer,
    struct gh_error *err) GH_MUSTCHECK;

/* GH_E_CONFLICT: schema and program differ. GH_E_DB_DOWN: not reachable now. */
int run_check_database(const struct gh_conf *conf, struct gh_error *err) GH_MUSTCHECK;

/* One server of the directory takes our bind and has the base; for each other one there is a
 * warning. GH_E_DIR_DOWN: none is reachable; GH_E_CONF: one is, but does not fit the configuration.
 * The message names cause and options. */
int run_check_directory(const struct gh_conf *conf, struct gh_error *err) GH_MUSTCHECK;

#endif
