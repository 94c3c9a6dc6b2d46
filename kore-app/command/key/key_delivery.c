/* See key_delivery.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "encoding.h"

#include "failure.h"
#include "key_delivery.h"
#include "key_call.h"
#include "key_secret.h"
#include "prompt.h"

#define P12_MAX (256 * 1024) /* bytes */

struct key_delivery_options key_delivery_options;

static bool
is_stdout(void)
{
	return key_delivery_options.out != NULL && strcmp(key_delivery_options.out, "-") == 0;
}

int
key_delivery_check(const struct verb_call *c)
{
	return c->json && is_stdout()
	    ? command_usage(c->who, "--out - is the secret alone: not with --json")
	    : COMMAND_OK;
}

int
key_delivery_show(struct verb_call *c)
{
	return is_stdout() ? output_finish() : output_object(c->out, "links");
}

/* ---- where ---- */

static int
find_kind(const gh_json *key, enum kra_kind *out, struct gh_error *err)
{
	const char *kind = key_call_text(key, "kind");

	for (int i = 0; key_kind_names[i] != NULL; i++) {
		if (strcmp(kind, key_kind_names[i]) == 0) {
			*out = (enum kra_kind)(KRA_ASYMMETRIC + i);
			return 0;
		}
	}
	return gh_refuse(err, GH_E_BAD_JSON, "the gateway says of a key that it is a \"%.40s\"",
	    kind);
}

static int
choose_path(const gh_json *key, const struct key_ticket *t, struct key_delivery *d,
    struct gh_error *err)
{
	static const char *const ends[] = {"pem", "key", "txt"};
	const char *out = key_delivery_options.out;
	int n = out != NULL ? snprintf(d->path, sizeof(d->path), "%s", out)
			    : snprintf(d->path, sizeof(d->path), "%s.%s", key_call_text(key, "id"),
				  t->form == KRA_PKCS12 ? "p12" : ends[d->kind - KRA_ASYMMETRIC]);

	if (n >= 0 && n < PATH_MAX && t->password[0] != '\0')
		n = snprintf(d->password_path, sizeof(d->password_path), "%s.password", d->path);
	/* an id that is none could lead anywhere */
	if (n < 0 || n >= PATH_MAX || (out == NULL && strchr(d->path, '/') != NULL))
		return gh_refuse(err, GH_E_CONF, "name a file with --out");
	return 0;
}

int
key_delivery_prepare(const gh_json *key, const struct key_ticket *t, struct key_delivery *out,
    struct gh_error *err)
{
	const struct key_delivery_options *o = &key_delivery_options;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_kind(key, &out->kind, err);
	if (rc == 0)
		rc = choose_path(key, t, out, err);
	if (rc == 0)
		rc = key_secret_check_path(out->path, o->to_terminal, err);
	if (rc == 0 && out->password_path[0] != '\0')
		rc = strcmp(out->path, "-") == 0
		    ? gh_refuse(err, GH_E_CONF, "the password was made: --out needs a file")
		    : key_secret_check_path(out->password_path, false, err);
	if (rc == 0 && (o->is_locked || o->password_file != NULL))
		rc = prompt_password(o->password_file, "password for the private key", true,
		    &out->password, err);
	if (rc != 0)
		key_delivery_clear(out);
	return rc;
}

void
key_delivery_clear(struct key_delivery *d)
{
	prompt_free(d->password);
	memset(d, 0, sizeof(*d));
}

/* ---- what ---- */

static int
take_wrapped(const struct key_delivery *d, const struct key_ticket *t, const gh_json *released,
    struct gh_error *err)
{
	struct gh_buf secret;
	int rc;

	gh_buf_init(&secret, KRA_SECRET_MAX);
	secret.secret = true;
	rc = key_session_open(t->key, released, &secret, err);
	if (rc == 0)
		rc = key_secret_write(d->path, d->kind, &secret, d->password, err);
	gh_buf_free(&secret);
	return rc;
}

static bool
is_pkcs12(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	PKCS12 *p12 = len <= P12_MAX ? d2i_PKCS12(NULL, &p, (long)len) : NULL;
	bool is = p12 != NULL && p == der + len;

	PKCS12_free(p12);
	ERR_clear_error();
	return is;
}

static int
write_pkcs12(const struct key_delivery *d, const struct key_ticket *t, const unsigned char *der,
    size_t len, struct gh_error *err)
{
	char line[KEY_TICKET_PASSWORD_SIZE + 1];
	int rc = 0, n;

	if (d->password_path[0] != '\0') {
		n = snprintf(line, sizeof(line), "%s\n", t->password);
		rc = key_secret_write_octets(d->password_path, line, (size_t)n, err);
		OPENSSL_cleanse(line, sizeof(line));
	}
	return rc == 0 ? key_secret_write_octets(d->path, der, len, err) : rc;
}

static int
take_pkcs12(const struct key_delivery *d, const struct key_ticket *t, const gh_json *released,
    struct gh_error *err)
{
	const char *value = key_call_text(released, "value");
	unsigned char *der = NULL;
	size_t len = 0;
	int rc;

	if (gh_base64_decode(value, strlen(value), &der, &len, NULL) != 0 || !is_pkcs12(der, len))
		rc = gh_refuse(err, GH_E_BAD_JSON, "the gateway sent no PKCS#12");
	else
		rc = write_pkcs12(d, t, der, len, err);
	free(der);
	return rc;
}

int
key_delivery_take(const struct key_delivery *d, const struct key_ticket *t, const gh_json *released,
    struct gh_error *err)
{
	return t->form == KRA_PKCS12 ? take_pkcs12(d, t, released, err)
				     : take_wrapped(d, t, released, err);
}
