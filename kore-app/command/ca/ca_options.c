/* Options to values. See ca_options.h. */
#include <strings.h>

#include "ca_options.h"

const struct authority_words ca_option_words = {
    .max_validity = "--max-validity",
    .key = "--allow-key",
    .eku = "--allow-eku",
    .extension = "--allow-extension",
    .group = "--allow-group",
    .base_url = "--base-url",
    .no_urls = "--no-urls",
    .shards = "--shards",
    .cdp_url = "--cdp-url",
    .aia_url = "--aia-url",
    .ocsp_url = "--ocsp-url",
    .permitted = "--permit-",
    .excluded = "--exclude-",
    .subject = "--subject",
    .key_alg = "--key-alg",
    .key_uri = "--key-uri",
    .cert = "--cert",
    .years = "--years",
    .days = "--days",
    .path_len = "--path-len",
    .new_key = "--new-key",
    .approval = "--approval-required",
};

/* NULL when the option is not given. */
static const char *const *
values(const struct option_list *l)
{
	return l->n > 0 ? l->v : NULL;
}

/* "any" is a list without elements. */
static const char *const *
values_or_any(const struct option_list *l)
{
	static const char *const any[] = {NULL};

	return l->n == 1 && strcasecmp(l->v[0], "any") == 0 ? any : values(l);
}

int
ca_policy_options_read(const struct ca_policy_options *o, struct ca_policy_change *out,
    struct gh_error *err)
{
	static const char *const none[] = {NULL};

	if (o->approval && o->no_approval)
		return gh_refuse(err, GH_E_CONF,
		    "--approval-required and --no-approval-required exclude each other");
	if (o->anybody && o->groups.n > 0)
		return gh_refuse(err, GH_E_CONF,
		    "--allow-group and --allow-anybody exclude each other");
	*out = (struct ca_policy_change){.max_validity = o->max_validity,
	    .approval = o->approval ? 1
		: o->no_approval    ? 0
				    : CA_POLICY_KEEP,
	    .keys = values_or_any(&o->keys),
	    .ekus = values_or_any(&o->ekus),
	    .extensions = values_or_any(&o->extensions),
	    .groups = o->anybody ? none : values(&o->groups)};
	return 0;
}

struct ca_urls_change
ca_url_options_read(const struct ca_url_options *u)
{
	return (struct ca_urls_change){.base = u->base,
	    .shards = u->shards,
	    .cdp = values(&u->cdp),
	    .aia = values(&u->aia),
	    .ocsp = values(&u->ocsp),
	    .none = u->none};
}

static struct ca_names
read_names(const struct ca_names_options *o)
{
	return (struct ca_names){.dns = values(&o->dns),
	    .email = values(&o->email),
	    .ip = values(&o->ip),
	    .dn = values(&o->dn)};
}

struct ca_name_constraints
ca_name_options_read(const struct ca_name_options *o)
{
	return (struct ca_name_constraints){read_names(&o->permitted), read_names(&o->excluded)};
}

int
ca_new_options_read(const struct ca_new_options *o, struct authority_new_ca *spec,
    struct gh_error *err)
{
	spec->settings.urls = ca_url_options_read(&o->urls);
	spec->names = ca_name_options_read(&o->names);
	return ca_policy_options_read(&o->policy, &spec->settings.policy, err);
}
