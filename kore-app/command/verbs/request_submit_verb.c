/*
 * `gatehouse request submit`: enrollment over REST. Each request has an Idempotency-Key of its own,
 * under which it is sent again when no answer came: there is one certificate, however often.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "durable_file.h"
#include "key_alg.h"
#include "uuid.h"

#include "client/client_csr.h"
#include "client/client_key.h"
#include "client/client_request.h"
#include "client/client_rest.h"
#include "command.h"
#include "file.h"
#include "key/key_secret.h"
#include "key/key_session.h"
#include "prompt.h"
#include "verb.h"

static const char *csr, *key, *out_key, *key_type, *key_password_file, *subject, *renew, *out,
    *repeat;
static struct option_list san, metadata;
static const char *transport;
static bool is_archived;
static int retry = 60;
static int64_t renew_id;

static const struct option_row options[] = {
    {"csr", 0, OPTION_TEXT, &csr, "FILE", "send this PKCS#10 (PEM or DER); its key is elsewhere"},
    {"request-key", 0, OPTION_TEXT, &key, "FILE", "make the request with this PEM key"},
    {"out-key", 0, OPTION_TEXT, &out_key, "FILE",
	"make a new key and write it there, mode 0600, never over another file"},
    {"key-type", 0, OPTION_TEXT, &key_type, "TYPE",
	"of the new key: " GH_KEY_NAMES " (default: P-256)"},
    {"request-key-password-file", 0, OPTION_TEXT, &key_password_file, "FILE",
	"password of --request-key or --out-key, first line of FILE"},
    {"subject", 's', OPTION_TEXT, &subject, "DN",
	"subject asked for; most profiles take it from the directory instead"},
    {"san", 0, OPTION_LIST, &san, "NAME",
	"name asked for: dns:, email:, upn:, ip: or uri:, likewise; repeat for more"},
    {"metadata", 'm', OPTION_LIST, &metadata, "NAME=VALUE", "stored with the certificate; repeat"},
    {"archive", 0, OPTION_FLAG, &is_archived, NULL,
	"have the key archived with the certificate, wrapped here for the KRA"},
    {"transport", 0, OPTION_TEXT, &transport, "FILE",
	"with --archive: transport certificate of the KRA, as it was handed out (default: the gateway is asked)"},
    {"renew", 0, OPTION_TEXT, &renew, "ID", "the certificate that the new one follows"},
    {"out", 'o', OPTION_TEXT, &out, "FILE",
	"where the certificate goes, in PEM, never over another file"},
    {"repeat", 0, OPTION_TEXT, &repeat, "FILE",
	"send the request again that got no answer; FILE was written then"},
    {"retry", 0, OPTION_NUMBER, &retry, "SECONDS",
	"send it again for so long while no answer comes (default: 60; 0: never)"},
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	if ((csr != NULL) + (key != NULL) + (out_key != NULL) + (repeat != NULL) != 1)
		return command_usage(c->who,
		    "give one of --csr, --request-key, --out-key and --repeat");
	if (repeat != NULL &&
	    (subject != NULL || san.n > 0 || metadata.n > 0 || renew != NULL || is_archived))
		return command_usage(c->who, "--repeat sends what was sent: nothing can be added");
	if (csr != NULL && (subject != NULL || san.n > 0 || key_password_file != NULL))
		return command_usage(c->who,
		    "--subject, --san and a password of the key are not for --csr");
	if (is_archived && csr != NULL)
		return command_usage(c->who, "--archive needs the key: --request-key or --out-key");
	if (transport != NULL && !is_archived)
		return command_usage(c->who, "--transport goes with --archive");
	if (key_type != NULL && out_key == NULL)
		return command_usage(c->who, "--key-type is for a new key");
	if (key_type != NULL && !gh_key_is_name(key_type))
		return command_usage(c->who, "--key-type is " GH_KEY_NAMES);
	if (renew != NULL && !options_parse_id(renew, &renew_id))
		return command_usage(c->who, "--renew \"%s\" is no id", renew);
	return COMMAND_OK;
}

/* ---- the request ---- */

static int
get_key(EVP_PKEY **pkey, struct gh_error *err)
{
	char *password = NULL;
	int rc = 0;

	*pkey = NULL;
	if (key_password_file != NULL)
		rc = prompt_password(key_password_file, "password of the key", out_key != NULL,
		    &password, err);
	if (rc == 0 && key != NULL)
		rc = client_key_load(key, password, pkey, err);
	if (rc == 0 && out_key != NULL)
		rc = client_key_generate(key_type != NULL ? key_type : "P-256", pkey, err);
	if (rc == 0 && out_key != NULL)
		rc = client_key_write(out_key, *pkey, password, false, err);
	prompt_free(password);
	return rc;
}

