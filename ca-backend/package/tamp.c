/* Messages of TAMP. See tamp.h. */
#include "tamp.h"
#include "package_oid.h"

#define VERSION 2
#define STATUS_OTHER 127
#define SEQUENCE_NUMBER_MAX 8 /* octets of 2^63 - 1 */

bool
tamp_type_read(const struct gh_der *type, enum tamp_message *out)
{
	static const unsigned char base[] = {OID_TAMP(0)};

	if (type->len != sizeof(base) ||
	    !gh_der_equals(&(struct gh_der){type->p, type->len - 1}, base, sizeof(base) - 1) ||
	    type->p[type->len - 1] < TAMP_STATUS_QUERY ||
	    type->p[type->len - 1] > TAMP_SEQUENCE_ADJUST_CONFIRM)
		return false;
	*out = type->p[type->len - 1];
	return true;
}

const char *
tamp_word(enum tamp_message message)
{
	static const char *const words[] = {
	    [TAMP_STATUS_QUERY] = "status-query",
	    [TAMP_STATUS_RESPONSE] = "status-response",
	    [TAMP_UPDATE] = "update",
	    [TAMP_UPDATE_CONFIRM] = "update-confirm",
	    [TAMP_APEX_UPDATE] = "apex-update",
	    [TAMP_APEX_UPDATE_CONFIRM] = "apex-update-confirm",
	    [TAMP_COMMUNITY_UPDATE] = "community-update",
	    [TAMP_COMMUNITY_UPDATE_CONFIRM] = "community-update-confirm",
	    [TAMP_ERROR] = "error",
	    [TAMP_SEQUENCE_ADJUST] = "sequence-adjust",
	    [TAMP_SEQUENCE_ADJUST_CONFIRM] = "sequence-adjust-confirm",
	};

	return words[message];
}

/* version [0] DEFAULT v2 */
static bool
take_version(struct gh_der *in)
{
	struct gh_der version;

	return !gh_der_take(in, GH_DER_PRIMITIVE(0), &version) ||
	    (version.len == 1 && version.p[0] == VERSION);
}

/* TAMPMsgRef ::= SEQUENCE { target TargetIdentifier, seqNum SeqNumber }: target is one of [1] to
 * [5]. */
static bool
take_reference(struct gh_der *in, struct gh_der *whole)
{
	struct gh_der again, parts, number;
	unsigned tag;

	if (!gh_der_take_whole(in, GH_DER_SEQUENCE, whole))
		return false;
	again = *whole;
	return gh_der_take(&again, GH_DER_SEQUENCE, &parts) &&
	    gh_der_next(&parts, &tag, NULL, NULL) && (tag & 0x1f) >= 1 && (tag & 0x1f) <= 5 &&
	    (tag & 0xc0) == 0x80 && gh_der_take(&parts, GH_DER_INTEGER, &number) &&
	    parts.len == 0 && number.len >= 1 && number.len <= SEQUENCE_NUMBER_MAX &&
	    (number.p[0] & 0x80) == 0;
}

/* What must follow the reference; its inside is the client's business. */
static bool
has_body(enum tamp_message message, struct gh_der *in)
{
	struct gh_der inside;

	switch (message) {
	case TAMP_STATUS_QUERY:
	case TAMP_SEQUENCE_ADJUST:
		return true;
	case TAMP_UPDATE:
		if (!gh_der_take(in, GH_DER_SEQUENCE, &inside) || inside.len == 0)
			return false;
		(void)gh_der_take(in, GH_DER_CONTEXT(2), NULL); /* tampSeqNumbers */
		return true;
	case TAMP_APEX_UPDATE:
		if (!gh_der_take(in, GH_DER_BOOLEAN, NULL) ||
		    !gh_der_take(in, GH_DER_BOOLEAN, NULL))
			return false;
		(void)gh_der_take(in, GH_DER_INTEGER, NULL); /* seqNumber */
		return gh_der_next(in, NULL, NULL, NULL);    /* TrustAnchorChoice */
	case TAMP_COMMUNITY_UPDATE:
		return gh_der_take(in, GH_DER_SEQUENCE, NULL);
	default:
		return false; /* no message to clients */
	}
}

bool
tamp_message_read(enum tamp_message message, struct gh_der in, struct gh_der *reference)
{
	struct gh_der body;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 || !take_version(&body))
		return false;
	if (message != TAMP_SEQUENCE_ADJUST)
		(void)gh_der_take(&body, GH_DER_PRIMITIVE(1), NULL); /* terse */
	return take_reference(&body, reference) && has_body(message, &body) && body.len == 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool
read_status(const struct gh_der *octets, unsigned *code)
{
	if (octets->len != 1 || octets->p[0] > STATUS_OTHER)
		return false;
	if (*code == 0)
		*code = octets->p[0];
	return true;
}

static bool
take_status(struct gh_der *in, unsigned *code)
{
	struct gh_der octets;

	return gh_der_take(in, GH_DER_ENUMERATED, &octets) && read_status(&octets, code);
}

static bool
read_status_list(struct gh_der in, unsigned *code)
{
	if (in.len == 0)
		return false;
	while (in.len > 0)
		if (!take_status(&in, code))
			return false;
	return true;
}

/* terse [0] or verbose [1]: one status of an apex or community update, a list of them of an
 * update. */
static bool
take_confirm(enum tamp_message message, struct gh_der *in, unsigned *code)
{
	struct gh_der inside, list;

	if (gh_der_take(in, GH_DER_CONTEXT(1), &inside))
		return message == TAMP_UPDATE_CONFIRM
		    ? gh_der_take(&inside, GH_DER_SEQUENCE, &list) && read_status_list(list, code)
		    : take_status(&inside, code);
	return message == TAMP_UPDATE_CONFIRM
	    ? gh_der_take(in, GH_DER_CONTEXT(0), &list) && read_status_list(list, code)
	    : gh_der_take(in, GH_DER_PRIMITIVE(0), &inside) && read_status(&inside, code);
}

/* [0] or [1], then usesApex DEFAULT TRUE */
static bool
take_response(struct gh_der *in)
{
	if (!gh_der_take(in, GH_DER_CONTEXT(0), NULL) && !gh_der_take(in, GH_DER_CONTEXT(1), NULL))
		return false;
	(void)gh_der_take(in, GH_DER_BOOLEAN, NULL);
	return true;
}

static bool
read_error(struct gh_der in, struct package_answer *out)
{
	out->is_error = true;
	if (!gh_der_take(&in, GH_DER_OID, NULL) || !take_status(&in, &out->code))
		return false;
	return in.len == 0 || (take_reference(&in, &out->reference) && in.len == 0);
}

bool
tamp_answer_read(enum tamp_message message, struct gh_der in, struct package_answer *out)
{
	struct gh_der body;
	bool is_good;

	*out = (struct package_answer){0};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 || !take_version(&body))
		return false;
	if (message == TAMP_ERROR)
		return read_error(body, out);
	if (!take_reference(&body, &out->reference))
		return false;
	switch (message) {
	case TAMP_STATUS_RESPONSE:
		is_good = take_response(&body);
		break;
	case TAMP_SEQUENCE_ADJUST_CONFIRM:
		is_good = take_status(&body, &out->code);
		break;
	case TAMP_UPDATE_CONFIRM:
	case TAMP_APEX_UPDATE_CONFIRM:
	case TAMP_COMMUNITY_UPDATE_CONFIRM:
		is_good = take_confirm(message, &body, &out->code);
		break;
	default:
		is_good = false; /* no answer */
	}
	return is_good && body.len == 0;
}
