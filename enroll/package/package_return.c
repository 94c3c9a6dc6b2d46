/* Answers of clients. See package_return.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cms_signed.h"
#include "hex.h"
#include "package/cms_layer.h"
#include "package/firmware.h"
#include "package/key_answer.h"
#include "package/package_oid.h"
#include "store/package/package_delivery.h"

#include "made_key.h"
#include "package_client.h"
#include "package_list.h"
#include "package_return.h"
#include "package_signer.h"

/* An answer on its way. */
struct returned {
	struct worker_env *env;
	const struct call *call;
	const struct package_reply *reply;
	struct gh_buf der;         /* of the outermost ContentInfo */
	struct cms_signed message; /* empty: it is not signed */
	struct gh_der type, content;
	struct package_answer answer;
	const char *word; /* "receipt" ... */
	enum tamp_message tamp;
};

/* --- what it is ------------------------------------------------------------------------------- */

static int
open_answer(struct returned *r, struct gh_error *err)
{
	struct cms_layer layer;
	int rc;

	if (r->reply->ber.len > PACKAGE_ANSWER_MAX ||
	    !cms_open(r->reply->ber.p, r->reply->ber.len, &r->der, &layer))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The body is no ContentInfo (RFC 7193, 2).");
	r->type = layer.type;
	r->content = layer.content;
	if (!GH_OID_IS(&layer.type, GH_OID_PKCS7_SIGNED_DATA))
		return 0;
	if ((rc = cms_signed_read(r->der.data, r->der.len, &r->message, err)) != 0)
		return rc;
	if (r->message.signers != 1)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The answer must have one signature.");
	r->type = r->message.type;
	r->content = r->message.content;
	return 0;
}

/* RFC 8295, 5.2 and 6.2; 7.2 by the number of the message. */
static bool
read_tamp(struct returned *r)
{
	if (!tamp_type_read(&r->type, &r->tamp) ||
	    !tamp_answer_read(r->tamp, r->content, &r->answer))
		return false;
	r->word = r->answer.is_error ? "error" : "confirmed";
	return r->tamp == r->reply->tamp;
}

static bool
read_answer(struct returned *r, bool *needs_signature)
{
	static const struct {
		const char *operation, *word;
		unsigned char type[12];
		size_t len;
		bool (*read)(struct gh_der in, struct package_answer *out);
		bool needs_signature;
	} answers[] = {
#define ANSWER(operation, word, read, needs_signature, ...) \
	{operation, word, {__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}), read, \
	    needs_signature}
	    ANSWER("symmetrickeys", "receipt", key_receipt_read, true, OID_KEY_RECEIPT),
	    ANSWER("symmetrickeys", "error", key_error_read, false, OID_KEY_ERROR),
	    ANSWER("serverkeygen", "receipt", key_receipt_read, true, OID_KEY_RECEIPT),
	    ANSWER("serverkeygen", "error", key_error_read, false, OID_KEY_ERROR),
	    ANSWER("firmware", "receipt", firmware_receipt_read, false, OID_FIRMWARE_RECEIPT),
	    ANSWER("firmware", "error", firmware_error_read, false, OID_FIRMWARE_ERROR),
	};

	*needs_signature = false;
	if (strcmp(r->reply->operation, "tamp") == 0)
		return read_tamp(r);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(r->reply->operation, answers[i].operation) == 0 &&
		    gh_der_equals(&r->type, answers[i].type, answers[i].len)) {
			r->word = answers[i].word;
			*needs_signature = answers[i].needs_signature;
			return answers[i].read(r->content, &r->answer);
		}
	return false;
}

static int
read_it(struct returned *r, struct gh_error *err)
{
	bool needs_signature;
	int rc = open_answer(r, err);

	if (rc != 0)
		return rc;
	if (!read_answer(r, &needs_signature))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "This is no well-formed answer to a package of this kind, or not of the type "
		    "that Content-Type says.");
	if (needs_signature && r->message.cms == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "A receipt must be signed (RFC 7191, 4).");
	return 0;
}

/* --- what it answers -------------------------------------------------------------------------- */

