/* See est_folder.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "durable_file.h"

#include "client/client_files.h"
#include "client/client_key.h"
#include "file.h"

#include "est_certs.h"
#include "est_folder.h"

#define CURRENT "current"
#define NEXT "next"
#define SPARE "current.new" /* the link before it gets its name */
#define KEEP 2              /* generations: the one in use and the one before */

/* ---- paths ---- */

int
est_folder_name(const struct est_folder *f, const char *file, char out[PATH_MAX],
    struct gh_error *err)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", f->path, file);

	return n > 0 && n < PATH_MAX
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "the name of the folder is too long");
}

bool
est_folder_has(const struct est_folder *f, const char *file)
{
	char path[PATH_MAX];

	return est_folder_name(f, file, path, NULL) == 0 && access(path, F_OK) == 0;
}

static int
failed(const char *what, const char *path, struct gh_error *err)
{
	return gh_refuse(err, GH_E_CONF, "%s %.150s: %s", what, path, strerror(errno));
}

/* What was renamed or linked in a folder stays so, whatever happens now. */
static int
sync_folder(const char *path, struct gh_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) != 0)
		rc = failed("cannot sync", path, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- generations ---- */

/* With all files in it, also those that a writer who died has left. */
static void
remove_generation(const struct est_folder *f, const char *name)
{
	char path[PATH_MAX];
	DIR *dir = est_folder_name(f, name, path, NULL) == 0 ? opendir(path) : NULL;

	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	(void)rmdir(path);
}

static bool
is_number(const char *name, int *out)
{
	char *end;
	long n = strtol(name, &end, 10);

	if (name[0] < '1' || name[0] > '9' || *end != '\0' || n >= INT_MAX)
		return false;
	*out = (int)n;
	return true;
}

/* The highest number that a generation has; 0: there is none. With drop_below, those below it are
 * removed. */
static int
look_through(const struct est_folder *f, int drop_below)
{
	DIR *dir = opendir(f->path);
	int last = 0, n;

	if (dir == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (!is_number(e->d_name, &n))
			continue;
		if (n > last)
			last = n;
		if (n < drop_below)
			remove_generation(f, e->d_name);
	}
	closedir(dir);
	return last;
}

/* Give `current` its new target. */
static int
link_to(const struct est_folder *f, int number, struct gh_error *err)
{
	char name[16], spare[PATH_MAX], current[PATH_MAX];
	int rc = est_folder_name(f, SPARE, spare, err);

	snprintf(name, sizeof(name), "%d", number);
	if (rc == 0)
		rc = est_folder_name(f, CURRENT, current, err);
	if (rc != 0)
		return rc;
	(void)unlink(spare); /* of one who died here */
	if (symlink(name, spare) != 0 || rename(spare, current) != 0)
		return failed("cannot link", current, err);
	return sync_folder(f->path, err);
}

/* Whoever died between the two renames of a change has left the pair whole, and out of use. */
static int
finish_change(const struct est_folder *f, struct gh_error *err)
{
	char path[PATH_MAX], name[16] = "";
	int last = look_through(f, 0), in_use = 0, rc = est_folder_name(f, CURRENT, path, err);
	ssize_t n;

	if (rc != 0 || last == 0)
		return rc;
	n = readlink(path, name, sizeof(name) - 1);
	if (n > 0 && !is_number(name, &in_use))
		return gh_refuse(err, GH_E_CONF, "%.150s does not point to a number", path);
	return last > in_use ? link_to(f, last, err) : 0;
}

/* Whoever else could write here could put his key for ours, or a link to files that are removed. */
static int
check_owner(const struct est_folder *f, struct gh_error *err)
{
	struct stat st;

	if (fstat(f->lock, &st) != 0)
		return failed("cannot look at", f->path, err);
	if (st.st_uid != geteuid())
		return gh_refuse(err, GH_E_CONF,
		    "%.150s belongs to another user: run this as that user", f->path);
	return (st.st_mode & (S_IWGRP | S_IWOTH)) == 0
	    ? 0
	    : gh_refuse(err, GH_E_CONF,
		  "others may write in %.150s, where keys are: use `chmod go-w`", f->path);
}

int
est_folder_open(struct est_folder *f, const char *path, bool make, struct gh_error *err)
{
	int rc;

	*f = (struct est_folder){.path = path, .lock = -1};
	if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
		return failed("cannot make", path, err);
	f->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock < 0)
		return failed("cannot open", path, err);
	if ((rc = check_owner(f, err)) != 0)
		return rc;
	if (flock(f->lock, LOCK_EX | LOCK_NB) != 0)
		return gh_refuse(err, GH_E_CONFLICT, "another process is at work in %.150s", path);
	return finish_change(f, err);
}

void
est_folder_close(struct est_folder *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}

/* ---- what is in use ---- */

static int
load_cert(const char *path, X509 **out, struct gh_error *err)
{
	STACK_OF(X509) * certs;
	int rc = client_files_load_certs(path, &certs, err);

	*out = NULL;
	if (rc == 0)
		*out = sk_X509_shift(certs);
	est_certs_free(rc == 0 ? certs : NULL);
	return rc;
}

