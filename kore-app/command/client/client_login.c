/* See client_login.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "client_login.h"
#include "file.h"
#include "prompt.h"

#define TIMEOUT 60 /* seconds */

struct client_login_options client_login_options;

static const char *
or_environment(const char *given, const char *name)
{
	const char *v = given != NULL ? given : getenv(name);

	return v != NULL && v[0] != '\0' ? v : NULL;
}

static int
load_password(struct client_login *l, struct gh_error *err)
{
	const struct client_login_options *o = &client_login_options;
	const char *env = or_environment(NULL, "GATEHOUSE_PASSWORD");
	char question[128];

	if (l->http.user == NULL)
		return 0;
	if (strchr(l->http.user, ':') != NULL)
		return gh_refuse(err, GH_E_CONF,
		    "--user is a name alone: the password is asked for, or read from --password-file");
	if (o->password_file == NULL && env != NULL) {
		l->password = strdup(env);
		return l->password != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "password");
	}
	snprintf(question, sizeof(question), "password of %.100s", l->http.user);
	return prompt_password(o->password_file, question, false, &l->password, err);
}

/* Of which type is the client certificate, and is its key under a password? */
static int
look_at_files(struct client_login *l, bool *is_locked, struct gh_error *err)
{
	const char *key = l->http.tls_key != NULL ? l->http.tls_key : l->http.tls_cert;
	char *data;
	size_t len;
	int rc = file_read(key, &data, &len, err);

	if (rc != 0)
		return rc;
	l->http.tls_type = strstr(data, "-----BEGIN") != NULL ? "PEM" : "P12";
	*is_locked = strcmp(l->http.tls_type, "P12") == 0 || strstr(data, "ENCRYPTED") != NULL;
	OPENSSL_cleanse(data, len);
	free(data);
	return 0;
}

static int
load_tls_password(struct client_login *l, struct gh_error *err)
{
	const char *file = client_login_options.tls_password_file;
	bool is_locked = false;
	int rc;

	if (l->http.tls_cert == NULL)
		return 0;
	rc = look_at_files(l, &is_locked, err);
	if (rc == 0 && (is_locked || file != NULL))
		rc = prompt_password(file, "password of the key of --cert", false, &l->tls_password,
		    err);
	l->http.tls_password = l->tls_password;
	return rc;
}

static int
read_options(struct client_login *l, struct gh_error *err)
{
	const struct client_login_options *o = &client_login_options;

	l->http =
	    (struct client_http_options){.url = or_environment(verb_shared.url, "GATEHOUSE_URL"),
		.prefix = "",
		.ca_file = or_environment(o->ca_file, "GATEHOUSE_CAFILE"),
		.tls_cert = o->tls_cert,
		.tls_key = o->tls_key,
		.timeout = o->timeout > 0 ? o->timeout : TIMEOUT};
	/* a name from the environment does not go beside a certificate that was named */
	if (o->user != NULL || o->tls_cert == NULL)
		l->http.user = or_environment(o->user, "GATEHOUSE_USER");
	if (l->http.url == NULL)
		return gh_refuse(err, GH_E_CONF, "which gateway? give --url (or GATEHOUSE_URL)");
	return 0;
}

int
client_login_read(struct client_login *l, struct gh_error *err)
{
	int rc;

	memset(l, 0, sizeof(*l));
	rc = read_options(l, err);
	if (rc == 0)
		rc = load_password(l, err);
	if (rc == 0)
		rc = load_tls_password(l, err);
	l->http.password = l->password;
	return rc;
}

void
client_login_clear(struct client_login *l)
{
	prompt_free(l->password);
	prompt_free(l->tls_password);
	memset(l, 0, sizeof(*l));
}
