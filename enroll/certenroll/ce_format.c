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
#include "json_write.h"
#include "log.h"
#include "utf8.h"

#include "ce_format.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define NO_MEMORY "{\"Message\":\"The server is out of memory.\",\"ErrorCode\":\"0x8007000E\"}"
#define ANSWER_MAX (2 * 64 * 1024 * CERT_CHAIN_MAX) /* bytes, as certificates in base64 */
#define CODE_SIZE 11                                /* "0x80094004" */
#define CERTIFICATES "Certificates"
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
	case DB_DISP_CANCELED: /* which the vendor's clients do not know, as the next one */
	case DB_DISP_EXPIRED:
		return "Denied";
	case DB_DISP_FOREIGN: /* of certificates alone */
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

static void
put_text(struct gh_buf *b, const char *name, const char *value)
{
	gh_buf_putf(b, "%c\"%s\":", b->len == 0 ? '{' : ',', name);
	gh_json_put_string(b, value);
}

static void
put_int(struct gh_buf *b, const char *name, int64_t value)
{
	gh_buf_putf(b, ",\"%s\":%" PRId64, name, value);
}

static void
format_code(uint32_t hresult, char code[CODE_SIZE])
{
	snprintf(code, CODE_SIZE, "0x%08" PRIX32, hresult);
}

/* The eight documented members in their order, and for denials those of an error behind them.
 * malloc'd; NULL: no memory. Written out: as a tree it would cost as much as the PKCS#7. */
static char *
outcome_text(const struct enroll_outcome *out, const char *member, const char *content)
{
	bool is_issued = out->chain.n > 0;
	char code[CODE_SIZE];
	struct gh_buf b;

	gh_buf_init(&b, ANSWER_MAX);
	put_text(&b, "SerialNumber", is_issued ? out->serial : "");
	put_text(&b, "IssuerDN", is_issued && out->issuer_dn != NULL ? out->issuer_dn : "");
	put_text(&b, "Thumbprint", is_issued ? out->thumbprint : "");
	put_int(&b, "CMSID", is_issued ? out->cms_id : 0);
	put_int(&b, "CMSRequestId", out->cms_request_id);
	put_text(&b, member, content);
	put_text(&b, "RequestDisposition", disposition_name(out->disposition));
	put_text(&b, "DispositionMessage", out->message);
	if (out->disposition == DB_DISP_DENIED || out->disposition == DB_DISP_CANCELED ||
	    out->disposition == DB_DISP_EXPIRED || out->disposition == DB_DISP_ERROR) {
		format_code(out->status_code, code);
		put_text(&b, "Message", out->message);
		put_text(&b, "ErrorCode", code);
	}
	gh_buf_putc(&b, '}');
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

/* Takes text; NULL: there was no memory for it. */
static void
reply_text(struct gh_http_reply *rep, int status, char *text)
{
	if (text == NULL) {
		status = 500;
		text = strdup(NO_MEMORY);
	}
	gh_http_reply_text(rep, status, JSON_TYPE, text);
}

void
ce_format_json(struct gh_http_reply *rep, int status, gh_json *json)
{
	reply_text(rep, status, json != NULL ? gh_json_print(json, false) : NULL);
	gh_json_free(json);
}

/* GH_E_INTERNAL, GH_E_NOMEM: *rep is untouched. */
static int
format_outcome(const struct enroll_outcome *out, bool cert_only, int denied_status,
    struct gh_http_reply *rep, struct gh_error *err)
{
	char *certificates, *text;
	int rc;

	if ((rc = certificates_text(out, cert_only, &certificates, err)) != 0)
		return rc;
	text = outcome_text(out, CERTIFICATES, certificates);
	free(certificates);
	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "answer");
	reply_text(rep, out->disposition == DB_DISP_DENIED ? denied_status : 200, text);
	return 0;
}

static gh_json *
error_json(const char *message, uint32_t hresult)
{
	gh_json *j = gh_json_new_object();
	char code[CODE_SIZE];

	format_code(hresult, code);
	if (j != NULL &&
	    (gh_json_set_string(j, "Message", message) != 0 ||
		gh_json_set_string(j, "ErrorCode", code) != 0)) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

/* A denial that left no row: the same form with CMSRequestId 0. */
static char *
denial_text(const struct gh_error *err, const struct gh_error_info *info)
{
	struct enroll_outcome out = {.disposition = DB_DISP_DENIED, .status_code = info->hresult};

	enroll_denial_text(err, out.message, sizeof(out.message));
	return outcome_text(&out, CERTIFICATES, "");
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
		reply_text(rep, denied_status, denial_text(err, info));
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

	if (format_outcome(out, cert_only, denied_status, rep, &err) == 0) {
		if (out->disposition == DB_DISP_DENIED) {
			gh_fail(&err, GH_E_DENIED, "%s", out->message);
			gh_http_reply_cause(rep, &err);
		}
		return;
	}
	gh_log_kv(GH_LOG_ERROR, "answer not formatted", "detail", err.detail, NULL);
	ce_reply_error(env, &err, rep);
}

void
ce_reply_pkcs12(const struct worker_env *env, const struct enroll_outcome *out,
    const struct signer_blob *p12, struct gh_http_reply *rep)
{
	bool is_denied = out->disposition == DB_DISP_DENIED;
	char *blob =
	    p12->len > 0 ? gh_base64_encode(p12->p, p12->len, GH_BASE64_ONE_LINE) : strdup("");
	struct gh_error err;

	reply_text(rep, is_denied ? env->conf->certenroll.denied_status : 200,
	    blob != NULL ? outcome_text(out, "Pkcs12Blob", blob) : NULL);
	free(blob);
	if (is_denied) {
		gh_fail(&err, GH_E_DENIED, "%s", out->message);
		gh_http_reply_cause(rep, &err);
	}
	gh_http_reply_header(rep, "Cache-Control", "no-store");
}