int
est_folder_current(const struct est_folder *f, EVP_PKEY **key, X509 **cert, struct gh_error *err)
{
	char path[PATH_MAX];
	EVP_PKEY *k = NULL;
	X509 *c = NULL;
	int rc;

	if (!est_folder_has(f, CURRENT))
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "%.150s holds no certificate yet: use `gatehouse est enroll`", f->path);
	if ((rc = est_folder_name(f, CURRENT "/key.pem", path, err)) == 0)
		rc = client_key_load(path, NULL, &k, err);
	if (rc == 0 && (rc = est_folder_name(f, CURRENT "/cert.pem", path, err)) == 0)
		rc = load_cert(path, &c, err);
	if (rc == 0 && EVP_PKEY_eq(X509_get0_pubkey(c), k) != 1)
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s: the certificate is not for the key beside it", f->path);
	ERR_clear_error();
	if (rc == 0 && key != NULL) {
		*key = k;
		k = NULL;
	}
	if (rc == 0 && cert != NULL) {
		*cert = c;
		c = NULL;
	}
	EVP_PKEY_free(k);
	X509_free(c);
	return rc;
}

/* ---- what is to come ---- */

static int
make_next(const struct est_folder *f, char key[PATH_MAX], struct gh_error *err)
{
	char path[PATH_MAX];
	int rc = est_folder_name(f, NEXT, path, err);

	if (rc == 0)
		rc = est_folder_name(f, NEXT "/key.pem", key, err);
	if (rc == 0 && mkdir(path, 0700) != 0 && errno != EEXIST)
		rc = failed("cannot make", path, err);
	return rc == 0 ? sync_folder(f->path, err) : rc;
}

int
est_folder_put_next_key(const struct est_folder *f, EVP_PKEY *key, struct gh_error *err)
{
	char path[PATH_MAX];
	int rc = make_next(f, path, err);

	return rc == 0 ? client_key_write(path, key, NULL, true, err) : rc;
}

int
est_folder_next_key(const struct est_folder *f, const char *type, EVP_PKEY **key,
    struct gh_error *err)
{
	char path[PATH_MAX];
	int rc = make_next(f, path, err);

	*key = NULL;
	if (rc == 0 && access(path, F_OK) == 0)
		return client_key_load(path, NULL, key, err);
	if (rc == 0)
		rc = client_key_generate(type, key, err);
	if (rc == 0 && (rc = client_key_write(path, *key, NULL, false, err)) != 0) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return rc;
}

void
est_folder_drop_next(const struct est_folder *f)
{
	remove_generation(f, NEXT);
}

/* ---- the change ---- */

static int
write_certs(const struct est_folder *f, const char *file, STACK_OF(X509) * certs,
    struct gh_error *err)
{
	char *text = est_certs_pem(certs);
	int rc = text != NULL ? est_folder_write(f, file, text, err)
			      : gh_fail(err, GH_E_NOMEM, "certificates");

	free(text);
	return rc;
}

/* cert.pem is what a TLS server wants: the certificate and its issuers. */
static int
fill_next(const struct est_folder *f, X509 *cert, STACK_OF(X509) * chain, struct gh_error *err)
{
	STACK_OF(X509) *all = sk_X509_dup(chain);
	int rc = 0;

	if (all == NULL || sk_X509_unshift(all, cert) <= 0)
		rc = gh_fail(err, GH_E_NOMEM, "chain");
	if (rc == 0)
		rc = write_certs(f, NEXT "/cert.pem", all, err);
	if (rc == 0 && sk_X509_num(chain) > 0)
		rc = write_certs(f, NEXT "/chain.pem", chain, err);
	sk_X509_free(all);
	return rc;
}

static int
switch_to(const struct est_folder *f, int number, struct gh_error *err)
{
	char name[16], next[PATH_MAX], to[PATH_MAX];
	int rc = est_folder_name(f, NEXT, next, err);

	snprintf(name, sizeof(name), "%d", number);
	if (rc == 0)
		rc = est_folder_name(f, name, to, err);
	if (rc == 0)
		rc = sync_folder(next, err);
	if (rc == 0 && rename(next, to) != 0)
		rc = failed("cannot rename", next, err);
	if (rc == 0)
		rc = sync_folder(f->path, err);
	return rc == 0 ? link_to(f, number, err) : rc;
}

int
est_folder_commit(const struct est_folder *f, X509 *cert, STACK_OF(X509) * chain, int *number,
    struct gh_error *err)
{
	int rc = fill_next(f, cert, chain, err);

	*number = look_through(f, 0) + 1;
	if (rc == 0)
		rc = switch_to(f, *number, err);
	if (rc == 0)
		(void)look_through(f, *number - KEEP + 1);
	return rc;
}

/* ---- other files ---- */

int
est_folder_write(const struct est_folder *f, const char *file, const char *text,
    struct gh_error *err)
{
	char path[PATH_MAX];
	int rc = est_folder_name(f, file, path, err);

	return rc == 0 ? gh_file_write(path, text, strlen(text), 0644, true, err) : rc;
}

int
est_folder_settings(const struct est_folder *f, gh_json **out, struct gh_error *err)
{
	char path[PATH_MAX];
	int rc = est_folder_name(f, "est.json", path, err);

	*out = NULL;
	return rc == 0 ? file_read_json(path, out, err) : rc;
}
