/* The table that maps every error code to its answers, and the two ways to fill a struct
 * gh_error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define TRY_LATER "Please try again later."

/* HRESULTs: MS-ERREF 2.1 and notes "microsoft-enrollment" 3.3. */
static const struct gh_error_info table[] = {
    {GH_OK, "ok", 200, 0, false, false, ""},
    {GH_E_INTERNAL, "internal", 500, 0x80004005, false, false, "Internal error."},
    {GH_E_NOMEM, "no_memory", 500, 0x8007000E, false, true,
	"The server is out of memory. " TRY_LATER},
    {GH_E_BUSY, "busy", 503, 0x800700AA, false, true, "The server is busy. " TRY_LATER},
    {GH_E_DB_DOWN, "db_down", 503, 0x8009400F, false, true,
	"The database is not available. " TRY_LATER},
    {GH_E_DB, "db", 500, 0x80004005, false, false, "Internal error."},
    {GH_E_DIR_DOWN, "dir_down", 503, 0x8007203A, false, true,
	"The directory is not available. " TRY_LATER},
    {GH_E_SIGNER_DOWN, "signer_down", 503, 0x80094006, false, true,
	"The signer is not available. " TRY_LATER},
    {GH_E_SIGNER, "signer_refused", 502, 0x80094005, false, false,
	"The certification authority refused to sign this certificate."},
    {GH_E_CONF, "configuration", 500, 0x80070057, false, false, "The configuration is wrong."},
    {GH_E_CA_UNAVAILABLE, "ca_unavailable", 503, 0x80094006, false, true,
	"The certification authority is not available. " TRY_LATER},
    {GH_E_NOT_LOADED, "not_loaded", 503, 0x80070015, false, true,
	"The gateway is starting: it has not read its configuration from the database yet. " TRY_LATER},
    {GH_E_CA_LOCKED, "ca_locked", 503, 0x80094006, false, true,
	"The key of the certification authority is locked. It must be unlocked with its password."},
    {GH_E_SEAL, "seal", 503, 0x80004005, false, true,
	"The configuration in the database was changed from outside and is not used. Tell the administrator."},
    {GH_E_CLOCK, "clock", 503, 0x80070576, false, true,
	"The clock of this server is wrong: it issues nothing. " TRY_LATER},

    {GH_E_NOT_FOUND, "not_found", 404, 0x80094004, false, false, "Not found."},
    {GH_E_METHOD, "method_not_allowed", 405, 0x80070001, false, false,
	"This method is not allowed here; see the Allow header."},
    {GH_E_TOO_LARGE, "too_large", 413, 0x80070057, false, false, "The request is too large."},
    {GH_E_BAD_REQUEST, "bad_request", 400, 0x80070057, false, false, "The request is malformed."},
    {GH_E_BAD_JSON, "bad_json", 400, 0x80070057, false, false, "The body is not valid JSON."},
    {GH_E_TIMESTAMP, "timestamp", 400, 0x80070057, false, false,
	"Timestamp is missing or is not an ISO 8601 time in UTC."},
    {GH_E_METADATA, "metadata", 400, 0x80070057, false, false, "The metadata is not acceptable."},
    {GH_E_CONFLICT, "conflict", 409, 0x80094003, false, false,
	"The present state does not allow this."},
    {GH_E_UNSUPPORTED_MEDIA, "unsupported_media", 415, 0x80070057, false, false,
	"The body must be application/json."},
    {GH_E_VALIDATION, "validation", 422, 0x80070057, false, false,
	"The given data was invalid: errors tells which fields and why."},
    {GH_E_LOCKED, "locked", 423, 0x80070775, false, false,
	"Locked after too many wrong passwords. Try again when the time in locked_until has passed."},
    {GH_E_PRECONDITION, "precondition", 412, 0x80094003, false, false,
	"The object has changed since it was read. Read it again and decide anew."},
    {GH_E_UNCONDITIONAL, "precondition_required", 428, 0x80094003, false, false,
	"This change needs the header If-Match with the ETag of what it was decided on. Read that first."},

    {GH_E_MISDIRECTED, "misdirected", 421, 0x80070057, false, false,
	"This server has another name. See gateway.origins."},

    {GH_E_AUTH_REQUIRED, "auth_required", 401, 0x80070005, false, false,
	"User name and password are required."},
    {GH_E_AUTH_FAILED, "auth_failed", 401, 0x8007052E, false, false,
	"The user name or password is not correct."},
    {GH_E_ACCOUNT_DISABLED, "account_disabled", 403, 0x80070533, false, false,
	"The account is disabled, locked or expired."},
    {GH_E_RATE_LIMITED, "rate_limited", 429, 0x80070775, false, true,
	"Too many failed attempts. " TRY_LATER},
    {GH_E_APP_KEY, "app_key", 403, 0x80070005, false, false,
	"The application key is missing or not known."},
    {GH_E_SIGNATURE, "signature", 403, 0x80070005, false, false,
	"The signature of the request is missing or not correct."},
    {GH_E_TIMESTAMP_WINDOW, "timestamp_window", 403, 0x80070005, false, false,
	"The Timestamp is too far from the server's time."},
    {GH_E_TOKEN, "token", 403, 0x80070005, false, false,
	"The token is missing, expired, or was made for another user or application."},
    {GH_E_REPLAY, "replay", 403, 0x80070005, false, false,
	"This signed request was already used by another requester."},
    {GH_E_FORBIDDEN, "forbidden", 403, 0x80070005, false, false,
	"You are not permitted to do this."},
    {GH_E_CROSS_SITE, "cross_site", 403, 0x80070005, false, false,
	"This call comes from a page of another site. See gateway.origins."},
    {GH_E_NONCE, "nonce", 401, 0x8007052E, false, false,
	"The nonce is too old or was used before: log in with the new one."},
    {GH_E_CA_PASSWORD, "ca_password", 401, 0x8007052E, false, false,
	"The password of the CA key is not correct."},

    {GH_E_CSR, "csr", 400, 0x8007000D, false, false,
	"Pkcs10Request is not one well-formed base64 PKCS#10 request."},
    {GH_E_CSR_SIGNATURE, "csr_signature", 400, 0x80090006, false, false,
	"The signature of the PKCS#10 request is not correct."},
    {GH_E_CSR_WEAK, "csr_weak", 400, 0x80094016, false, false,
	"The key or signature of the PKCS#10 request is too weak."},
    {GH_E_LINKING, "linking", 400, 0x80090006, false, false,
	"The CSR is not linked to this TLS connection (RFC 7030, 3.5)."},

    {GH_E_TEMPLATE_UNKNOWN, "template_unknown", 403, 0x80094800, true, false,
	"The requested certificate template is not configured for this application."},
    {GH_E_TEMPLATE_DENIED, "template_denied", 403, 0x80094012, true, false,
	"The template does not permit this requester to enroll."},
    {GH_E_TEMPLATE_CONFLICT, "template_conflict", 403, 0x80094802, true, false,
	"The PKCS#10 request names another certificate template."},
    {GH_E_TEMPLATE_VERSION, "template_version", 403, 0x80094807, true, false,
	"The PKCS#10 request asks for a newer version of the template than there is."},
    {GH_E_KEY_TYPE, "key_type", 403, 0x80094811, true, false,
	"The template does not permit this type of public key."},
    {GH_E_KEY_LENGTH, "key_length", 403, 0x80094811, true, false,
	"The public key does not have a size that the template permits."},
    {GH_E_SUBJECT, "subject", 403, 0x80094001, true, false,
	"The subject name is invalid, too long, or missing."},
    {GH_E_UPN_REQUIRED, "upn_required", 403, 0x8009480D, true, false,
	"The user principal name is not available in the directory."},
    {GH_E_GUID_REQUIRED, "guid_required", 403, 0x8009480E, true, false,
	"The objectGUID is not available in the directory."},
    {GH_E_DNS_REQUIRED, "dns_required", 403, 0x8009480F, true, false,
	"The DNS name is not available in the directory."},
    {GH_E_EMAIL_REQUIRED, "email_required", 403, 0x80094812, true, false,
	"The e-mail address is not available in the directory."},
    {GH_E_SID_REQUIRED, "sid_required", 403, 0x80094821, true, false,
	"The objectSid is not available in the directory."},
    {GH_E_NOT_IN_DIRECTORY, "not_in_directory", 403, 0x80072030, true, false,
	"The requester has no entry in the directory."},
    {GH_E_REQUESTER_KIND, "requester_kind", 403, 0x80094012, true, false,
	"The template is for machines and the requester is a user, or the reverse."},
    {GH_E_DENIED, "denied", 403, 0x80094012, true, false, "The request was denied by policy."},
    {GH_E_DENIED_BY_ADMIN, "denied_by_admin", 403, 0x80094014, true, false,
	"The request was denied by an officer."},
    {GH_E_CA_POLICY, "ca_policy", 403, 0x80094800, true, false,
	"The policy of the certification authority does not permit this certificate."},
    {GH_E_ARCHIVED_KEY_REQUIRED, "archived_key_required", 403, 0x80094804, true, false,
	"The template demands that the private key is archived, and the request brings none."},
    {GH_E_ARCHIVED_KEY_UNEXPECTED, "archived_key_unexpected", 403, 0x80094810, true, false,
	"The request brings a private key, and the template archives none."},

    {GH_E_TEMPLATE_INVALID, "template_invalid", 422, 0x80070057, false, false,
	"The template file is not valid."},
    {GH_E_TEMPLATE_UNSAFE, "template_unsafe", 422, 0x80070057, false, false,
	"The template is not safe."},

    {GH_E_TARGET_TOO_LONG, "target_too_long", 414, 0x80070057, false, false,
	"The URL is too long."},
    {GH_E_HEADER_TOO_LARGE, "header_too_large", 431, 0x80070057, false, false,
	"The header of the request is too large."},
    {GH_E_REQUEST_TIMEOUT, "request_timeout", 408, 0x80070079, false, false,
	"The request was not complete in time."},
    {GH_E_NOT_IMPLEMENTED, "not_implemented", 501, 0x80004001, false, false,
	"This method or transfer coding is not supported."},
    {GH_E_HTTP_VERSION, "http_version", 505, 0x80070057, false, false, "Use HTTP/1.1."},
    {GH_E_EXPECTATION, "expectation", 417, 0x80070057, false, false,
	"The only expectation that is supported is 100-continue."},
    {GH_E_LENGTH_REQUIRED, "length_required", 411, 0x80070057, false, false,
	"The request needs a body, and Content-Length."},
    {GH_E_NOT_ACCEPTABLE, "not_acceptable", 406, 0x80070057, false, false,
	"None of the types in Accept can be given here."},
};

