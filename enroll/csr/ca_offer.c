/* The policy of a CA, for whoever makes a CSR. See ca_offer.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "asn1_time.h"
#include "buf.h"
#include "calendar.h"
#include "utf8.h"

#include "ca_offer.h"

#define CONFIG_MAX (16 * 1024)

/* --- keys ------------------------------------------------------------------------------------- */

static const struct key_kind {
	const char *type;
	int bits;
	const char *words;
} kinds[] = {
    {"EC", 256, "-newkey ec -pkeyopt ec_paramgen_curve:P-256"},
    {"EC", 384, "-newkey ec -pkeyopt ec_paramgen_curve:P-384"},
    {"EC", 521, "-newkey ec -pkeyopt ec_paramgen_curve:P-521"},
    {"RSA", 2048, "-newkey rsa:2048"},
    {"RSA", 3072, "-newkey rsa:3072"},
    {"RSA", 4096, "-newkey rsa:4096"},
    {"Ed25519", 256, "-newkey ed25519"},
};

/* By one entry of the policy's keys, or by none. */
static bool
takes(const gh_json *keys, const struct key_kind *k)
{
	for (size_t i = 0; i < gh_json_size(keys); i++) {
		const gh_json *rule = gh_json_at(keys, i);
		const char *type = gh_json_string(gh_json_get(rule, "type"));
		int64_t least = 0;

		(void)gh_json_int(gh_json_get(rule, "min_bits"), &least);
		if (type != NULL && strcmp(type, k->type) == 0 && k->bits >= least)
			return true;
	}
	return gh_json_size(keys) == 0;
}

static void
add_size(struct ca_offer *o, int bits)
{
	for (size_t i = 0; i < o->sizes; i++)
		if (o->size[i] == bits)
			return;
	o->size[o->sizes++] = bits;
}

/* The words are those of RSA with its least size, which every client can use, else of the first. */
static void
read_keys(const struct ca *ca, struct ca_offer *o)
{
	const gh_json *keys = gh_json_get(ca->policy, "keys");
	bool is_rsa = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool is_first_rsa = !is_rsa && strcmp(kinds[i].type, "RSA") == 0;

		if (!takes(keys, &kinds[i]))
			continue;
		add_size(o, kinds[i].bits);
		if (o->key == NULL || is_first_rsa)
			o->key = kinds[i].words;
		is_rsa |= is_first_rsa;
	}
}
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) <= CA_OFFER_SIZES_MAX, "room for all sizes");

/* --- extended key usages ---------------------------------------------------------------------- */

static const struct usage {
	const char *word, *oid, *openssl;
	size_t offset;
} usages[] = {
    {"server_auth", "1.3.6.1.5.5.7.3.1", "serverAuth", offsetof(struct ca_offer, server_auth)},
    {"client_auth", "1.3.6.1.5.5.7.3.2", "clientAuth", offsetof(struct ca_offer, client_auth)},
    {"email_protection", "1.3.6.1.5.5.7.3.4", "emailProtection",
	offsetof(struct ca_offer, email_protection)},
    {"code_signing", "1.3.6.1.5.5.7.3.3", "codeSigning", offsetof(struct ca_offer, code_signing)},
};
#define USAGES (sizeof(usages) / sizeof(usages[0]))

static bool
has(const struct ca_offer *o, const struct usage *u)
{
	return *(const bool *)((const char *)o + u->offset);
}

