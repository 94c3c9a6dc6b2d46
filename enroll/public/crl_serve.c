/* CRLs over HTTP. See crl_serve.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hex.h"
#include "http_cache.h"
#include "pem.h"
#include "store/status/crl_row.h"
#include "timestamp.h"

#include "crl/crl_cache.h"
#include "crl_serve.h"
#include "rest/rest.h"

#define SHARD_DIGITS 4

/* --- names of files --------------------------------------------------------------------------- */

static bool
cut_suffix(char *text, const char *suffix)
{
	size_t n = strlen(text), s = strlen(suffix);

	if (n <= s || strcasecmp(text + n - s, suffix) != 0)
		return false;
	text[n - s] = '\0';
	return true;
}

/* "-s12" at the end of stem: cut off, and its number; else false. */
static bool
cut_shard(char *stem, int *shard)
{
	char *dash = strrchr(stem, '-');
	size_t digits;

	if (dash == NULL || dash == stem || (dash[1] != 's' && dash[1] != 'S'))
		return false;
	digits = strspn(dash + 2, "0123456789");
	if (digits == 0 || digits > SHARD_DIGITS || dash[2 + digits] != '\0' ||
	    (digits > 1 && dash[2] == '0'))
		return false;
	*shard = atoi(dash + 2);
	if (*shard >= CA_SHARDS_MAX)
		return false;
	*dash = '\0';
	return true;
}

bool
crl_name_split(const char *name, char stem[CRL_FILE_SIZE], bool *is_pem)
{
	*stem = '\0';
	*is_pem = false;
	if (strlen(name) >= CRL_FILE_SIZE)
		return false;
	strcpy(stem, name);
	*is_pem = cut_suffix(stem, ".pem");
	return *is_pem || cut_suffix(stem, ".crl");
}

int
crl_file_parse(const struct ca_set *cas, const char *name, struct crl_file *out,
    struct gh_error *err)
{
	char stem[CRL_FILE_SIZE];

	memset(out, 0, sizeof(*out));
	out->shard = STORE_CRL_COMPLETE;
	if ((out->ca = ca_set_find_slug(cas, name)) != NULL)
		return 0;
	snprintf(stem, sizeof(stem), "%s", name); /* cut: it has no CA */
	if (cut_suffix(stem, "-delta"))
		out->is_delta = true;
	else if (!cut_shard(stem, &out->shard))
		out->ca = NULL;
	if (out->is_delta || out->shard != STORE_CRL_COMPLETE)
		out->ca = ca_set_find_slug(cas, stem);
	if (out->ca == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such CRL.");
	return 0;
}

/* --- replies ---------------------------------------------------------------------------------- */

/* Takes the reference of c->body. */
static void
put_body(const struct crl_cached *c, bool is_pem, struct gh_http_reply *rep)
{
	rep->status = 200;
	if (!is_pem) {
		rep->shared = c->body;
		return;
	}
	rep->stream = gh_pem_stream("X509 CRL", c->body);
	if (rep->stream == NULL)
		rep->status = 500;
}

/* The same. */
static void
reply(const struct gh_http_request *http, const struct crl_cached *c, bool is_pem,
    struct gh_http_reply *rep)
{
	char tag[80], hex[2 * sizeof(c->crl.sha256) + 1];

	snprintf(tag, sizeof(tag), "\"%s%s\"",
	    gh_hex_lower(c->crl.sha256, sizeof(c->crl.sha256), hex), is_pem ? "-pem" : "");
	gh_http_cache_headers(rep, tag, c->crl.this_update, c->crl.next_update, gh_now());
	gh_http_reply_type(rep, is_pem ? "application/x-pem-file" : "application/pkix-crl");
	if (gh_http_is_not_modified(http, tag, c->crl.this_update)) {
		rep->status = 304;
		gh_shared_unref(c->body);
		return;
	}
	put_body(c, is_pem, rep);
}

/* name: of the file, without ".crl" or ".pem". */
static int
find(const struct worker_env *env, const char *name, struct crl_cached *out, struct gh_error *err)
{
	struct crl_file file;
	int rc;

	if (env->catalog == NULL)
		return gh_fail(err, GH_E_DB_DOWN, "no configuration read from the database yet");
	rc = crl_file_parse(&env->catalog->cas, name, &file, err);
	return rc == 0 ? crl_cache_get(env->store, &file, name, out, err) : rc;
}

void
crl_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	struct crl_cached found;
	char name[CRL_FILE_SIZE];
	bool is_pem;
	int rc;

	if (!crl_name_split(call_text(call->parts, "name"), name, &is_pem))
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "CRLs end in .crl (DER) or .pem.");
	else
		rc = find(env, name, &found, &err);
	if (rc != 0)
		rest_error(&err, call->http->request_id, NULL, rep);
	else
		reply(call->http, &found, is_pem, rep);
}

bool
crl_get_cached(const struct gh_http_request *http, const char *file, struct gh_http_reply *rep)
{
	struct crl_cached found;
	char name[CRL_FILE_SIZE];
	bool is_pem;

	if (!crl_name_split(file, name, &is_pem) || !crl_cache_find(name, &found))
		return false;
	reply(http, &found, is_pem, rep);
	return true;
}
