/* Secrets in files of their own, which the configuration names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "conf.h"
#include "hex.h"

#define SECRET_LINE_MAX 4096

int
gh_conf_read_secret(const char *path, char **out, struct gh_error *err)
{
	char line[SECRET_LINE_MAX + 2];
	FILE *f = fopen(path, "re");
	char *got;
	int ret = 0;

	*out = NULL;
	if (f == NULL)
		return gh_refuse(err, GH_E_CONF, "%.160s: %m", path);
	setvbuf(f, NULL, _IONBF, 0); /* no copy of the secret in stdio's buffer */
	got = fgets(line, sizeof(line), f);
	fclose(f);
	if (got == NULL)
		return gh_refuse(err, GH_E_CONF, "%.160s: is empty or cannot be read", path);
	line[strcspn(line, "\r\n")] = '\0';
	if (strlen(line) > SECRET_LINE_MAX)
		ret = gh_refuse(err, GH_E_CONF, "%.160s: first line is longer than %d bytes", path,
		    SECRET_LINE_MAX);
	else if ((*out = strdup(line)) == NULL)
		ret = gh_fail(err, GH_E_NOMEM, "%s", path);
	OPENSSL_cleanse(line, sizeof(line));
	return ret;
}

int
gh_conf_read_key(const char *path, unsigned char out[32], struct gh_error *err)
{
	unsigned char *p = NULL;
	size_t n = 0;
	char *text;
	int ret;

	memset(out, 0, 32);
	if ((ret = gh_conf_read_secret(path, &text, err)) != 0)
		return ret;
	if (strlen(text) != 64 || gh_hex_decode(text, 64, &p, &n, NULL) != 0)
		ret = gh_refuse(err, GH_E_CONF, "%.160s: must hold 64 hex digits", path);
	else
		memcpy(out, p, 32);
	OPENSSL_cleanse(text, strlen(text));
	if (p != NULL)
		OPENSSL_cleanse(p, n);
	free(text);
	free(p);
	return ret;
}