static void
read_usages(const struct ca *ca, struct ca_offer *o)
{
	const gh_json *ekus = gh_json_get(ca->policy, "ekus");

	for (size_t k = 0; k < USAGES; k++) {
		bool *is_there = (bool *)((char *)o + usages[k].offset);

		*is_there = gh_json_size(ekus) == 0;
		for (size_t i = 0; i < gh_json_size(ekus); i++) {
			const char *oid = gh_json_string(gh_json_at(ekus, i));

			*is_there |= oid != NULL && strcmp(oid, usages[k].oid) == 0;
		}
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

int
ca_offer_read(const struct ca *ca, int64_t now, struct ca_offer *out, struct gh_error *err)
{
	int64_t seconds = ca_max_validity(ca), end;

	memset(out, 0, sizeof(*out));
	if (!gh_asn1_time_get(X509_get0_notAfter(ca->cert), &end))
		return gh_fail(err, GH_E_DB, "CA %s: its end cannot be read", ca->name);
	out->days = seconds > 0 ? seconds / GH_DAY_SECONDS : CA_OFFER_DAYS_MAX;
	if (end - now < out->days * GH_DAY_SECONDS)
		out->days = end > now ? (end - now) / GH_DAY_SECONDS : 0;
	read_keys(ca, out);
	read_usages(ca, out);
	return 0;
}

/* The first of this type in the CA's name, clean UTF-8, malloc'd; NULL: there is none. */
static char *
name_part(const struct ca *ca, int nid)
{
	const X509_NAME *name = X509_get_subject_name(ca->cert);
	int i = X509_NAME_get_index_by_NID(name, nid, -1), n;
	unsigned char *utf8 = NULL;
	char *out = NULL;

	if (i < 0)
		return NULL;
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n > 0 && memchr(utf8, '\0', (size_t)n) == NULL)
		out = strndup((const char *)utf8, (size_t)n);
	OPENSSL_free(utf8);
	return out != NULL ? gh_utf8_clean(out) : NULL;
}

static bool
set_part(gh_json *o, const char *member, const struct ca *ca, int nid)
{
	char *text = name_part(ca, nid);
	bool ok = gh_json_set_string(o, member, text) == 0;

	free(text);
	return ok;
}

static gh_json *
sizes_json(const struct ca_offer *of)
{
	gh_json *list = gh_json_new_array();
	bool failed = list == NULL;

	for (size_t i = 0; i < of->sizes && !failed; i++)
		failed = gh_json_append(list, gh_json_new_int(of->size[i])) != 0;
	if (!failed)
		return list;
	gh_json_free(list);
	return NULL;
}

/* The words of forms; other usages that the policy has, by their OIDs. */
static gh_json *
usages_json(const struct ca *ca, const struct ca_offer *of)
{
	const gh_json *ekus = gh_json_get(ca->policy, "ekus");
	gh_json *list = gh_json_new_array();
	bool failed = list == NULL;

	for (size_t k = 0; k < USAGES && !failed; k++)
		if (has(of, &usages[k]))
			failed = gh_json_append(list, gh_json_new_string(usages[k].word)) != 0;
	for (size_t i = 0; i < gh_json_size(ekus) && !failed; i++) {
		const char *oid = gh_json_string(gh_json_at(ekus, i));
		bool is_known = oid == NULL;

		for (size_t k = 0; k < USAGES && !is_known; k++)
			is_known = strcmp(usages[k].oid, oid) == 0;
		if (!is_known)
			failed = gh_json_append(list, gh_json_new_string(oid)) != 0;
	}
	if (!failed)
		return list;
	gh_json_free(list);
	return NULL;
}

gh_json *
ca_offer_json(const struct ca *ca, const struct ca_offer *of)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_int(o, "id", ca->id) == 0 &&
	    gh_json_set_string(o, "name", ca->name) == 0 &&
	    set_part(o, "common_name", ca, NID_commonName) &&
	    set_part(o, "organization", ca, NID_organizationName) &&
	    set_part(o, "country", ca, NID_countryName) &&
	    gh_json_set_bool(o, "requires_manual_approval", ca_needs_approval(ca)) == 0 &&
	    gh_json_set_int(o, "max_validity_days", of->days) == 0 &&
	    gh_json_set(o, "allowed_key_sizes", sizes_json(of)) == 0 &&
	    gh_json_set(o, "allowed_extensions", usages_json(ca, of)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* --- openssl req ------------------------------------------------------------------------------ */

/* A value as config(5) reads it: what is special there is escaped. */
static void
put_value(struct gh_buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\\"'#$;` \t", *text) != NULL)
			gh_buf_putc(b, '\\');
		gh_buf_putc(b, *text);
	}
}

/* A default of the first section; the environment may say otherwise. */
static bool
put_default(struct gh_buf *b, const char *name, char *text)
{
	bool is_there = text != NULL;

	if (is_there) {
		gh_buf_putf(b, "%s = ", name);
		put_value(b, text);
		gh_buf_putc(b, '\n');
	}
	free(text);
	return is_there;
}

static const char *
first_usage(const struct ca_offer *o)
{
	for (size_t k = 0; k < USAGES; k++)
		if (has(o, &usages[k]))
			return usages[k].openssl;
	return NULL;
}

static void
put_head(struct gh_buf *b, const struct ca *ca, const struct ca_offer *o)
{
	gh_buf_putf(b, "# For a certificate of CA %s, valid for at most %lld days%s:\n", ca->name,
	    (long long)o->days, ca_needs_approval(ca) ? ", after an officer has agreed" : "");
	if (o->key != NULL)
		gh_buf_putf(b,
		    "# CN=host.example.com openssl req -new -config ca.cnf %s -keyout host.key -out host.csr\n",
		    o->key);
	gh_buf_puts(b, "# What the certificate holds in the end is for its template to say.\n\n");
}

char *
ca_offer_openssl(const struct ca *ca, const struct ca_offer *o)
{
	const char *usage = first_usage(o);
	bool has_o, has_c;
	struct gh_buf b;

	gh_buf_init(&b, CONFIG_MAX);
	put_head(&b, ca, o);
	gh_buf_puts(&b, "CN = host.example.com\n");
	has_o = put_default(&b, "O", name_part(ca, NID_organizationName));
	has_c = put_default(&b, "C", name_part(ca, NID_countryName));
	if (usage != NULL)
		gh_buf_putf(&b, "EKU = %s\n", usage);
	if (o->server_auth)
		gh_buf_puts(&b, "SAN = DNS:${ENV::CN}\n");
	gh_buf_puts(&b,
	    "\n[ req ]\nprompt = no\nutf8 = yes\nstring_mask = utf8only\nencrypt_key = no\n"
	    "default_md = sha256\ndistinguished_name = subject\nreq_extensions = extensions\n"
	    "\n[ subject ]\n");
	if (has_c)
		gh_buf_puts(&b, "C = ${ENV::C}\n");
	if (has_o)
		gh_buf_puts(&b, "O = ${ENV::O}\n");
	gh_buf_puts(&b,
	    "CN = ${ENV::CN}\n\n[ extensions ]\nkeyUsage = critical, digitalSignature\n");
	if (usage != NULL)
		gh_buf_puts(&b, "extendedKeyUsage = ${ENV::EKU}\n");
	if (o->server_auth)
		gh_buf_puts(&b, "subjectAltName = ${ENV::SAN}\n");
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}
