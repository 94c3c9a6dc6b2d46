/*
 * The answers of CertEnroll. Real clients cut the certificate out of the text with sed: the body is
 * one line, `"Certificates":"` without a blank, '/' unescaped, and no later member holds that text.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issuing/ca.h"
#include "formats/pkcs7.h"
#include "encoding.h"
#include "log.h"
#include "utf8.h"

#include "ce_format.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define NO_MEMORY "{\"Message\":\"The server is out of memory.\",\"ErrorCode\":\"0x8007000E\"}"
#define RETRY_AFTER 5 /* seconds; directory, database and signer come back fast */

static const char *
disposition_name(enum db_disposition d)
{
	switch (d) {
	case DB_DISP_ISSUED:
		return "Issued";
	case DB_DISP_REVOKED:
		return "Revoked";
	case DB_DISP_PENDING:
		return "Pending";
	case DB_DISP_DENIED:
		return "Denied";
	case DB_DISP_ERROR:
		break;
	}
	return "Failed";
}

/* *out malloc'd; "" for an answer without a certificate. */
static int
certificates_text(const struct enroll_outcome *out, bool cert_only, char **text,
    struct gh_error *err)
{
	unsigned char *p7 = NULL;
	size_t len = 0;
	int rc;

	*text = NULL;
	if (out->chain.n == 0) {
		*text = strdup("");
	} else if (cert_only) {
		*text = gh_base64_encode(out->chain.cert[0].der, out->chain.cert[0].len,
		    GH_BASE64_CRLF_64);
	} else {
		if ((rc = ca_pkcs7_encode(&out->chain, &p7, &len, err)) != 0)
			return rc;
		*text = gh_base64_encode(p7, len, GH_BASE64_CRLF_64);
		free(p7);
	}
	return *text != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

static int
set_code(gh_json *json, uint32_t hresult)
{
	char code[16];

	snprintf(code, sizeof(code), "0x%08" PRIX32, hresult);
	return gh_json_set_string(json, "ErrorCode", code);
}

/* The eight documented members in their order, and for denials those of an error behind them. */
static gh_json *
outcome_json(const struct enroll_outcome *out, const char *certificates)
{
	gh_json *j = gh_json_new_object();
	bool is_issued = out->chain.n > 0;
	int rc = 0;

	if (j == NULL)
		return NULL;
	rc |= gh_json_set_string(j, "SerialNumber", is_issued ? out->serial : "");
	rc |= gh_json_set_string(j, "IssuerDN",
	    is_issued && out->issuer_dn != NULL ? out->issuer_dn : "");
	rc |= gh_json_set_string(j, "Thumbprint", is_issued ? out->thumbprint : "");
	rc |= gh_json_set_int(j, "CMSID", is_issued ? out->cms_id : 0);
	rc |= gh_json_set_int(j, "CMSRequestId", out->cms_request_id);
	rc |= gh_json_set_string(j, "Certificates", certificates);
	rc |= gh_json_set_string(j, "RequestDisposition", disposition_name(out->disposition));
	rc |= gh_json_set_string(j, "DispositionMessage", out->message);
	if (out->disposition == DB_DISP_DENIED || out->disposition == DB_DISP_ERROR) {
		rc |= gh_json_set_string(j, "Message", out->message);
		rc |= set_code(j, out->status_code);
	}
	if (rc != 0) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

void
ce_format_json(struct gh_http_reply *rep, int status, gh_json *json)
{
	char *text = json != NULL ? gh_json_print(json, false) : NULL;

	gh_json_free(json);
	if (text == NULL) {
		status = 500;
		text = strdup(NO_MEMORY);
	}
	gh_http_reply_text(rep, status, JSON_TYPE, text);
}

int
ce_format_outcome(const struct enroll_outcome *out, bool cert_only, int denied_status,
    struct gh_http_reply *rep, struct gh_error *err)
{
	char *certificates;
	gh_json *json;
	int rc;

	if ((rc = certificates_text(out, cert_only, &certificates, err)) != 0)
		return rc;
	json = outcome_json(out, certificates);
	free(certificates);
	if (json == NULL)
		return gh_fail(err, GH_E_NOMEM, "answer");
	ce_format_json(rep, out->disposition == DB_DISP_DENIED ? denied_status : 200, json);
	return 0;
}

static gh_json *
error_json(const char *message, uint32_t hresult)
{
	gh_json *j = gh_json_new_object();

	if (j != NULL &&
	    (gh_json_set_string(j, "Message", message) != 0 || set_code(j, hresult) != 0)) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

/* A denial that left no row: the same form with CMSRequestId 0. */
static gh_json *
denial_json(const struct gh_error *err, const struct gh_error_info *info)
{
	struct enroll_outcome out = {.disposition = DB_DISP_DENIED, .status_code = info->hresult};

	enroll_denial_text(err, out.message, sizeof(out.message));
	return outcome_json(&out, "");
}

void
ce_render_error(const struct gh_error *err, int denied_status, struct gh_http_reply *rep)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	char message[sizeof(err->message)], seconds[16];

	snprintf(message, sizeof(message), "%s",
	    *err->message != '\0' ? err->message : info->message);
	gh_utf8_clean(message);
	gh_http_reply_cause(rep, err);
	if (info->is_retryable) {
		snprintf(seconds, sizeof(seconds), "%d",
		    err->retry_after > 0 ? err->retry_after : RETRY_AFTER);
		gh_http_reply_header(rep, "Retry-After", seconds);
	}
	if (info->is_denial)
		ce_format_json(rep, denied_status, denial_json(err, info));
	else
		ce_format_json(rep, info->http_status, error_json(message, info->hresult));
}

void
ce_reply_error(const struct worker_env *env, const struct gh_error *err, struct gh_http_reply *rep)
{
	ce_render_error(err, env->conf->certenroll.denied_status, rep);
}

void
ce_reply_outcome(const struct worker_env *env, const struct enroll_outcome *out, bool cert_only,
    int denied_status, struct gh_http_reply *rep)
{
	struct gh_error err;

	if (ce_format_outcome(out, cert_only, denied_status, rep, &err) == 0) {
		if (out->disposition == DB_DISP_DENIED) {
			gh_fail(&err, GH_E_DENIED, "%s", out->message);
			gh_http_reply_cause(rep, &err);
		}
		return;
	}
	gh_log_kv(GH_LOG_ERROR, "answer not formatted", "detail", err.detail, NULL);
	ce_reply_error(env, &err, rep);
}