const struct gh_error_info *
gh_error_info(enum gh_code code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return &table[i];
	return gh_error_info(GH_E_INTERNAL);
}

static void
begin(struct gh_error *err, enum gh_code code)
{
	err->code = code;
	err->retry_after = 0;
	err->reason = NULL;
	err->value[0] = '\0';
}

int
gh_fail(struct gh_error *err, enum gh_code code, const char *fmt, ...)
{
	if (err != NULL) {
		va_list ap;

		begin(err, code);
		snprintf(err->message, sizeof(err->message), "%s", gh_error_info(code)->message);
		va_start(ap, fmt);
		vsnprintf(err->detail, sizeof(err->detail), fmt, ap);
		va_end(ap);
	}
	return code;
}

static void
refuse(struct gh_error *err, enum gh_code code, const char *fmt, va_list ap)
{
	begin(err, code);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	snprintf(err->detail, sizeof(err->detail), "%s", err->message);
}

int
gh_refuse(struct gh_error *err, enum gh_code code, const char *fmt, ...)
{
	if (err != NULL) {
		va_list ap;

		va_start(ap, fmt);
		refuse(err, code, fmt, ap);
		va_end(ap);
	}
	return code;
}

int
gh_refuse_as(struct gh_error *err, enum gh_code code, const char *reason, const char *value,
    const char *fmt, ...)
{
	if (err != NULL) {
		va_list ap;

		va_start(ap, fmt);
		refuse(err, code, fmt, ap);
		va_end(ap);
		err->reason = reason;
		snprintf(err->value, sizeof(err->value), "%s", value != NULL ? value : "");
	}
	return code;
}

void
gh_error_clear(struct gh_error *err)
{
	if (err != NULL) {
		begin(err, GH_OK);
		err->message[0] = err->detail[0] = '\0';
	}
}
