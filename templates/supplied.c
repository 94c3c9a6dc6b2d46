/*
 * Names from the request, for templates with ENROLLEE_SUPPLIES_SUBJECT. The template says which
 * types may come; anything else is refused, since a certificate with fewer names than asked for
 * surprises later. What is taken is encoded anew, never copied.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/csr_names.h"

#include "model.h"

/* Longest otherName value from a request, bytes. */
#define OTHER_NAME_MAX 1024

const struct tmpl_san_type tmpl_san_type[] = {{"dns", TMPL_SAN_DNS}, {"email", TMPL_SAN_EMAIL},
    {"ip", TMPL_SAN_IP}, {"uri", TMPL_SAN_URI}, {"upn", TMPL_SAN_UPN}, {NULL, 0}};

/* --- subject --- */

static int
check_common_name(const struct tmpl *t, const char *cn, struct gh_error *err)
{
	if (t->subject.common_name != TMPL_CN_DNS)
		return 0;
	if (tmpl_text_is_dns(cn, t->san.wildcards) &&
	    (t->san.dns.n == 0 || tmpl_text_matches_dns(&t->san.dns, cn)))
		return 0;
	return gh_refuse(err, GH_E_SUBJECT, "CN must be a DNS name that the template allows");
}

/* A mail address stands in the subject under the same rule as in the SAN. */
static int
check_mail(const struct tmpl *t, const char *mail, struct gh_error *err)
{
	if (!tmpl_text_is_mail(mail))
		return gh_refuse(err, GH_E_SUBJECT, "E in the subject is not a mail address");
	if (t->san.email.n > 0 && !tmpl_text_matches_dns(&t->san.email, strchr(mail, '@') + 1))
		return gh_refuse(err, GH_E_SUBJECT,
		    "the template does not allow the mail address %.128s", mail);
	return 0;
}

static const struct {
	const char *type;
	int (*check)(const struct tmpl *t, const char *value, struct gh_error *err);
} value_check[] = {{"CN", check_common_name}, {"E", check_mail}};

/* Rules for the value of one type of attribute. */
static int
check_value(const struct tmpl *t, int type, const char *value, size_t len, struct gh_error *err)
{
	size_t i;

	if (strlen(value) != len)
		return gh_refuse(err, GH_E_SUBJECT, "%s in the subject holds a NUL",
		    tmpl_rdn_name(type));
	for (i = 0; i < sizeof(value_check) / sizeof(value_check[0]); i++) {
		if (strcmp(tmpl_rdn_name(type), value_check[i].type) == 0)
			return value_check[i].check(t, value, err);
	}
	return 0;
}

static int
add_entry(struct tmpl_naming *n, const X509_NAME_ENTRY *e, bool same_rdn, uint32_t *seen,
    struct gh_error *err)
{
	const struct tmpl_subject_rules *rules = &n->t->subject;
	int type = tmpl_rdn_type_of(X509_NAME_ENTRY_get_object(e)), len, rc;
	unsigned char *utf8 = NULL;

	if (type < 0)
		return gh_refuse(err, GH_E_SUBJECT,
		    "the subject has an attribute of an unknown type");
	if (rules->allow != 0 && (rules->allow & 1u << type) == 0)
		return gh_refuse(err, GH_E_SUBJECT, "the template allows no %s in the subject",
		    tmpl_rdn_name(type));
	if ((len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e))) < 0)
		return gh_refuse(err, GH_E_SUBJECT, "%s in the subject is not readable",
		    tmpl_rdn_name(type));
	rc = check_value(n->t, type, (const char *)utf8, (size_t)len, err);
	if (rc == 0)
		rc = tmpl_rdn_add(n->subject, type, (const char *)utf8, (size_t)len, same_rdn, err);
	OPENSSL_free(utf8);
	*seen |= 1u << type;
	return rc;
}

static int
require_types(uint32_t missing, struct gh_error *err)
{
	int type;

	for (type = 0; type < 32; type++) {
		if ((missing & 1u << type) != 0)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the template requires %s in the subject", tmpl_rdn_name(type));
	}
	return 0;
}

static int
supplied_subject(struct tmpl_naming *n, X509_NAME *from, struct gh_error *err)
{
	int count = X509_NAME_entry_count(from), i, set, last_set = -1, rc;
	uint32_t seen = 0;

	if (count > TMPL_RDN_MAX)
		return gh_refuse(err, GH_E_SUBJECT, "the subject has more than %d attributes",
		    TMPL_RDN_MAX);
	for (i = 0; i < count; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(from, i);

		set = X509_NAME_ENTRY_set(e);
		if ((rc = add_entry(n, e, set == last_set, &seen, err)) != 0)
			return rc;
		last_set = set;
	}
	return require_types(n->t->subject.require & ~seen, err);
}

/* --- SAN --- */

static int
not_allowed(const char *type, struct gh_error *err)
{
	return gh_refuse(err, GH_E_SUBJECT, "the template allows no %s names in the SAN", type);
}

