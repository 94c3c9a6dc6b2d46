/* See key_secret.h. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "durable_file.h"

#include "failure.h"
#include "file.h"
#include "key_secret.h"
#include "prompt.h"

const char *const key_kind_names[] = {"private_key", "symmetric_key", "passphrase", NULL};
struct key_secret_options key_secret_options;

void
key_secret_clear(struct key_secret *s)
{
	gh_buf_free(&s->octets);
	gh_buf_free(&s->spki);
}

static enum kra_kind
find_kind(const char *name)
{
	for (int i = 0; name != NULL && key_kind_names[i] != NULL; i++)
		if (strcmp(name, key_kind_names[i]) == 0)
			return (enum kra_kind)(KRA_ASYMMETRIC + i);
	return name == NULL ? KRA_ASYMMETRIC : 0;
}

int
key_secret_check(const char *who)
{
	const struct key_secret_options *o = &key_secret_options;
	enum kra_kind kind = find_kind(o->kind);

	if (kind == 0)
		return command_usage(who, "--kind is private_key, symmetric_key or passphrase");
	if (o->in == NULL && kind != KRA_PASSPHRASE)
		return command_usage(who, "--in FILE names the key");
	if (o->password_file != NULL && kind != KRA_ASYMMETRIC)
		return command_usage(who, "--in-password-file is for a private key");
	return COMMAND_OK;
}

/* ---- reading a private key ---- */

/* The password, asked for when the file turns out to need one. */
struct lock {
	const char *path;
	char *password;
	bool was_asked;
	struct gh_error err;
};

static int
give_password(char *buf, int size, int rwflag, void *arg)
{
	struct lock *l = arg;
	char question[160];

	snprintf(question, sizeof(question), "password of %.120s", l->path);
	if (!l->was_asked &&
	    prompt_password(key_secret_options.password_file, question, false, &l->password,
		&l->err) != 0)
		l->password = NULL;
	l->was_asked = true;
	return prompt_give_password(buf, size, rwflag, l->password);
}

static int
refuse_key(const struct lock *l, struct gh_error *err)
{
	ERR_clear_error();
	if (l->was_asked && l->password == NULL)
		return gh_refuse(err, GH_E_CONF, "%s", l->err.message);
	if (l->was_asked)
		return gh_refuse(err, GH_E_CONF,
		    "%.150s: the password is wrong, or the key is damaged", l->path);
	return gh_refuse(err, GH_E_CONF, "%.150s: no private key, PEM or DER", l->path);
}

