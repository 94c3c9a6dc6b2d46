/* The run directory of `gatehouse run` and the Kore configuration in it. */
#ifndef RUN_FILES_H
#define RUN_FILES_H

#include "conf.h"

#define RUN_PATH_MAX 1024

/* Make run_dir and, with own_signer, the folders of the sockets of signer and KRA, each for its
 * user alone. GH_E_CONF. */
int run_files_make_dirs(const struct gh_conf *conf, bool own_signer,
    struct gh_error *err) GH_MUSTCHECK;

/* Write run_dir/kore.conf; its path into path (RUN_PATH_MAX bytes). GH_E_CONF. */
int run_files_write_kore_conf(const struct gh_conf *conf, char *path,
    struct gh_error *err) GH_MUSTCHECK;

#endif