/* Text of an IA5String without NUL; NULL otherwise. Borrowed. */
static const char *
ia5_text(const ASN1_IA5STRING *s)
{
	const char *p = (const char *)ASN1_STRING_get0_data(s);

	if (p == NULL || ASN1_STRING_length(s) <= 0 || strlen(p) != (size_t)ASN1_STRING_length(s))
		return NULL;
	return p;
}

static int
check_dns(const struct tmpl *t, const GENERAL_NAME *gn, struct gh_error *err)
{
	const char *s = ia5_text(gn->d.dNSName);

	if (s == NULL || !tmpl_text_is_dns(s, t->san.wildcards))
		return gh_refuse(err, GH_E_SUBJECT, "a dns name in the SAN is not a DNS name%s",
		    t->san.wildcards ? "" : " (wildcards are not allowed)");
	if (t->san.dns.n > 0 && !tmpl_text_matches_dns(&t->san.dns, s))
		return gh_refuse(err, GH_E_SUBJECT,
		    "the template does not allow the DNS name %.128s", s);
	return 0;
}

static int
check_email(const struct tmpl *t, const GENERAL_NAME *gn, struct gh_error *err)
{
	const char *s = ia5_text(gn->d.rfc822Name);

	if (s == NULL || !tmpl_text_is_mail(s))
		return gh_refuse(err, GH_E_SUBJECT,
		    "an email name in the SAN is not a mail address");
	if (t->san.email.n > 0 && !tmpl_text_matches_dns(&t->san.email, strchr(s, '@') + 1))
		return gh_refuse(err, GH_E_SUBJECT,
		    "the template does not allow the mail address %.128s", s);
	return 0;
}

static int
check_ip(const struct tmpl *t, const GENERAL_NAME *gn, struct gh_error *err)
{
	int n = ASN1_STRING_length(gn->d.iPAddress);

	if (n != 4 && n != 16)
		return gh_refuse(err, GH_E_SUBJECT, "an ip name in the SAN has %d octets", n);
	if (t->san.ip.n > 0 &&
	    !tmpl_network_has(&t->san.ip, ASN1_STRING_get0_data(gn->d.iPAddress), (size_t)n))
		return gh_refuse(err, GH_E_SUBJECT,
		    "an ip name in the SAN is in no network that the template allows");
	return 0;
}

static int
check_uri(const struct tmpl *t, const GENERAL_NAME *gn, struct gh_error *err)
{
	/* MS-PKCA 3.1.5.2.1.5: "tag:microsoft.com,2022-09-14:sid:S-1-..." maps a certificate to an
	 * account */
	static const char sid_authority[] = "tag:microsoft.com";
	const char *s = ia5_text(gn->d.uniformResourceIdentifier);

	(void)t;
	if (s == NULL || !tmpl_text_is_uri(s))
		return gh_refuse(err, GH_E_SUBJECT, "a uri name in the SAN is not a URI");
	/* Every tag URI of that authority (RFC 4151), since a lenient reader may take other dates,
	 * too. */
	if (strncasecmp(s, sid_authority, sizeof(sid_authority) - 1) == 0)
		return gh_refuse(err, GH_E_DENIED, "a request must not name a SID");
	return 0;
}

static bool
is_plain(const ASN1_STRING *s, int asn1_type)
{
	const char *p = (const char *)ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);

	if (asn1_type == V_ASN1_OCTET_STRING)
		return true;
	return asn1_type == V_ASN1_UTF8STRING ? tmpl_text_is_utf8(p, n, NULL)
					      : tmpl_text_is_ascii(p, n);
}

/* The template decides on otherNames by OID; values are of one of the string types. */
static int
check_other(const struct tmpl *t, const GENERAL_NAME *gn, uint32_t *bit, struct gh_error *err)
{
	const OTHERNAME *o = gn->d.otherName;
	const ASN1_STRING *s;
	char oid[TMPL_OID_MAX + 1];
	int n = OBJ_obj2txt(oid, sizeof(oid), o->type_id, 1);

	if (n <= 0 || (size_t)n >= sizeof(oid))
		return not_allowed("otherName", err);
	if (strcmp(oid, TMPL_OID_SID) == 0 || strcmp(oid, TMPL_OID_SID_EXTENSION) == 0)
		return gh_refuse(err, GH_E_DENIED, "a request must not name a SID");
	*bit = strcmp(oid, TMPL_OID_UPN) == 0 ? TMPL_SAN_UPN : TMPL_SAN_OTHER;
	if (*bit == TMPL_SAN_UPN ? (t->san.types & TMPL_SAN_UPN) == 0
				 : !tmpl_list_has(&t->san.other_names, oid))
		return gh_refuse(err, GH_E_SUBJECT,
		    "the template allows no otherName %s in the SAN", oid);
	if (o->value->type != V_ASN1_UTF8STRING && o->value->type != V_ASN1_IA5STRING &&
	    o->value->type != V_ASN1_PRINTABLESTRING && o->value->type != V_ASN1_OCTET_STRING)
		return gh_refuse(err, GH_E_SUBJECT, "otherName %s in the SAN is not a string", oid);
	s = o->value->value.asn1_string;
	if (ASN1_STRING_length(s) == 0 || ASN1_STRING_length(s) > OTHER_NAME_MAX)
		return gh_refuse(err, GH_E_SUBJECT, "otherName %s in the SAN is empty or too long",
		    oid);
	if (!is_plain(s, o->value->type))
		return gh_refuse(err, GH_E_SUBJECT, "otherName %s in the SAN is not plain text",
		    oid);
	if (*bit == TMPL_SAN_UPN &&
	    (o->value->type != V_ASN1_UTF8STRING ||
		!tmpl_text_is_upn((const char *)ASN1_STRING_get0_data(s))))
		return gh_refuse(err, GH_E_SUBJECT,
		    "a upn name in the SAN is not of the form name@suffix");
	return 0;
}