static bool
is_kind(const struct returned *r, enum package_kind kind)
{
	const struct package_kind_info *info = package_kind_info(kind);

	if (strcmp(info->operation, r->reply->operation) != 0)
		return false;
	return r->tamp == 0 || r->tamp == TAMP_ERROR ||
	    (int)r->tamp == (int)info->tamp + 1; /* each answer follows its message */
}

static int
find(const struct returned *r, const struct package_list *l, const struct package **out,
    struct gh_error *err)
{
	char *hex = gh_hex_encode(r->answer.reference.p, r->answer.reference.len);
	const char *its;
	bool is_anothers = false;

	*out = NULL;
	if (hex == NULL)
		return gh_fail(err, GH_E_NOMEM, "reference");
	for (size_t i = 0; *out == NULL && i < l->n; i++) {
		its = gh_json_string(gh_json_get(l->package[i].row, "reference"));
		if (its == NULL || strcmp(its, hex) != 0 || !is_kind(r, l->package[i].kind))
			continue;
		is_anothers = !l->package[i].is_his;
		if (l->package[i].is_his)
			*out = &l->package[i];
	}
	free(hex);
	if (*out != NULL)
		return 0;
	return is_anothers
	    ? gh_refuse(err, GH_E_FORBIDDEN, "The answer is to a package of somebody else.")
	    : gh_refuse(err, GH_E_NOT_FOUND, "There is no package that the answer names.");
}

static int
record(const struct returned *r, const char *object, struct gh_error *err)
{
	const struct store_package_answer answer = {.word = r->word,
	    .code = r->answer.code,
	    .is_signed = r->message.cms != NULL,
	    .der = {r->der.data, r->der.len}};
	char client[PACKAGE_CLIENT_SIZE];
	bool is_new;
	int rc;

	package_client_key(r->call->requester, client);
	rc = store_record_answer(r->env->store, r->call->requester, client, object, &answer,
	    r->call->http->request_id, &is_new, err);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "You have not fetched the package that the answer names.");
}

/* An error that names no package: the client could not even read it. */
static int
record_nameless(const struct returned *r, struct gh_error *err)
{
	char detail[80];

	snprintf(detail, sizeof(detail), "error, code %u, names no package", r->answer.code);
	return store_audit(r->env->store,
	    &(struct store_audit){"package.answered", "success", r->call->requester,
		r->call->http->request_id, r->reply->operation, detail},
	    err);
}

/* To a package that was put in. */
static int
record_package(const struct returned *r, struct gh_error *err)
{
	const struct package_viewer viewer = {r->call->requester, r->call->entry};
	char object[PACKAGE_OBJECT_SIZE];
	const struct package *p;
	struct package_list list;
	int rc = package_list_load(r->env->store, &viewer, &list, err);

	if (rc != 0)
		return rc;
	if ((rc = find(r, &list, &p, err)) == 0)
		rc = record(r, package_object(p->id, object), err);
	package_list_clear(&list);
	return rc;
}

/* To a key that was made here: only who got it knows that it is there. */
static int
record_key(const struct returned *r, struct gh_error *err)
{
	char object[MADE_KEY_OBJECT_SIZE];

	return made_key_object(&r->answer.reference, object)
	    ? record(r, object, err)
	    : gh_refuse(err, GH_E_NOT_FOUND, "There is no key that the answer names.");
}

static int
correlate(const struct returned *r, struct gh_error *err)
{
	if (r->answer.reference.p == NULL)
		return r->answer.is_error
		    ? record_nameless(r, err)
		    : gh_refuse(err, GH_E_NOT_FOUND, "The answer names no package.");
	return strcmp(r->reply->operation, "serverkeygen") == 0 ? record_key(r, err)
								: record_package(r, err);
}

int
package_return(struct worker_env *env, const struct call *call, const struct package_reply *reply,
    struct gh_error *err)
{
	struct returned r = {.env = env, .call = call, .reply = reply};
	int rc;

	gh_buf_init(&r.der, PACKAGE_ANSWER_MAX);
	rc = read_it(&r, err);
	if (rc == 0 && r.message.cms != NULL)
		rc = package_signer_check(env->store, call, &r.message, err);
	if (rc == 0)
		rc = package_hardware_check(call, &r.message, &r.answer, err);
	if (rc == 0)
		rc = correlate(&r, err);
	cms_signed_clear(&r.message);
	gh_buf_free(&r.der);
	return rc;
}
