/* `gatehouse key approve`, `key reject` and `key cancel`: the decision on a request for a key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "encoding.h"

#include "command.h"
#include "key_call.h"
#include "key_signer.h"
#include "key_statement.h"
#include "prompt.h"
#include "verb.h"

static const char *comment, *wrapping;

static const struct option_row decide_options[] = {
    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "recorded with the decision"},
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};
static const struct option_row approve_options[] = {
    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "recorded with the decision"},
    KEY_SIGNER_OPTIONS,
    {"wrapping", 0, OPTION_TEXT, &wrapping, "HEX",
	"what `key recover` showed to the requester, as he told you; another one is not signed"},
    VERB_YES,
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

/* ---- reject, cancel ---- */

static int
work_decide(struct verb_call *c, struct gh_error *err)
{
	const struct key_decision d = {.status = c->verb->arg, .comment = comment};
	struct client_rest *r;
	gh_json *seen;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if ((rc = key_call_request(r, c->id, &seen, err)) == 0) {
		rc = key_call_decide(r, seen, &d, &c->out, err);
		gh_json_free(seen);
	}
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_reject = {
    .usage = {"REQUEST", 1, 1, "Refuses a request for a key, as an agent.",
	"gatehouse key reject 17 --user anna --comment 'she is on leave'\n"},
    .options = decide_options,
    .operand = OPERAND_ID,
    .object = "request",
    .work = work_decide,
    .hidden = "links",
    .arg = (void *)"rejected",
};
const struct verb verb_key_cancel = {
    .usage = {"REQUEST", 1, 1, "Takes your own request for a key back.",
	"gatehouse key cancel 17 --user alice\n"},
    .options = decide_options,
    .operand = OPERAND_ID,
    .object = "request",
    .work = work_decide,
    .hidden = "links",
    .arg = (void *)"canceled",
};

/* ---- approve ---- */

/* What is approved, as this client understands it; shown, and asked about. */
static int
confirm(struct client_rest *r, const gh_json *seen, const struct key_signer *signer,
    struct key_statement *s, struct gh_error *err)
{
	gh_json *key;
	int rc = key_call_key(r, key_call_text(seen, "key_id"), &key, err);

	if (rc != 0)
		return rc;
	rc = key_statement_read(seen, s, err);
	if (rc == 0 && wrapping != NULL)
		rc = key_statement_check_wrapping(s, wrapping, err);
	if (rc == 0) {
		key_statement_show(stderr, seen, key, signer != NULL ? signer->name : NULL);
		if (!verb_shared.is_sure)
			rc = prompt_confirm(signer != NULL ? "Type yes to sign"
							   : "Type yes to approve",
			    err);
	}
	gh_json_free(key);
	return rc;
}

static int
approve_signed(struct client_rest *r, const gh_json *seen, gh_json **out, struct gh_error *err)
{
	struct key_decision d = {.status = "approved", .comment = comment};
	struct key_statement statement;
	struct key_signer signer;
	char *signature = NULL;
	int rc;

	if (verb_shared.is_sure && wrapping == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "--yes signs unseen: give --wrapping with what the requester told you");
	if ((rc = key_signer_open(&signer, err)) != 0)
		return rc;
	rc = confirm(r, seen, &signer, &statement, err);
	if (rc == 0)
		rc = key_signer_sign(&signer, &statement, &signature, err);
	if (rc == 0) {
		d.signature = signature;
		rc = key_call_decide(r, seen, &d, out, err);
	}
	free(signature);
	key_signer_close(&signer);
	return rc;
}

static int
approve_recorded(struct client_rest *r, const gh_json *seen, gh_json **out, struct gh_error *err)
{
	const struct key_decision d = {.status = "approved", .comment = comment};
	struct key_statement statement;
	int rc = confirm(r, seen, NULL, &statement, err);

	return rc == 0 ? key_call_decide(r, seen, &d, out, err) : rc;
}

static int
work_approve(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	gh_json *seen;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	if ((rc = key_call_request(r, c->id, &seen, err)) == 0) {
		rc = gh_json_bool(gh_json_get(seen, "signed"), false)
		    ? approve_signed(r, seen, &c->out, err)
		    : approve_recorded(r, seen, &c->out, err);
		gh_json_free(seen);
	}
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_approve = {
    .usage = {"REQUEST", 1, 1,
	"Approves a request for a key, as an agent: shows which key goes to whom and in which wrapping, asks, and sends "
	"the approval. Where the key's policy of recovery wants signed approvals, it is signed on this machine, with "
	"the certificate and key of --signer, over a text that this command makes itself.",
	"gatehouse key approve 17 --user anna --comment 'she called me'\n"
	"gatehouse key approve 17 --user anna --signer anna.p12\n"
	"gatehouse key approve 17 --user anna --signer anna.pem --signer-key 'pkcs11:token=anna;object=sign' \\\n"
	"    --pkcs11-module /usr/lib/x86_64-linux-gnu/opensc-pkcs11.so\n"},
    .options = approve_options,
    .operand = OPERAND_ID,
    .object = "request",
    .work = work_approve,
    .hidden = "links",
};
