/*
 * `gatehouse enroll`: the enrollment client. It needs no configuration file and no database. The
 * key is on disk before the request is sent; whenever the client dies, --request-id gets the
 * certificate for it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "encoding.h"
#include "issuing/ca.h"

#include "client_csr.h"
#include "client_files.h"
#include "client_flow.h"
#include "client_key.h"
#include "command.h"
#include "enroll_options.h"
#include "enroll_result.h"
#include "file.h"
#include "prompt.h"

/* What is open while the client runs. */
struct enroll_job {
	const struct enroll_options *o;
	EVP_PKEY *key; /* private, or the public key of --csr */
	X509_REQ *csr;
	STACK_OF(X509) * roots;
	char *app_key, *password, *key_password, *p12_password;
	unsigned char *secret;
	size_t secret_len;
	struct client_http_options http_options;
	struct client_flow flow;
};

static void
job_close(struct enroll_job *j)
{
	client_http_free(j->flow.http);
	EVP_PKEY_free(j->key);
	X509_REQ_free(j->csr);
	sk_X509_pop_free(j->roots, X509_free);
	free(j->app_key);
	prompt_free(j->password);
	prompt_free(j->key_password);
	prompt_free(j->p12_password);
	if (j->secret != NULL)
		OPENSSL_cleanse(j->secret, j->secret_len);
	free(j->secret);
}

/* ---- credentials ---- */

/* A copy, so that all are freed alike. */
static int
copy_text(const char *text, char **out, struct gh_error *err)
{
	*out = strdup(text);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "text");
}

static int
load_secret(struct enroll_job *j, struct gh_error *err)
{
	char *line = NULL;
	int rc = 0;

	if (j->o->app_secret_file != NULL)
		rc =
		    prompt_password(j->o->app_secret_file, "application secret", false, &line, err);
	else if (j->o->app_secret != NULL)
		rc = copy_text(j->o->app_secret, &line, err);
	if (rc == 0 && line != NULL)
		rc = gh_secret_decode(line, &j->secret, &j->secret_len, err);
	prompt_free(line);
	return rc;
}

static int
load_credentials(struct enroll_job *j, struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	const char *env = getenv("GATEHOUSE_PASSWORD");
	int rc = load_secret(j, err);

	if (rc == 0 && o->app_key != NULL)
		rc = client_request_app_key(o->app_key, &j->app_key, err);
	if (rc == 0 && o->user != NULL) {
		if (o->password_file == NULL && env != NULL && env[0] != '\0')
			rc = copy_text(env, &j->password, err);
		else
			rc =
			    prompt_password(o->password_file, "password", false, &j->password, err);
	}
	if (rc == 0 && o->key_password_file != NULL)
		rc = prompt_password(o->key_password_file, "password of the key", false,
		    &j->key_password, err);
	if (rc == 0 && o->p12 != NULL)
		rc = prompt_password(o->p12_password_file, "password for the PKCS#12", true,
		    &j->p12_password, err);
	return rc;
}

static int
open_http(struct enroll_job *j, struct gh_error *err)
{
	const struct enroll_options *o = j->o;

	j->http_options = (struct client_http_options){.url = o->url,
	    .prefix = "/CMSApi",
	    .ca_file = o->ca_file,
	    .user = o->user,
	    .password = j->password,
	    .app_key = j->app_key,
	    .secret = j->secret,
	    .secret_len = j->secret_len,
	    .hash = o->hash,
	    .tls_cert = o->tls_cert,
	    .tls_key = o->tls_key,
	    .timeout = o->timeout};
	j->flow = (struct client_flow){.who = o->who,
	    .version = o->version,
	    .retry = o->retry,
	    .poll = o->poll};
	return client_http_new(&j->http_options, &j->flow.http, err);
}

/* ---- the key and the request ---- */

/* Before anything is sent: what would be overwritten? */
static int
check_free(const struct enroll_options *o, const char *path, const char *advice,
    struct gh_error *err)
{
	if (path == NULL || o->force || access(path, F_OK) != 0)
		return 0;
	return gh_refuse(err, GH_E_CONF, "%.150s is there already: %s", path, advice);
}

static int
check_outputs(const struct enroll_options *o, struct gh_error *err)
{
	int rc = 0;

	if (o->makes_key)
		rc = check_free(o, o->out_key, "use it with --key, choose --out-key, or --force",
		    err);
	if (rc == 0)
		rc = check_free(o, o->out_cert, "choose --out-cert, or --force to replace it", err);
	if (rc == 0 && !o->cert_only)
		rc = check_free(o, o->out_chain, "choose --out-chain, or --force to replace it",
		    err);
	if (rc == 0)
		rc = check_free(o, o->p12, "choose another --out-p12, or --force to replace it",
		    err);
	return rc;
}

