/* `gatehouse audit verify` and `gatehouse audit key`: is the audit trail what was sealed? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "audit/audit_verify.h"
#include "hex.h"
#include "pem.h"
#include "audit/grant_verify.h"

#include "command.h"
#include "file.h"
#include "verb.h"

#define FINDINGS_MAX 1000 /* shown; more are counted */
#define PROGRESS_SEALS 100
#define PEM_MAX 4096 /* bytes of a public key */

/* ---- the public key ---- */

/* SubjectPublicKeyInfo of the signer's audit key; malloc'd. */
static int
ask_signer(const struct gh_conf *conf, unsigned char **spki, size_t *len, struct gh_error *err)
{
	struct worker_env env = {.conf = conf};
	int rc = env_open(&env, ENV_SIGNER, err);

	*spki = NULL;
	if (rc == 0)
		rc = signer_client_audit_key(env.signer, spki, len, err);
	env_close(&env);
	return rc;
}

/* PEM "PUBLIC KEY" of a file as DER; malloc'd. */
static int
read_key(const char *path, unsigned char **spki, size_t *len, struct gh_error *err)
{
	unsigned char *der = NULL;
	char *text;
	size_t n;
	EVP_PKEY *key;
	BIO *bio;
	int size, rc = file_read(path, &text, &n, err);

	*spki = NULL;
	if (rc != 0)
		return rc;
	bio = BIO_new_mem_buf(text, (int)n);
	key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	size = key != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? i2d_PUBKEY(key, &der) : -1;
	if (size <= 0) {
		rc = gh_refuse(err, GH_E_CONF, "%.180s holds no Ed25519 public key in PEM", path);
	} else if ((*spki = malloc((size_t)size)) == NULL) {
		rc = gh_fail(err, GH_E_NOMEM, "key");
	} else {
		memcpy(*spki, der, (size_t)size);
		*len = (size_t)size;
	}
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	BIO_free(bio);
	free(text);
	ERR_clear_error();
	return rc;
}

static unsigned char *key;
static size_t key_len;

static int
find_key(struct verb_call *c, struct gh_error *err)
{
	return ask_signer(c->env.conf, &key, &key_len, err);
}

static int
print_key(struct verb_call *c)
{
	struct gh_buf b;
	int rc;

	(void)c;
	gh_buf_init(&b, PEM_MAX);
	gh_pem_put(&b, "PUBLIC KEY", key, key_len);
	rc = gh_buf_check(&b, NULL);
	if (rc == 0)
		fputs((char *)b.data, stdout);
	gh_buf_free(&b);
	return rc == 0 ? output_finish() : COMMAND_FAILED;
}

static void
free_key(void)
{
	free(key);
}

const struct verb verb_audit_key = {
    .usage = {"", 0, 0,
	"Prints the public key that checks the seals of the audit trail, as PEM. Keep it apart from this machine.",
	"gatehouse audit key >audit-key.pem\n"},
    .options = verb_options,
    .needs = NEEDS_CONF,
    .work = find_key,
    .show = print_key,
    .clear = free_key,
};

/* ---- verify ---- */

static struct verify {
	const char *head_text;
	struct option_list files;
	int from;
	bool json;
	struct audit_verify v;
	unsigned char *spki[AUDIT_KEYS_MAX];
	unsigned char *head_bytes;
	gh_json *findings; /* with --json */
	bool failed;       /* out of memory */
} verify;

static const struct option_row verify_options[] = {
    VERB_CONFIG,
    {"public-key", 'k', OPTION_LIST, &verify.files, "FILE",
	"PEM of the audit key, kept since \"audit key\"; repeat for earlier ones (default: ask the signer)"},
    {"from", 0, OPTION_NUMBER, &verify.from, "SEAL", "begin with this seal (default: the first)"},
    {"expect-head", 0, OPTION_TEXT, &verify.head_text, "HEX",
	"a head printed earlier must be among the seals"},
    VERB_JSON,
    OPTION_END,
};

static void
on_found(void *arg, const struct audit_finding *f)
{
	struct verify *c = arg;

	if (c->v.findings > FINDINGS_MAX)
		return;
	if (!c->json) {
		output_safe(stdout, f->text);
		putchar('\n');
		return;
	}
	c->failed |= gh_json_append(c->findings, audit_finding_json(f)) != 0;
}

static void
on_progress(void *arg, int64_t seals, int64_t rows)
{
	(void)arg;
	if (seals % PROGRESS_SEALS == 0)
		fprintf(stderr, "%lld seals, %lld rows\n", (long long)seals, (long long)rows);
}

static int
add_key(struct verify *c, unsigned char *spki, size_t len)
{
	c->spki[c->v.keys] = spki;
	c->v.key[c->v.keys].spki = spki;
	c->v.key[c->v.keys++].len = len;
	return 0;
}

