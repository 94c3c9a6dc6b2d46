/* What a form asks for: each of its purposes is one EKU. */
#include "model.h"

/* By enum tmpl_purpose. */
static const struct {
	const char *name, *eku;
} chosen_by[] = {
    [TMPL_PURPOSE_NONE] = {NULL, NULL},
    [TMPL_PURPOSE_SERVER_AUTH] = {"server_auth", TMPL_OID_SERVER_AUTH},
    [TMPL_PURPOSE_CLIENT_AUTH] = {"client_auth", "1.3.6.1.5.5.7.3.2"},
    [TMPL_PURPOSE_EMAIL_PROTECTION] = {"email_protection", "1.3.6.1.5.5.7.3.4"},
    [TMPL_PURPOSE_CODE_SIGNING] = {"code_signing", "1.3.6.1.5.5.7.3.3"},
};

const char *
tmpl_purpose(const struct tmpl *t)
{
	return chosen_by[t->purpose].name;
}

const char *
tmpl_purpose_eku(int purpose)
{
	return chosen_by[purpose].eku;
}
