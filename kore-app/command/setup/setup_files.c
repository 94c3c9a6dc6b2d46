/* `gatehouse setup`: folders and files, each with the owner and the mode that it needs. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "authority/loaded_ca.h"
#include "durable_file.h"
#include "http/tls_pair.h"

#include "file.h"
#include "setup.h"

int
setup_give(const char *path, const char *owner, const char *group, mode_t mode,
    struct gh_error *err)
{
	const struct passwd *pw = owner[0] != '\0' ? getpwnam(owner) : NULL;
	const struct group *gr;
	gid_t gid;

	if (geteuid() != 0 || owner[0] == '\0')
		return 0;
	if (pw == NULL)
		return gh_refuse(err, GH_E_CONF, "there is no user \"%.60s\" to own %.160s", owner,
		    path);
	gid = pw->pw_gid;
	if (group != NULL && (gr = getgrnam(group)) != NULL)
		gid = gr->gr_gid;
	return file_give(path, pw->pw_uid, gid, mode, err);
}

/* What root makes below a folder of another user is made as that user: nothing there can lead root
 * astray. */
static int
become(const char *user, struct gh_error *err)
{
	const struct passwd *pw = user[0] != '\0' ? getpwnam(user) : NULL;

	if (geteuid() != 0 || pw == NULL)
		return 0;
	if (setegid(pw->pw_gid) != 0 || seteuid(pw->pw_uid) != 0)
		return gh_fail(err, GH_E_INTERNAL, "change of user: %s", strerror(errno));
	return 0;
}

static void
return_to_self(void)
{
	if (seteuid(getuid()) != 0 || setegid(getgid()) != 0)
		abort();
}

static int
make_folder(const char *path, mode_t mode, bool *is_new, struct gh_error *err)
{
	*is_new = mkdir(path, mode) == 0;
	if (*is_new || errno == EEXIST)
		return 0;
	return gh_refuse(err, GH_E_CONF, "cannot make the folder %.160s: %s", path,
	    strerror(errno));
}

/* ---- folders, the directory's CA and password ---- */

int
setup_folders(const struct setup *s, struct gh_error *err)
{
	bool is_new;
	int rc = make_folder(s->conf_dir, 0751, &is_new, err);

	if (rc == 0 && is_new)
		rc =
		    setup_give(s->conf_dir, "root", s->user[0] != '\0' ? s->user : NULL, 0751, err);
	if (rc == 0)
		rc = make_folder(s->o.state_dir, 0750, &is_new, err);
	if (rc == 0 && is_new)
		rc = setup_give(s->o.state_dir, s->user, NULL, 0750, err);
	return rc;
}

/* Readable for the gateway's user wherever the original lies. The system's own list stays where it
 * is updated. */
static int
keep_ca(struct setup *s, struct gh_error *err)
{
	const char *from = conf_settings_get(&s->settings, "directory.ca_file");
	char to[SETUP_PATH_SIZE + 32], *pem = NULL;
	size_t len;
	int rc;

	if (from == NULL || from[0] == '\0' || strncmp(from, "/etc/ssl/", 9) == 0)
		return 0;
	snprintf(to, sizeof(to), "%s/directory-ca.pem", s->conf_dir);
	rc = file_read(from, &pem, &len, err);
	if (rc == 0)
		rc = gh_file_write(to, pem, len, 0644, true, err);
	free(pem);
	if (rc == 0)
		rc = conf_settings_set(&s->settings, "directory.ca_file", to, err);
	return rc == 0 ? report_add(&s->made.report, "files", to, true, err) : rc;
}