static int
decode_key(const char *data, size_t len, struct lock *l, EVP_PKEY **out, struct gh_error *err)
{
	const unsigned char *p = (const unsigned char *)data;
	OSSL_DECODER_CTX *ctx;
	bool ok;

	*out = NULL;
	ctx = OSSL_DECODER_CTX_new_for_pkey(out, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
	ok = ctx != NULL && OSSL_DECODER_CTX_set_pem_password_cb(ctx, give_password, l) == 1 &&
	    OSSL_DECODER_from_data(ctx, &p, &len) == 1 && *out != NULL;
	OSSL_DECODER_CTX_free(ctx);
	prompt_free(l->password);
	if (ok)
		return 0;
	EVP_PKEY_free(*out);
	*out = NULL;
	return refuse_key(l, err);
}

static int
put_key(EVP_PKEY *key, struct key_secret *out, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL, *spki = NULL;
	int n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : 0;
	int spki_len = i2d_PUBKEY(key, &spki);

	if (n > 0 && spki_len > 0) {
		gh_buf_put(&out->octets, der, (size_t)n);
		gh_buf_put(&out->spki, spki, (size_t)spki_len);
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	OPENSSL_free(spki);
	ERR_clear_error();
	if (n <= 0 || spki_len <= 0)
		return gh_refuse(err, GH_E_CONF, "this kind of key cannot be archived");
	return gh_buf_check(&out->octets, err);
}

static int
read_key(const char *data, size_t len, struct key_secret *out, struct gh_error *err)
{
	struct lock lock = {.path = key_secret_options.in};
	EVP_PKEY *key;
	int rc = decode_key(data, len, &lock, &key, err);

	if (rc == 0)
		rc = put_key(key, out, err);
	EVP_PKEY_free(key);
	return rc;
}

/* ---- reading ---- */

static int
read_file(struct key_secret *out, struct gh_error *err)
{
	char *data;
	size_t len;
	int rc = file_read(key_secret_options.in, &data, &len, err);

	if (rc != 0)
		return rc;
	if (out->kind == KRA_ASYMMETRIC)
		rc = read_key(data, len, out, err);
	else if (len == 0 || len > KRA_SECRET_MAX)
		rc = gh_refuse(err, GH_E_CONF, "%.150s: a key of %zu octets is not archived",
		    key_secret_options.in, len);
	else
		gh_buf_put(&out->octets, data, len);
	OPENSSL_cleanse(data, len);
	free(data);
	return rc;
}

static int
read_passphrase(struct key_secret *out, struct gh_error *err)
{
	char *text;
	int rc = prompt_password(key_secret_options.in, "passphrase", true, &text, err);

	if (rc == 0)
		gh_buf_puts(&out->octets, text);
	prompt_free(text);
	return rc;
}

static void
begin(struct key_secret *out, enum kra_kind kind)
{
	memset(out, 0, sizeof(*out));
	gh_buf_init(&out->octets, KRA_SECRET_MAX);
	gh_buf_init(&out->spki, KRA_SECRET_MAX);
	out->octets.secret = true;
	out->kind = kind;
}

int
key_secret_of_key(EVP_PKEY *key, struct key_secret *out, struct gh_error *err)
{
	int rc;

	begin(out, KRA_ASYMMETRIC);
	if ((rc = put_key(key, out, err)) != 0)
		key_secret_clear(out);
	return rc;
}

int
key_secret_read(struct key_secret *out, struct gh_error *err)
{
	int rc;

	begin(out, find_kind(key_secret_options.kind));
	rc = out->kind == KRA_PASSPHRASE ? read_passphrase(out, err) : read_file(out, err);
	if (rc == 0)
		rc = gh_buf_check(&out->octets, err);
	if (rc != 0)
		key_secret_clear(out);
	return rc;
}

/* ---- writing ---- */

static bool
is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

static int
check_folder(const char *path, struct gh_error *err)
{
	char *copy = strdup(path);
	int rc = 0;

	if (copy == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", path);
	if (access(dirname(copy), W_OK | X_OK) != 0)
		rc = gh_refuse(err, GH_E_CONF, "%.150s cannot be made: %s", path, strerror(errno));
	free(copy);
	return rc;
}

int
key_secret_check_path(const char *path, bool to_terminal, struct gh_error *err)
{
	struct stat st;

	if (is_stdout(path)) {
		if (isatty(STDOUT_FILENO) && !to_terminal)
			return gh_refuse(err, GH_E_CONF,
			    "a secret is not shown on a terminal: name a file with --out, or give --terminal");
		return 0;
	}
	if (lstat(path, &st) != 0)
		return check_folder(path, err);
	return gh_refuse(err, GH_E_CONFLICT,
	    "%.150s is there already: name another file with --out", path);
}

int
key_secret_write_octets(const char *path, const void *p, size_t len, struct gh_error *err)
{
	if (!is_stdout(path))
		return gh_file_write(path, p, len, 0600, false, err);
	if (fwrite(p, 1, len, stdout) != len || fflush(stdout) != 0)
		return gh_refuse(err, GH_E_CONF, "standard output: %s", strerror(errno));
	return 0;
}

static int
write_key(const char *path, const struct gh_buf *der, const char *password, struct gh_error *err)
{
	const unsigned char *p = der->data;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der->len);
	BIO *bio = BIO_new(BIO_s_secmem());
	char *pem;
	long n;
	int rc;

	if (key == NULL || bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, key, password != NULL ? EVP_aes_256_cbc() : NULL,
		password, password != NULL ? (int)strlen(password) : 0, NULL, NULL) != 1) {
		ERR_clear_error();
		rc = gh_refuse(err, GH_E_BAD_JSON, "what was recovered is no private key");
	} else {
		n = BIO_get_mem_data(bio, &pem);
		rc = key_secret_write_octets(path, pem, (size_t)n, err);
	}
	EVP_PKEY_free(key);
	BIO_free(bio);
	return rc;
}

int
key_secret_write(const char *path, enum kra_kind kind, const struct gh_buf *octets,
    const char *password, struct gh_error *err)
{
	if (kind == KRA_ASYMMETRIC)
		return write_key(path, octets, password, err);
	return key_secret_write_octets(path, octets->data, octets->len, err);
}