static const struct {
	int gen_type;
	uint32_t bit;
	const char *name;
	int (*check)(const struct tmpl *t, const GENERAL_NAME *gn, struct gh_error *err);
} general_name[] = {
    {GEN_DNS, TMPL_SAN_DNS, "dns", check_dns},
    {GEN_EMAIL, TMPL_SAN_EMAIL, "email", check_email},
    {GEN_IPADD, TMPL_SAN_IP, "ip", check_ip},
    {GEN_URI, TMPL_SAN_URI, "uri", check_uri},
};

static int
check_general_name(const struct tmpl *t, const GENERAL_NAME *gn, uint32_t *bit,
    struct gh_error *err)
{
	size_t i;
	int rc;

	if (gn->type == GEN_OTHERNAME)
		return check_other(t, gn, bit, err);
	for (i = 0; i < sizeof(general_name) / sizeof(general_name[0]); i++) {
		if (general_name[i].gen_type != gn->type)
			continue;
		*bit = general_name[i].bit;
		if ((t->san.types & *bit) != 0)
			return general_name[i].check(t, gn, err);
		/* the SID in disguise is told as what it is, also where no URI may come */
		if (gn->type == GEN_URI && (rc = check_uri(t, gn, err)) == GH_E_DENIED)
			return rc;
		return not_allowed(general_name[i].name, err);
	}
	/* directoryName, x400Address, ediPartyName, registeredID */
	return not_allowed("other types of", err);
}

static int
require_sans(uint32_t missing, struct gh_error *err)
{
	const struct tmpl_san_type *s;

	for (s = tmpl_san_type; s->name != NULL; s++) {
		if ((missing & s->bit) != 0)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the template requires a %s name in the SAN", s->name);
	}
	return 0;
}

static int
take_sans(struct tmpl_naming *n, const GENERAL_NAMES *from, uint32_t *seen, struct gh_error *err)
{
	GENERAL_NAME *copy;
	uint32_t bit = 0;
	int i, rc;

	if (sk_GENERAL_NAME_num(from) > TMPL_SAN_MAX)
		return gh_refuse(err, GH_E_SUBJECT, "the SAN has more than %d names", TMPL_SAN_MAX);
	for (i = 0; i < sk_GENERAL_NAME_num(from); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(from, i);

		if ((rc = check_general_name(n->t, gn, &bit, err)) != 0)
			return rc;
		*seen |= bit;
		copy = GENERAL_NAME_dup(gn);
		if (copy == NULL || sk_GENERAL_NAME_push(n->san, copy) == 0) {
			GENERAL_NAME_free(copy);
			return gh_fail(err, GH_E_NOMEM, "subject alternative name");
		}
	}
	return 0;
}

/* Those of the request, or that it asks for in their place. */
static int
read_asked(const struct subject_source *from, struct csr_names *out, struct gh_error *err)
{
	bool found = false;
	int rc = from->takes_change ? csr_names_read_change(from->csr, &found, out, err) : 0;

	return rc == 0 && !found ? csr_names_read(from->csr, out, err) : rc;
}

/* Those that are listed for it, or else asked for. */
static int
read_names(const struct subject_source *from, struct csr_names *out, struct gh_error *err)
{
	const struct csr_names *listed = from->listed;

	if (listed == NULL || listed->subject == NULL)
		return read_asked(from, out, err);
	out->subject = X509_NAME_dup(listed->subject);
	out->san = listed->san != NULL
	    ? sk_GENERAL_NAME_deep_copy(listed->san, GENERAL_NAME_dup, GENERAL_NAME_free)
	    : NULL;
	if (out->subject != NULL && (listed->san == NULL || out->san != NULL))
		return 0;
	csr_names_clear(out);
	return gh_fail(err, GH_E_NOMEM, "names of a device");
}

int
tmpl_supplied_names(struct tmpl_naming *n, struct gh_error *err)
{
	struct csr_names names;
	uint32_t seen = 0;
	int rc = read_names(n->from, &names, err);

	if (rc != 0)
		return rc;
	rc = supplied_subject(n, names.subject, err);
	if (rc == 0 && names.san != NULL)
		rc = take_sans(n, names.san, &seen, err);
	csr_names_clear(&names);
	return rc != 0 ? rc : require_sans(n->t->san.require & ~seen, err);
}