static int
put_metadata(gh_json *body, struct gh_error *err)
{
	gh_json *o;
	int rc = 0;

	if (metadata.n == 0)
		return 0;
	o = gh_json_new_object();
	for (size_t i = 0; rc == 0 && i < metadata.n; i++)
		rc = client_request_add_metadata(o, metadata.v[i], err);
	if (rc == 0 && gh_json_set(body, "metadata", gh_json_ref(o)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "metadata");
	gh_json_free(o);
	return rc;
}

/* What is sent. */
struct submission {
	EVP_PKEY *key; /* NULL with --csr */
	X509_REQ *req;
	gh_json *body;
	char repeat_key[GH_UUID_TEXT_SIZE];
	struct gh_buf path;
};

static void
submission_clear(struct submission *s)
{
	EVP_PKEY_free(s->key);
	X509_REQ_free(s->req);
	gh_json_free(s->body);
	gh_buf_free(&s->path);
}

static int
get_request(struct submission *s, struct gh_error *err)
{
	int rc;

	if (csr != NULL)
		return client_csr_load(csr, &s->req, err);
	rc = get_key(&s->key, err);
	return rc == 0 ? client_csr_build(s->key, subject, san.v, &s->req, err) : rc;
}

/* "archival": the key, wrapped for the KRA. */
static int
put_key(struct client_rest *r, struct submission *s, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	struct key_transport t;
	struct key_secret secret;
	int rc = key_transport_get(transport, r, &t, err);

	if (rc == 0 && (rc = key_secret_of_key(s->key, &secret, err)) == 0) {
		rc = key_session_wrap(&t, &(struct gh_der){secret.octets.data, secret.octets.len},
		    o, err);
		key_secret_clear(&secret);
	}
	if (rc == 0 && gh_json_set(s->body, "archival", gh_json_ref(o)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "archival");
	key_transport_clear(&t);
	gh_json_free(o);
	return rc;
}

static int
put_request(struct submission *s, struct gh_error *err)
{
	char *text = client_csr_base64(s->req);
	int rc = 0;

	s->body = gh_json_new_object();
	if (text == NULL || gh_json_set_string(s->body, "pkcs10", text) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "PKCS#10");
	free(text);
	return rc == 0 ? put_metadata(s->body, err) : rc;
}

static int
put_path(const char *profile, struct gh_buf *path, struct gh_error *err)
{
	gh_buf_init(path, 4096);
	gh_buf_puts(path, "/pki/request/");
	client_rest_escape(path, profile);
	if (renew_id != 0)
		gh_buf_putf(path, "?renew=%" PRId64, renew_id);
	return gh_buf_check(path, err);
}

/* GH_E_CONF: no such file, or it is for another profile. */
static int
take_repeat(const struct gh_buf *path, struct submission *s, struct gh_error *err)
{
	const char *sent_to, *repeat_key;
	gh_json *o;
	int rc = file_read_json(repeat, &o, err);

	if (rc != 0)
		return rc;
	sent_to = gh_json_string(gh_json_get(o, "path"));
	repeat_key = gh_json_string(gh_json_get(o, "idempotency_key"));
	if (sent_to == NULL || repeat_key == NULL || strlen(repeat_key) >= sizeof(s->repeat_key) ||
	    gh_json_type(gh_json_get(o, "body")) != GH_JSON_OBJECT ||
	    strncmp(sent_to, (char *)path->data, path->len) != 0) {
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s is no request for this profile that got no answer", repeat);
	} else {
		snprintf(s->repeat_key, sizeof(s->repeat_key), "%s", repeat_key);
		s->body = gh_json_ref(gh_json_get(o, "body"));
		gh_buf_puts(&s->path, sent_to + path->len); /* "?renew=" */
		rc = gh_buf_check(&s->path, err);
	}
	gh_json_free(o);
	return rc;
}

static int
make_new(struct client_rest *r, struct submission *s, struct gh_error *err)
{
	unsigned char id[GH_UUID_SIZE];
	int rc = get_request(s, err);

	if (rc == 0)
		rc = put_request(s, err);
	if (rc == 0 && is_archived)
		rc = put_key(r, s, err);
	if (rc == 0 && !gh_uuid_make(id))
		rc = gh_fail(err, GH_E_INTERNAL, "no random numbers");
	if (rc == 0)
		gh_uuid_format(id, s->repeat_key);
	return rc;
}

static int
prepare(const char *profile, struct client_rest *r, struct submission *s, struct gh_error *err)
{
	int rc = put_path(profile, &s->path, err);

	if (rc != 0)
		return rc;
	return repeat != NULL ? take_repeat(&s->path, s, err) : make_new(r, s, err);
}

/* ---- sending ---- */

/* What was sent, with its key, as take_repeat reads it. The wrapped key of --archive is in it, and
 * nothing in the clear. */
static int
save(const struct submission *s, char path[PATH_MAX], struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	const char *beside = csr != NULL ? csr : key != NULL ? key : out_key;
	char *text = NULL;
	int rc = 0;

	if (snprintf(path, PATH_MAX, "%s.repeat", beside) >= PATH_MAX ||
	    gh_json_set_string(o, "path", (char *)s->path.data) != 0 ||
	    gh_json_set_string(o, "idempotency_key", s->repeat_key) != 0 ||
	    gh_json_set(o, "body", gh_json_ref(s->body)) != 0 ||
	    (text = gh_json_print(o, false)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "request");
	if (rc == 0)
		rc = gh_file_write(path, text, strlen(text), 0600, true, err);
	free(text);
	gh_json_free(o);
	return rc;
}

static void
tell_how_to_repeat(const char *who, const struct submission *s)
{
	char path[PATH_MAX];
	struct gh_error err;

	if (repeat != NULL)
		snprintf(path, sizeof(path), "%s", repeat);
	else if (save(s, path, &err) != 0)
		return;
	fprintf(stderr,
	    "%s: perhaps the request was recorded. The same command with --repeat %s gets its answer, or "
	    "makes it\n",
	    who, path);
}

/* ---- the answer ---- */

static int
write_certificate(struct client_rest *r, int64_t id, struct gh_error *err)
{
	char path[64];
	const char *pem;
	gh_json *o;
	int rc;

	snprintf(path, sizeof(path), "/pki/certificate/%" PRId64, id);
	if ((rc = client_rest_get(r, path, &o, err)) != 0)
		return rc;
	pem = gh_json_string(gh_json_get(o, "pem"));
	rc = pem != NULL ? gh_file_write(out, pem, strlen(pem), 0644, false, err)
			 : gh_refuse(err, GH_E_BAD_JSON, "the gateway sent no certificate");
	gh_json_free(o);
	return rc;
}

static int
take_answer(struct verb_call *c, struct client_rest *r, struct gh_error *err)
{
	const char *status = gh_json_string(gh_json_get(c->out, "status"));
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(gh_json_get(c->out, "certificate"), "id"), &id);
	if (status == NULL)
		return gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without a status");
	if (strcmp(status, "pending") == 0)
		c->exit = COMMAND_PENDING;
	else if (strcmp(status, "issued") != 0)
		c->exit = COMMAND_FAILED;
	if (id != 0 && gh_json_set_int(c->out, "certificate_id", id) != 0)
		return gh_fail(err, GH_E_NOMEM, "answer");
	return out != NULL && id != 0 ? write_certificate(r, id, err) : 0;
}

static int
submit(struct verb_call *c, struct client_rest *r, struct submission *s, struct gh_error *err)
{
	const struct client_rest_call call = {.path = (char *)s->path.data,
	    .body = s->body,
	    .idempotency_key = s->repeat_key};
	int rc = client_rest_call_until(r, &call, c->who, retry, &c->out, err);

	if (rc == 0)
		return take_answer(c, r, err);
	if (rc == GH_E_BUSY || rc == GH_E_BAD_JSON)
		tell_how_to_repeat(c->who, s);
	gh_json_free(c->out);
	c->out = NULL;
	return rc;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct submission s = {0};
	struct client_rest *r = NULL;
	int rc = 0;

	if (out != NULL && access(out, F_OK) == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "%.150s is there already: choose another --out",
		    out);
	if (rc == 0)
		rc = client_rest_open(&r, err);
	if (rc == 0)
		rc = prepare(c->operand[0], r, &s, err);
	if (rc == 0)
		rc = submit(c, r, &s, err);
	submission_clear(&s);
	client_rest_close(r);
	return rc;
}

const struct verb verb_request_submit = {
    .usage = {"PROFILE", 1, 1,
	"Asks for a certificate over REST, as a person who logs in: no application key. The request has an "
	"Idempotency-Key of its own, so that one that got no answer is sent again without a second certificate. Exit "
	"codes: 0 issued, 1 denied or failed, 2 wrong options, 3 pending.",
	"gatehouse request submit User --url https://pki.example --user alice --out-key key.pem --out cert.pem\n"
	"gatehouse request submit WebServer --csr printer.csr --metadata CostCenter=1234 --user alice\n"
	"gatehouse request submit Mail --out-key mail.key --archive --out mail.pem --user alice\n"
	"gatehouse request submit User --csr new.csr --renew 12 --cert old.pem --key old.key\n"},
    .options = options,
    .check = check,
    .work = work,
    .hidden = "links",
};