static int
keep_password(struct setup *s, struct gh_error *err)
{
	char to[SETUP_PATH_SIZE + 32], *line = NULL;
	int n, rc;

	if (s->directory_password == NULL)
		return 0;
	snprintf(to, sizeof(to), "%s/ldap.password", s->conf_dir);
	n = asprintf(&line, "%s\n", s->directory_password);
	rc = n > 0 ? gh_file_write(to, line, (size_t)n, 0600, true, err)
		   : gh_fail(err, GH_E_NOMEM, "password");
	if (n > 0)
		OPENSSL_cleanse(line, (size_t)n);
	free(line);
	if (rc == 0)
		rc = setup_give(to, "root", s->user[0] != '\0' ? s->user : NULL,
		    s->user[0] != '\0' ? 0640 : 0600, err);
	if (rc == 0)
		rc = conf_settings_set(&s->settings, "directory.password_file", to, err);
	return rc == 0 ? report_add(&s->made.report, "files", to, true, err) : rc;
}

int
setup_files(struct setup *s, struct gh_error *err)
{
	int rc = setup_folders(s, err);

	if (rc == 0 && s->is_new)
		rc = keep_ca(s, err);
	if (rc == 0 && s->is_new)
		rc = keep_password(s, err);
	return rc == 0 && s->is_new ? setup_load(s, err) : rc;
}

int
setup_write_conf(struct setup *s, struct gh_error *err)
{
	char *text;
	int rc;

	if (!s->is_new)
		return report_add(&s->made.report, "files", s->conf_path, false, err);
	text = conf_settings_text(&s->settings);
	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "configuration");
	rc = gh_file_write(s->conf_path, text, strlen(text), 0640, false, err);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	if (rc == 0)
		rc = setup_give(s->conf_path, "root", s->user[0] != '\0' ? s->user : NULL, 0640,
		    err);
	return rc == 0 ? report_add(&s->made.report, "files", s->conf_path, true, err) : rc;
}

/* ---- the server certificate ---- */

/* The folder of the file belongs to who renews it: the gateway's user. */
static int
write_pem(const struct setup *s, const char *path, const char *pem, struct gh_error *err)
{
	char folder[SETUP_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	bool is_new;
	int rc;

	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) : 1,
	    slash != NULL ? path : ".");
	rc = become(s->user, err);
	if (rc == 0)
		rc = make_folder(folder, 0700, &is_new, err);
	if (rc == 0)
		rc = gh_file_write(path, pem, strlen(pem), 0600, true, err);
	return_to_self();
	return rc;
}

static int
issue(struct setup *s, const char *path, struct gh_error *err)
{
	struct loaded_ca ca = {NULL, NULL};
	struct server_cert_issue i = {.conf = s->env.conf,
	    .store = s->env.store,
	    .who = &s->env.who};
	char *pem = NULL;
	int rc = loaded_ca_open(s->env.store, s->o.make.ca_name, &ca, err);

	if (rc == 0 && s->made.signer.client == NULL)
		rc = own_signer_start(s->env.conf, SIGNER_PROCESS_CA, &s->made.signer, err);
	i.ca = ca.ca;
	i.signer = s->made.signer.client;
	if (rc == 0)
		rc = server_cert_issue(&i, &s->names, &pem, err);
	if (rc == 0)
		rc = write_pem(s, path, pem, err);
	server_cert_pem_free(pem);
	loaded_ca_close(&ca);
	if (rc != 0)
		return rc;
	rc = report_add(&s->made.report, "server", path, true, err);
	for (size_t n = 0; n < s->names.n; n++)
		report_note(&s->made.report, "name %s", s->names.name[n]);
	report_note(&s->made.report, "valid for %d days; the job server-certificate renews it",
	    SERVER_CERT_DAYS);
	return rc;
}

int
setup_server_cert(struct setup *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->env.conf;
	const char *path = conf->gateway.certificate;
	struct tls_pair pair;
	int rc;

	if (strcmp(path, conf->gateway.key) == 0 && access(path, F_OK) != 0)
		return errno == ENOENT
		    ? issue(s, path, err)
		    : gh_refuse(err, GH_E_CONF, "gateway.certificate: %.160s: %s", path,
			  strerror(errno));
	rc = tls_pair_read(path, conf->gateway.key, "", &pair, err);
	tls_pair_clear(&pair);
	return rc == 0 ? report_add(&s->made.report, "server", path, false, err) : rc;
}
