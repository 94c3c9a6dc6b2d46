/* Symmetric key packages. See sym_key_package.h. */
#include "sym_key_package.h"

#define VERSION 1

/* Attributes, well-formed, none of whose types is among those of `others`. */
static bool
read_attributes(struct gh_der in, struct gh_der others)
{
	struct gh_der one, type, other, its;

	if (in.len == 0)
		return false;
	while (in.len > 0) {
		if (!gh_der_take(&in, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take(&one, GH_DER_OID, &type) || !gh_der_take(&one, GH_DER_SET, NULL) ||
		    one.len != 0)
			return false;
		for (struct gh_der left = others; left.len > 0;)
			if (!gh_der_take(&left, GH_DER_SEQUENCE, &other) ||
			    !gh_der_take(&other, GH_DER_OID, &its) ||
			    gh_der_equals(&its, type.p, type.len))
				return false;
	}
	return true;
}

/* OneSymmetricKey ::= SEQUENCE { sKeyAttrs OPTIONAL, sKey OCTET STRING OPTIONAL }, one of them */
static bool
read_key(struct gh_der in, struct gh_der package_attributes, size_t *bits)
{
	struct gh_der attributes, key = {NULL, 0};
	bool has_attributes = gh_der_take(&in, GH_DER_SEQUENCE, &attributes);

	if (has_attributes && !read_attributes(attributes, package_attributes))
		return false;
	if ((!gh_der_take(&in, GH_DER_OCTETS, &key) && !has_attributes) || in.len != 0)
		return false;
	if (*bits < key.len * 8)
		*bits = key.len * 8;
	return true;
}

bool
sym_key_package_read(struct gh_der in, size_t *bits)
{
	struct gh_der body, attributes = {NULL, 0}, keys, one;
	unsigned version = VERSION;

	*bits = 0;
	if (!gh_der_is_strict(in.p, in.len) || !gh_der_take(&in, GH_DER_SEQUENCE, &body))
		return false;
	if (gh_der_has_tag(&body, GH_DER_INTEGER) && !gh_der_take_u32(&body, &version))
		return false;
	if (gh_der_take(&body, GH_DER_CONTEXT(0), &attributes) &&
	    !read_attributes(attributes, (struct gh_der){NULL, 0}))
		return false;
	if (version != VERSION || !gh_der_take(&body, GH_DER_SEQUENCE, &keys) || body.len != 0 ||
	    keys.len == 0)
		return false;
	while (keys.len > 0)
		if (!gh_der_take(&keys, GH_DER_SEQUENCE, &one) || !read_key(one, attributes, bits))
			return false;
	return true;
}
