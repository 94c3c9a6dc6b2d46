/* Names of fields. See query_field.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "query_field.h"

#define NAME_MAX_BYTES 80
#define NEAR_MAX 3      /* names */
#define NEAR_DISTANCE 2 /* letters */

/* Ours first, then how Keyfactor's clients call them. */
static const struct {
	const char *name;
	struct {
		enum cert_column column;
		const char *part;
		enum cert_value type;
	} field;
} names[] = {
    {"Id", {CERT_COL_ID, NULL, CERT_NUMBER}},
    {"RequestId", {CERT_COL_REQUEST, NULL, CERT_NUMBER}},
    {"Subject", {CERT_COL_SUBJECT, NULL, CERT_TEXT}},
    {"CN", {CERT_COL_SUBJECT_PART, "CN", CERT_TEXT}},
    {"OU", {CERT_COL_SUBJECT_PART, "OU", CERT_TEXT}},
    {"O", {CERT_COL_SUBJECT_PART, "O", CERT_TEXT}},
    {"L", {CERT_COL_SUBJECT_PART, "L", CERT_TEXT}},
    {"ST", {CERT_COL_SUBJECT_PART, "ST", CERT_TEXT}},
    {"C", {CERT_COL_SUBJECT_PART, "C", CERT_TEXT}},
    {"SAN", {CERT_COL_SAN, NULL, CERT_TEXT}},
    {"DNS", {CERT_COL_SAN, "dns:", CERT_TEXT}},
    {"IP", {CERT_COL_SAN, "ip:", CERT_TEXT}},
    {"Email", {CERT_COL_SAN, "email:", CERT_TEXT}},
    {"UPN", {CERT_COL_SAN, "upn:", CERT_TEXT}},
    {"URI", {CERT_COL_SAN, "uri:", CERT_TEXT}},
    {"CA", {CERT_COL_CA, NULL, CERT_TEXT}},
    {"Issuer", {CERT_COL_ISSUER, NULL, CERT_TEXT}},
    {"Serial", {CERT_COL_SERIAL, NULL, CERT_HEX}},
    {"Thumbprint", {CERT_COL_THUMBPRINT, NULL, CERT_HEX}},
    {"Key", {CERT_COL_KEY, NULL, CERT_HEX}},
    {"Requester", {CERT_COL_REQUESTER, NULL, CERT_TEXT}},
    {"Template", {CERT_COL_TEMPLATE, NULL, CERT_TEXT}},
    {"State", {CERT_COL_STATE, NULL, CERT_STATE}},
    {"KeyType", {CERT_COL_KEY_TYPE, NULL, CERT_TEXT}},
    {"KeySize", {CERT_COL_KEY_SIZE, NULL, CERT_NUMBER}},
    {"NotBefore", {CERT_COL_NOT_BEFORE, NULL, CERT_TIME}},
    {"NotAfter", {CERT_COL_NOT_AFTER, NULL, CERT_TIME}},
    {"Location", {CERT_COL_LOCATION, NULL, CERT_TEXT}},
    {"CertId", {CERT_COL_ID, NULL, CERT_NUMBER}},
    {"CertRequestId", {CERT_COL_REQUEST, NULL, CERT_NUMBER}},
    {"IssuedDN", {CERT_COL_SUBJECT, NULL, CERT_TEXT}},
    {"IssuedCN", {CERT_COL_SUBJECT_PART, "CN", CERT_TEXT}},
    {"IssuedOU", {CERT_COL_SUBJECT_PART, "OU", CERT_TEXT}},
    {"IssuerDN", {CERT_COL_ISSUER, NULL, CERT_TEXT}},
    {"CertificateAuthorityName", {CERT_COL_CA, NULL, CERT_TEXT}},
    {"SerialNumber", {CERT_COL_SERIAL, NULL, CERT_HEX}},
    {"RequesterName", {CERT_COL_REQUESTER, NULL, CERT_TEXT}},
    {"TemplateName", {CERT_COL_TEMPLATE, NULL, CERT_TEXT}},
    {"KeySizeInBits", {CERT_COL_KEY_SIZE, NULL, CERT_NUMBER}},
    {"EffectiveDate", {CERT_COL_NOT_BEFORE, NULL, CERT_TIME}},
    {"ExpirationDate", {CERT_COL_NOT_AFTER, NULL, CERT_TIME}},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

enum cert_value
query_field_type(const struct metadata_field *field)
{
	switch (field->type) {
	case METADATA_INTEGER:
		return CERT_NUMBER;
	case METADATA_DATE:
		return CERT_DAY;
	case METADATA_BOOLEAN:
		return CERT_BOOL;
	default:
		return CERT_TEXT;
	}
}

static bool
is_seen(const struct query_env *env, size_t field)
{
	return !env->is_keyfactor || env->field[field].allow_api;
}

bool
query_field_find(const struct query_env *env, const char *name, struct query_field *out)
{
	size_t prefix = strlen(METADATA_PREFIX);
	bool is_metadata = strncasecmp(name, METADATA_PREFIX, prefix) == 0;

	for (size_t i = 0; i < NAMES && !is_metadata; i++)
		if (strcasecmp(names[i].name, name) == 0) {
			*out = (struct query_field){.column = names[i].field.column,
			    .part = names[i].field.part,
			    .type = names[i].field.type};
			return true;
		}
	name += is_metadata ? prefix : 0;
	for (size_t i = 0; i < env->fields; i++)
		if (is_seen(env, i) && strcasecmp(env->field[i].name, name) == 0) {
			*out = (struct query_field){CERT_COL_METADATA, env->field[i].name,
			    query_field_type(&env->field[i]), env->field[i].indexed};
			return true;
		}
	return false;
}

const char *
query_field_metadata(const struct query_env *env, const char *name)
{
	for (size_t i = 0; i < env->fields; i++)
		if (strcasecmp(env->field[i].name, name) == 0)
			return env->field[i].name;
	return NULL;
}

/* ---- near ones ---- */

/* Letters to be put in, left out or replaced, without case (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1], n = strlen(b);

	if (n > NAME_MAX_BYTES)
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
			size_t best = diagonal + !same;

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[n];
}

static void
add_near(const char *name, const char *asked, size_t *found, char *out, size_t size)
{
	size_t n = strlen(out);

	/* of a name of three letters, two others are no misspelling */
	if (*found == NEAR_MAX || distance(asked, name) > NEAR_DISTANCE ||
	    distance(asked, name) * 2 > strlen(name))
		return;
	snprintf(out + n, size - n, "%s\"%s\"", (*found)++ == 0 ? ", did you mean " : " or ", name);
}

char *
query_field_near(const struct query_env *env, const char *name, char *out, size_t size)
{
	size_t found = 0, n;

	*out = '\0';
	for (size_t i = 0; i < NAMES; i++)
		add_near(names[i].name, name, &found, out, size);
	for (size_t i = 0; i < env->fields; i++)
		if (is_seen(env, i))
			add_near(env->field[i].name, name, &found, out, size);
	n = strlen(out);
	if (found > 0)
		snprintf(out + n, size - n, "?");
	return out;
}
