/* `gatehouse doctor`: files, their modes, and the server certificate. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/server_cert.h"
#include "calendar.h"
#include "timestamp.h"
#include "http/tls_pair.h"

#include "doctor.h"
#include "signer_process.h"

#define SERVER_SOON_DAYS 14

struct named_file {
	const char *option, *path;
	bool is_optional; /* "" is allowed */
	bool is_secret;   /* nobody else may read it */
	int mode;         /* of access(2) */
};

static void
check_file(struct doctor *d, const struct named_file *n)
{
	struct findings *f = &d->findings;
	struct stat st;

	if (n->path[0] == '\0' && n->is_optional)
		return;
	if (access(n->path, n->mode) != 0)
		finding_wrong(f, FINDING_ERROR, "file-access",
		    errno == ENOENT
			? "restore it from its backup; in a new house `gatehouse setup`, `gatehouse init` or the package makes it"
			: "give the gateway's user the right to read it, in the folders above, too",
		    "%s: %s: %s", n->option, n->path, strerror(errno));
	else if (n->is_secret && stat(n->path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		finding_wrong(f, FINDING_ERROR, "file-mode",
		    "chmod o= the file; then treat the secret as known to others",
		    "%s: %s: everybody may read it (mode %o)", n->option, n->path,
		    (unsigned)(st.st_mode & 07777));
	else
		finding_ok(f, "file-access", "%s: %s", n->option, n->path);
}

/* The secret of signer or KRA, which the gateway must not be able to read: else its sandbox
 * protects no key. */
static void
check_system_key(struct doctor *d, const struct signer_process *p)
{
	const char *path = p->conf->key_file,
		   *code = p->kind == SIGNER_PROCESS_KRA ? "kra-key" : "signer-key";
	bool has_own_user = strcmp(d->env.conf->gateway.user, p->conf->user) != 0;
	struct findings *f = &d->findings;
	struct stat st;

	if (stat(path, &st) != 0)
		finding_wrong(f, FINDING_ERROR, code,
		    "restore it from its backup; without it the keys that it seals are lost",
		    "%s.key_file: %s: %s", p->section, path, strerror(errno));
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		finding_wrong(f, FINDING_ERROR, code,
		    "chmod 600 it, and make it the user's who runs that process",
		    "%s.key_file: %s: others than its owner have access (mode %o)", p->section,
		    path, (unsigned)(st.st_mode & 07777));
	else if (has_own_user && access(path, R_OK) == 0)
		finding_wrong(f, FINDING_ERROR, code, "chown it to the user who runs that process",
		    "%s.key_file: %s: the gateway's user can read it", p->section, path);
	else
		finding_ok(f, code, "%s.key_file: %s: %s", p->section, path,
		    has_own_user ? "closed to the gateway's user"
				 : "this process and the gateway have one user");
}

static void
check_system_keys(struct doctor *d)
{
	for (int k = 0; k < SIGNER_PROCESSES; k++) {
		const struct signer_process p = signer_process_of(d->env.conf, k);

		if (signer_process_is_wanted(d->env.conf, k))
			check_system_key(d, &p);
	}
}

/* As execvp finds it. */
static void
check_kore(struct doctor *d)
{
	char path[PATH_MAX],
	    *list = strdup(getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin"), *next = list;

	for (const char *dir; list != NULL && (dir = strsep(&next, ":")) != NULL;) {
		snprintf(path, sizeof(path), "%s/kore", dir);
		if (access(path, X_OK) != 0)
			continue;
		finding_ok(&d->findings, "program", "kore: %s", path);
		free(list);
		return;
	}
	free(list);
	finding_wrong(&d->findings, FINDING_ERROR, "program", "apt install kore",
	    "kore is not in PATH");
}

void
doctor_files(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	const struct named_file files[] = {
	    {"configuration", d->conf_path, false, false, R_OK},
	    {"gateway.secret_file", c->gateway.secret_file, false, true, R_OK},
	    {"gateway.key", c->gateway.key, false, true, R_OK},
	    {"gateway.certificate", c->gateway.certificate, false, false, R_OK},
	    {"gateway.client_ca", c->gateway.client_ca, true, false, R_OK},
	    {"gateway.module", c->gateway.module, false, false, R_OK},
	    {"signer.program", c->signer.program, false, false, X_OK},
	    {"signer.pkcs11_module", c->signer.pkcs11_module, true, false, R_OK},
	    {"kra.pkcs11_module", c->kra.pkcs11_module, true, false, R_OK},
	    {"directory.ca_file", c->directory.ca_file, true, false, R_OK},
	    {"directory.password_file", c->directory.password_file, true, true, R_OK},
	    {"scan.targets", c->scan.targets, true, false, R_OK},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_file(d, &files[i]);
	check_system_keys(d);
	check_kore(d);
}

/* ---- the server certificate ---- */

static void
check_renewal(struct doctor *d, const struct server_cert_state *s)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", d->env.conf->gateway.certificate);
	if (!s->is_ours)
		finding_ok(&d->findings, "server-renewal",
		    "the server certificate is of another CA: renew it by hand");
	else if (access(dirname(copy), W_OK) != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "server-renewal",
		    "make its folder the gateway's user's",
		    "the job server-certificate cannot write %s: %s",
		    d->env.conf->gateway.certificate, strerror(errno));
	else if (s->is_due)
		finding_wrong(&d->findings, FINDING_WARNING, "server-renewal",
		    "see `gatehouse job list`: server-certificate",
		    "the server certificate is due for renewal");
	else
		finding_ok(&d->findings, "server-renewal", "by the job server-certificate");
}

void
doctor_server_cert(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	struct server_cert_state s;
	struct gh_error err = {0};
	struct tls_pair pair;
	char until[GH_TIMESTAMP_SIZE];
	int rc = tls_pair_read(c->gateway.certificate, c->gateway.key, c->gateway.client_ca, &pair,
	    &err);

	tls_pair_clear(&pair);
	if (rc == 0 && d->env.store != NULL)
		rc = server_cert_look(c, d->env.store, &s, &err);
	if (rc != 0) {
		finding_wrong(&d->findings, FINDING_ERROR, "server-certificate",
		    "correct gateway.certificate and gateway.key", "%s", err.detail);
		return;
	}
	if (d->env.store == NULL)
		return;
	gh_timestamp_format(s.not_after, until);
	if (s.not_after <= gh_now())
		finding_wrong(&d->findings, FINDING_ERROR, "server-certificate", "renew it",
		    "it ended at %s", until);
	else if (s.not_after <= gh_now() + SERVER_SOON_DAYS * GH_DAY_SECONDS)
		finding_wrong(&d->findings, FINDING_WARNING, "server-certificate", "renew it",
		    "it ends at %s", until);
	else
		finding_ok(&d->findings, "server-certificate", "valid until %s", until);
	check_renewal(d, &s);
	server_cert_state_clear(&s);
}
