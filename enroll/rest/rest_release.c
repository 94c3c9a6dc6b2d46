/* Forms of a recovered key. See rest_release.h. */
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "signer/kra/pkcs12.h"

#include "rest_kra.h"
#include "rest_release.h"

#define NAME_MAX_CHARS 255   /* of a friendlyName */
#define PASSWORD_OCTETS 1056 /* 1024 and what wrapping adds */

static const char *const formats[] = {"wrapped", "pkcs12", "pkcs12-legacy", NULL};
static const enum kra_form forms[] = {KRA_WRAPPED, KRA_PKCS12, KRA_PKCS12_LEGACY};

bool
rest_release_is_there(const gh_json *body)
{
	static const char *const names[] = {REST_RELEASE_MEMBERS, NULL};

	for (size_t i = 0; names[i] != NULL; i++)
		if (gh_json_type(gh_json_get(body, names[i])) != GH_JSON_NULL)
			return true;
	return false;
}

static void
refuse_beside(struct rest_fields *f, const gh_json *body, const char *name, const char *format)
{
	if (gh_json_type(gh_json_get(body, name)) != GH_JSON_NULL)
		rest_field_wrong(f, name, "The format %s has no %s.", format, name);
}

void
rest_release_read(struct rest_fields *f, const gh_json *body, struct rest_release *out)
{
	int i = rest_word(f, body, "format", formats, true);
	const char *name;

	memset(out, 0, sizeof(*out));
	if (i < 0)
		return;
	out->release.form = forms[i];
	out->release.iterations = PKCS12_ITERATIONS;
	rest_wrapped_read(f, body, i == 0 ? NULL : "password", &out->wrapped);
	out->release.wrapping = out->wrapped.wrapping;
	out->release.iv = out->wrapped.iv;
	out->release.password = out->wrapped.cipher;
	if (out->release.password.len > PASSWORD_OCTETS)
		rest_field_wrong(f, "password.value", "The password is too long.");
	refuse_beside(f, body, i == 0 ? "password" : "algorithm", formats[i]);
	if (i == 0)
		refuse_beside(f, body, "friendly_name", formats[i]);
	name = rest_text(f, body, "friendly_name", 1, NAME_MAX_CHARS, false);
	if (name != NULL)
		out->release.name = (struct gh_der){(const unsigned char *)name, strlen(name)};
}

void
rest_release_clear(struct rest_release *r)
{
	rest_wrapped_clear(&r->wrapped);
}

static int
set_base64(gh_json *o, const char *name, const struct signer_blob *b)
{
	char *text = gh_base64_encode(b->p, b->len, GH_BASE64_ONE_LINE);
	int rc = text != NULL ? gh_json_set_string(o, name, text) : -1;

	free(text);
	return rc;
}

static const char *
format_of(enum kra_form form)
{
	size_t i = 0;

	while (formats[i + 1] != NULL && forms[i] != form)
		i++;
	return formats[i];
}

gh_json *
rest_release_json(const struct key_retrieved *k)
{
	gh_json *o = gh_json_new_object();

	if ((*k->key_id == '\0' || gh_json_set_string(o, "key_id", k->key_id) == 0) &&
	    gh_json_set_string(o, "kind", kra_rest_kinds[k->kind - KRA_ASYMMETRIC]) == 0 &&
	    gh_json_set_string(o, "format", format_of(k->form)) == 0 &&
	    (k->iv.len == 0 || set_base64(o, "iv", &k->iv) == 0) &&
	    set_base64(o, "value", &k->secret) == 0 &&
	    gh_json_set_bool(o, "is_repeated", k->is_repeated) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}