static int
take_keys(struct verify *c, const struct gh_conf *conf, struct gh_error *err)
{
	unsigned char *spki = NULL;
	size_t len = 0;
	int rc = 0;

	if (c->files.n > AUDIT_KEYS_MAX)
		return gh_refuse(err, GH_E_CONF, "at most %d public keys", AUDIT_KEYS_MAX);
	for (size_t i = 0; rc == 0 && i < c->files.n; i++) {
		rc = read_key(c->files.v[i], &spki, &len, err);
		if (rc == 0)
			add_key(c, spki, len);
	}
	if (rc == 0 && c->files.n == 0 && (rc = ask_signer(conf, &spki, &len, err)) == 0)
		add_key(c, spki, len);
	return rc;
}

static int
take_head(struct verify *c, struct gh_error *err)
{
	size_t len;

	if (c->head_text == NULL)
		return 0;
	if (strlen(c->head_text) != 2 * AUDIT_HASH_SIZE ||
	    gh_hex_decode(c->head_text, strlen(c->head_text), &c->head_bytes, &len, NULL) != 0)
		return gh_refuse(err, GH_E_CONF,
		    "--expect-head is the head that an earlier verify printed: %d hex digits",
		    2 * AUDIT_HASH_SIZE);
	c->v.expected_head = c->head_bytes;
	return 0;
}

/* The rows that the trail tells of. Who verifies may not have the gateway secret: then that is left
 * out, and said. */
static int
check_grants(struct verify *c, struct command_env *env, struct gh_error *err)
{
	struct audit_finding f = {.kind = AUDIT_GRANTS_WRONG};
	struct grant_verdict v;
	struct gh_error none;
	int rc;

	if (command_env_use_secret(env, &none) != 0) {
		fprintf(stderr, "rows that grant rights were not looked at: %s\n", none.message);
		return 0;
	}
	rc = grant_verify(env->store, &v, err);
	if (rc != 0 || v.is_whole)
		return rc;
	snprintf(f.text, sizeof(f.text), "%.*s", (int)sizeof(f.text) - 1, v.problem);
	c->v.findings++;
	on_found(c, &f);
	return 0;
}

static int
put_result(struct verb_call *call, char *head, struct gh_error *err)
{
	const struct audit_verify *v = &verify.v;
	gh_json *o = call->out = gh_json_new_object();

	if (verify.failed || gh_json_set_bool(o, "intact", v->findings == 0) != 0 ||
	    gh_json_set_int(o, "seals", v->seals) != 0 ||
	    gh_json_set_int(o, "rows", v->rows) != 0 ||
	    gh_json_set_int(o, "unsealed", v->unsealed) != 0 ||
	    gh_json_set_int(o, "last_seal", v->last.id) != 0 ||
	    gh_json_set_string(o, "head", head) != 0 ||
	    gh_json_set_int(o, "finding_count", v->findings) != 0 ||
	    gh_json_set(o, "findings", gh_json_ref(verify.findings)) != 0)
		return gh_fail(err, GH_E_NOMEM, "findings");
	return 0;
}

static int
run(struct verb_call *call, struct gh_error *err)
{
	struct verify *c = &verify;
	char *head;
	int rc;

	c->json = call->json;
	c->findings = gh_json_new_array();
	c->v.from = c->from;
	c->v.found = on_found;
	c->v.progress = isatty(STDERR_FILENO) ? on_progress : NULL;
	c->v.arg = c;
	rc = take_keys(c, call->env.conf, err);
	if (rc == 0)
		rc = audit_verify(call->env.store, &c->v, err);
	if (rc == 0)
		rc = check_grants(c, &call->env, err);
	if (rc != 0)
		return rc;
	head = c->v.last.id != 0 ? gh_hex_encode(c->v.last.head, AUDIT_HASH_SIZE) : NULL;
	rc = put_result(call, head, err);
	free(head);
	call->exit = c->v.findings > 0 ? COMMAND_FAILED : COMMAND_OK;
	return rc;
}

static int
show(struct verb_call *c)
{
	const struct audit_verify *v = &verify.v;
	const char *head = gh_json_string(gh_json_get(c->out, "head"));

	if (v->findings > FINDINGS_MAX)
		printf("... and %lld more\n", (long long)v->findings - FINDINGS_MAX);
	printf("%lld rows in %lld seals: %s\n", (long long)v->rows, (long long)v->seals,
	    v->findings == 0 ? "intact" : "NOT INTACT");
	if (v->unsealed > 0)
		printf("%lld rows wait for the next seal\n", (long long)v->unsealed);
	if (head != NULL)
		printf("head of seal %lld: %s\n", (long long)v->last.id, head);
	return output_finish();
}

static int
check_head(const struct verb_call *c)
{
	struct gh_error err;

	return take_head(&verify, &err) == 0 ? COMMAND_OK : command_fail(c->who, &err);
}

static void
clear(void)
{
	for (size_t i = 0; i < verify.v.keys; i++)
		free(verify.spki[i]);
	free(verify.head_bytes);
	gh_json_free(verify.findings);
}

const struct verb verb_audit_verify = {
    .usage = {"", 0, 0,
	"Compares the audit trail with its seals. Exit status 1: something was changed; the lines say what.",
	"gatehouse audit verify --public-key audit-key.pem --expect-head 51F0...\n"},
    .options = verify_options,
    .needs = NEEDS_STORE,
    .check = check_head,
    .work = run,
    .show = show,
    .clear = clear,
};
