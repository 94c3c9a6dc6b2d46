/* What the steps of `gatehouse setup` share. The steps are in setup_*.c; each asks, checks the
 * answer against the real server at once, and asks again where a person sits at the terminal. */
#ifndef SETUP_H
#define SETUP_H

#include "bootstrap.h"
#include "conf_settings.h"
#include "verbs/make_app.h"
#include "options.h"
#include "jobs/server_cert.h"

#define SETUP_PATH_SIZE 512

/* As given on the command line; NULL: asked for, or the default. */
struct setup_options {
	const char *conf, *state_dir, *user, *signer_user;
	const char *db, *db_admin, *db_password_file;
	const char *directory_ca, *directory_user, *directory_password_file, *directory_base,
	    *directory_type;
	struct option_list directory_uris;
	bool starttls;
	const char *hostname, *listen, *server_cert, *server_key, *base_url;
	struct option_list names, set;
	int port, http_port; /* -1: not given */
	bool no_urls, allow_unresolved, no_csr_form;
	const char *app, *credentials;
	struct option_list app_templates;
	struct bootstrap_args make;
	bool yes, json;
};

struct setup {
	struct setup_options o;
	char conf_path[SETUP_PATH_SIZE], conf_dir[SETUP_PATH_SIZE];
	bool is_new; /* there is no configuration yet */
	bool may_ask;
	const char *user, *signer_user; /* of the two programs; "" = who runs them */
	struct conf_settings
	    settings;             /* what goes into the new file, or must agree with the old one */
	struct gh_conf *conf;     /* as loaded; for a new file: from settings, so far */
	char *directory_password; /* of the service account, not yet in its file; wiped */
	char *base_url;           /* NULL: no URLs */
	struct server_cert_names names; /* of the server certificate */
	struct bootstrap made;
	struct command_env env;
};

/* OPTIONS_GO, or an exit code, as options_parse. */
int setup_options_parse(int argc, char **argv, struct setup_options *out);
/* Paths, users and settings of s, from the options, and from the configuration where there is
 * one. */
int setup_begin(struct setup *s, struct gh_error *err) GH_MUSTCHECK;

/* Answer to a question: given, else asked (fallback is offered), else fallback. option: its name,
 * for who gives none and cannot be asked. help: one line, shown before the question; may be NULL.
 * *out malloc'd. */
int setup_answer(const struct setup *s, const char *given, const char *option, const char *question,
    const char *help, const char *fallback, char **out, struct gh_error *err) GH_MUSTCHECK;
/* The same into s->settings. */
struct setup_question {
	const char *setting, *given, *option, *question, *help, *fallback;
};
int setup_ask(struct setup *s, const struct setup_question *q, struct gh_error *err) GH_MUSTCHECK;
/* Repeat a step while it fails and a person can answer again; failures are told. */
int setup_repeat(struct setup *s, int (*step)(struct setup *s, bool is_again, struct gh_error *err),
    struct gh_error *err) GH_MUSTCHECK;
/* "ok      WHAT" */
void setup_tell(const struct setup *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void setup_warn(const struct setup *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Owner and mode of a file or folder whose folder is root's own. group NULL: that of the owner. No
 * effect for others than root, and for owner "". */
int setup_give(const char *path, const char *owner, const char *group, mode_t mode,
    struct gh_error *err) GH_MUSTCHECK;
/* s->conf from what is settled so far. */
int setup_load(struct setup *s, struct gh_error *err) GH_MUSTCHECK;

int setup_database(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
int setup_directory(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
int setup_names(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* Those of configuration and state, unless they are there. */
int setup_folders(const struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* Folders, and what the configuration names and must be there before anything works: the
 * directory's CA and password. */
int setup_files(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* The configuration itself, when all else is done: it says that the set-up is complete. */
int setup_write_conf(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* Issue it, or check the one that is given. */
int setup_server_cert(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* First CRLs and OCSP signers, so that the URLs answer from the first moment on. */
int setup_publish(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
int setup_first_app(struct setup *s, struct gh_error *err) GH_MUSTCHECK;
/* The application of the CSR form, and the setting that names it. Only with a new configuration:
 * one that was deleted does not come back. */
int setup_form(struct setup *s, struct gh_error *err) GH_MUSTCHECK;

#endif
