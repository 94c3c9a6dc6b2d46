/* Names of the SAN extension from the directory: rows of the table in names.c. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

static int
push(struct tmpl_naming *n, GENERAL_NAME *gn, struct gh_error *err)
{
	if (gn == NULL || sk_GENERAL_NAME_push(n->san, gn) == 0) {
		GENERAL_NAME_free(gn);
		return gh_fail(err, GH_E_NOMEM, "subject alternative name");
	}
	return 0;
}

/* dNSName or rfc822Name: IA5String, checked by the caller to be ASCII. */
static int
push_ia5(struct tmpl_naming *n, int type, const char *text, struct gh_error *err)
{
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	if (gn == NULL || s == NULL || ASN1_STRING_set(s, text, (int)strlen(text)) != 1) {
		GENERAL_NAME_free(gn);
		ASN1_IA5STRING_free(s);
		return gh_fail(err, GH_E_NOMEM, "subject alternative name");
	}
	GENERAL_NAME_set0_value(gn, type, s);
	return push(n, gn, err);
}

GENERAL_NAME *
tmpl_san_other(const ASN1_OBJECT *type, int asn1_type, const void *p, size_t n)
{
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_OBJECT *oid = OBJ_dup(type);
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_STRING *s = ASN1_STRING_type_new(asn1_type);

	if (gn == NULL || oid == NULL || value == NULL || s == NULL ||
	    ASN1_STRING_set(s, p, (int)n) != 1)
		goto fail;
	ASN1_TYPE_set(value, asn1_type, s);
	s = NULL;
	if (GENERAL_NAME_set0_othername(gn, oid, value) != 1)
		goto fail;
	return gn;
fail:
	GENERAL_NAME_free(gn);
	ASN1_OBJECT_free(oid);
	ASN1_TYPE_free(value);
	ASN1_STRING_free(s);
	return NULL;
}

int
tmpl_san_upn(struct tmpl_naming *n, struct gh_error *err)
{
	const char *upn = dir_entry_text(n->from->entry, DIR_UPN);

	if (upn == NULL)
		return gh_refuse(err, GH_E_UPN_REQUIRED,
		    "the requester has no userPrincipalName in the directory");
	if (!tmpl_text_is_upn(upn))
		return gh_refuse(err, GH_E_UPN_REQUIRED,
		    "the requester's userPrincipalName in the directory is not of the form "
		    "name@suffix");
	return push(n, tmpl_san_other(n->t->upn_oid, V_ASN1_UTF8STRING, upn, strlen(upn)), err);
}

int
tmpl_san_mail(const struct tmpl_naming *n, const char **out, struct gh_error *err)
{
	*out = dir_entry_text(n->from->entry, DIR_MAIL);
	if (*out == NULL)
		return gh_refuse(err, GH_E_EMAIL_REQUIRED,
		    "the requester has no mail address in the directory");
	if (!tmpl_text_is_mail(*out))
		return gh_refuse(err, GH_E_EMAIL_REQUIRED,
		    "the requester's mail address in the directory is not a plain ASCII address");
	/* users may often write their own: who takes over another's must not get a certificate for
	 * it */
	if (n->from->entry->mail_is_shared)
		return gh_refuse(err, GH_E_EMAIL_REQUIRED,
		    "another entry of the directory has the requester's mail address, too");
	return 0;
}

int
tmpl_san_email(struct tmpl_naming *n, struct gh_error *err)
{
	const char *mail;
	int rc;

	if ((rc = tmpl_san_mail(n, &mail, err)) != 0)
		return rc;
	return push_ia5(n, GEN_EMAIL, mail, err);
}

int
tmpl_san_host(const struct tmpl_naming *n, const char **out, struct gh_error *err)
{
	*out = dir_entry_text(n->from->entry, DIR_DNS_HOST_NAME);
	if (*out == NULL)
		return gh_refuse(err, GH_E_DNS_REQUIRED,
		    "the requester has no dNSHostName in the directory");
	if (!tmpl_text_is_dns(*out, false))
		return gh_refuse(err, GH_E_DNS_REQUIRED,
		    "the requester's dNSHostName in the directory is not a DNS name in ASCII");
	return 0;
}

int
tmpl_san_dns(struct tmpl_naming *n, struct gh_error *err)
{
	const char *host;
	int rc;

	if ((rc = tmpl_san_host(n, &host, err)) != 0)
		return rc;
	return push_ia5(n, GEN_DNS, host, err);
}

int
tmpl_san_guid(struct tmpl_naming *n, struct gh_error *err)
{
	const struct dir_values *guid = &n->from->entry->attr[DIR_OBJECT_GUID];

	/* 16 octets as LDAP returns them (MS-DTYP 2.3.4.2); their text would be another name */
	if (guid->n == 0 || guid->v[0].len != 16)
		return gh_refuse(err, GH_E_GUID_REQUIRED,
		    "the requester has no objectGUID in the directory");
	return push(n, tmpl_san_other(n->t->guid_oid, V_ASN1_OCTET_STRING, guid->v[0].data, 16),
	    err);
}

/*
 * DNS name of the requester's domain, from the DC attributes of the DN, and its NetBIOS name where
 * the template tells it: the entry does not hold it, and a guess would certify somebody else's
 * name.
 */
int
tmpl_san_domain_dns(struct tmpl_naming *n, struct gh_error *err)
{
	struct tmpl_dn *dn;
	char *domain;
	int rc;

	if (n->from->entry->dn == NULL || n->from->entry->dn[0] == '\0')
		return gh_refuse(err, GH_E_NOT_IN_DIRECTORY,
		    "the requester has no distinguished name");
	if ((rc = tmpl_dn_parse(n->from->entry->dn, &dn, err)) != 0)
		return rc;
	domain = tmpl_dn_domain(dn);
	tmpl_dn_free(dn);
	if (domain == NULL || !tmpl_text_is_dns(domain, false)) {
		free(domain);
		return gh_refuse(err, GH_E_DNS_REQUIRED, "the requester's DN names no DNS domain");
	}
	rc = push_ia5(n, GEN_DNS, domain, err);
	free(domain);
	if (rc == 0 && n->t->netbios_domain != NULL)
		rc = push_ia5(n, GEN_DNS, n->t->netbios_domain, err);
	return rc;
}
