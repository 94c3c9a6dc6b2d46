/* Loaders of the larger members of a template file, one file each; see load.c. Private to
 * templates/. */
#ifndef TMPL_LOAD_H
#define TMPL_LOAD_H

#include "model.h"
#include "schema.h"

extern const struct schema_check tmpl_load_oid_check, tmpl_load_critical_check;

/* Name of member i of a template file; NULL behind the last. For the comparison with
 * docs/templates.md. */
const char *tmpl_load_member(size_t i);

/* load_check.c. GH_E_TEMPLATE_INVALID */
int tmpl_load_check(const struct tmpl *t, struct gh_error *err) GH_MUSTCHECK;

/* load_key.c, out: struct tmpl */
int tmpl_load_keys(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);

/* load_names.c, out: uint32_t, struct tmpl_subject_rules, struct tmpl_san_rules */
int tmpl_load_name_flags(const struct schema_member *m, const gh_json *v,
    const struct schema_at *at, void *out, struct gh_error *err);
int tmpl_load_subject(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);
int tmpl_load_san(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);

/* load_notify.c, out: struct tmpl_notify */
int tmpl_load_notify(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);

/* load_naming.c, out: struct tmpl_naming_rules */
int tmpl_load_naming(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);
void tmpl_free_naming(struct tmpl_naming_rules *r);

/* load_extensions.c, out: struct tmpl */
int tmpl_load_policies(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);
int tmpl_load_extensions(const struct schema_member *m, const gh_json *v,
    const struct schema_at *at, void *out, struct gh_error *err);
int tmpl_load_app_policies(const struct schema_member *m, const gh_json *v,
    const struct schema_at *at, void *out, struct gh_error *err);

#endif