/* Made if it is missing; a private key will lie in it. One that is there is used as it is. */
static int
make_out_dir(const char *path, struct gh_error *err)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return gh_refuse(err, GH_E_CONF, "cannot make %.150s: %s", path, strerror(errno));
}

static int
prepare_key(struct enroll_job *j, struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	int rc;

	if (o->csr != NULL) {
		rc = client_csr_load(o->csr, &j->csr, err);
		if (rc != 0)
			return rc;
		j->key = X509_REQ_get_pubkey(j->csr);
		return j->key != NULL
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "%s: its key cannot be read", o->csr);
	}
	if (!o->makes_key)
		return client_key_load(o->key, j->key_password, &j->key, err);
	rc = client_key_generate(o->key_type, &j->key, err);
	if (rc == 0)
		rc = client_key_write(o->out_key, j->key, j->key_password, o->force, err);
	return rc;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
submit(struct enroll_job *j, struct client_answer *answer, struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	struct client_request r = {.version = o->version,
	    .template_name = o->template_name,
	    .metadata = o->metadata.v,
	    .cert_only = o->cert_only,
	    .now_ms = now_ms()};
	char *csr;
	int rc = 0;

	if (j->csr == NULL)
		rc = client_csr_build(j->key, o->subject, o->san.v, &j->csr, err);
	if (rc != 0)
		return rc;
	csr = client_csr_base64(j->csr);
	if (csr == NULL)
		return gh_fail(err, GH_E_NOMEM, "PKCS#10");
	r.csr_base64 = csr;
	rc = client_flow_submit(&j->flow, &r, answer, err);
	free(csr);
	return rc;
}

/* New request or the one of --request-id; then wait for an officer if that is wanted. */
static int
obtain(struct enroll_job *j, struct client_answer *answer, struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	int64_t id = o->request_id;
	int rc;

	if (id == 0) {
		rc = submit(j, answer, err);
		if (rc != 0 || answer->disposition != CLIENT_PENDING || o->wait == CLIENT_WAIT_NO)
			return rc;
		id = answer->request_id;
		fprintf(stderr, "%s: request %lld is pending; waiting\n", o->who, (long long)id);
		client_answer_clear(answer);
	}
	rc = client_flow_status(&j->flow, id, o->wait, answer, err);
	if (rc == 0 && answer->request_id == 0)
		answer->request_id = id;
	return rc;
}

/* ---- the result ---- */

static int
keep(struct enroll_job *j, const struct client_answer *answer, enum client_trust *trust,
    struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	const struct client_files files = {.cert = o->out_cert,
	    .chain = o->out_chain,
	    .p12 = o->p12,
	    .p12_password = j->p12_password,
	    .replace = o->force};
	int rc = client_answer_check(answer, j->key, j->roots, trust, err);

	return rc == 0 ? client_files_write(&files, answer, j->key, err) : rc;
}

static int
run(struct enroll_job *j, struct client_answer *answer, enum client_trust *trust,
    struct gh_error *err)
{
	const struct enroll_options *o = j->o;
	int rc = check_outputs(o, err);

	if (rc == 0 && o->trust_root != NULL)
		rc = client_files_load_certs(o->trust_root, &j->roots, err);
	if (rc == 0)
		rc = load_credentials(j, err);
	if (rc == 0)
		rc = open_http(j, err);
	if (rc == 0)
		rc = make_out_dir(o->out_dir, err);
	if (rc == 0)
		rc = prepare_key(j, err);
	if (rc == 0)
		rc = obtain(j, answer, err);
	if (rc == 0 && answer->disposition == CLIENT_ISSUED) {
		rc = keep(j, answer, trust, err);
		if (rc != 0)
			fprintf(stderr, "%s: request %lld was issued, but:\n", o->who,
			    (long long)answer->request_id);
	}
	return rc;
}

int
cmd_enroll(int argc, char **argv)
{
	struct enroll_options o;
	struct enroll_job job = {.o = &o};
	struct client_answer answer = {0};
	enum client_trust trust = CLIENT_TRUST_NONE;
	struct gh_error err;
	int rc = enroll_options_parse(&o, argc, argv);

	if (rc != ENROLL_OPTIONS_GO)
		return rc;
	rc = run(&job, &answer, &trust, &err);
	if (rc == 0)
		rc = enroll_result_show(&o, &answer, trust);
	else
		rc = command_fail(argv[0], &err);
	client_answer_clear(&answer);
	job_close(&job);
	return rc;
}
