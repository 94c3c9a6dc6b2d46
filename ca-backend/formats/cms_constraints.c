/* CMS content constraints. See cms_constraints.h. */
#include <openssl/objects.h>

#include "oid.h"

#include "cms_constraints.h"

#define CAN_SOURCE 0

/* ContentTypeConstraint ::= SEQUENCE { contentType OID, canSource ENUMERATED DEFAULT canSource,
 * attrConstraints SEQUENCE OPTIONAL } */
static bool
read_one(struct gh_der in, struct gh_der *type, bool *can_source)
{
	struct gh_der source;

	if (!gh_der_take(&in, GH_DER_OID, type))
		return false;
	*can_source = true;
	if (gh_der_take(&in, GH_DER_ENUMERATED, &source))
		*can_source = source.len == 1 && source.p[0] == CAN_SOURCE;
	if (gh_der_take(&in, GH_DER_SEQUENCE, NULL))
		*can_source = false;
	return in.len == 0;
}

static bool
is_allowed(struct gh_der in, const struct gh_der *type)
{
	struct gh_der list, one, its;
	bool found = false, can_source;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0)
		return false;
	while (list.len > 0) {
		if (!gh_der_take(&list, GH_DER_SEQUENCE, &one) || !read_one(one, &its, &can_source))
			return false;
		if (gh_der_equals(&its, type->p, type->len)) /* before anyContentType */
			return can_source;
		found |= can_source && GH_OID_IS(&its, GH_OID_RSADSI, 1, 9, 16, 1, 0);
	}
	return found;
}

bool
cms_constraints_allow(X509 *cert, const struct gh_der *type)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(CMS_CONSTRAINTS, 1);
	int at = oid != NULL ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
	bool is_twice = oid != NULL && at >= 0 && X509_get_ext_by_OBJ(cert, oid, at) >= 0;
	const ASN1_OCTET_STRING *value;

	ASN1_OBJECT_free(oid);
	if (oid == NULL || is_twice)
		return false;
	if (at < 0)
		return true;
	value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
	return is_allowed((struct gh_der){ASN1_STRING_get0_data(value),
			      (size_t)ASN1_STRING_length(value)},
	    type);
}
