/* Certificates as KeyfactorAPI tells them. */
#ifndef ENROLL_KF_CERTIFICATE_H
#define ENROLL_KF_CERTIFICATE_H

#include "kf_ask.h"

/* row: as rest_certificate tells it. Metadata only where it is asked for, and of fields with
 * allow_api. NULL: out of memory. */
gh_json *kf_certificate(const struct worker_env *env, const gh_json *row, bool with_metadata);
/* The values that clients of Keyfactor see, each as text. */
gh_json *kf_metadata(const struct worker_env *env, const gh_json *values);
/* Fields that they do not see are not there for them, and cannot be set. GH_E_METADATA. */
int kf_metadata_check(const struct worker_env *env, const gh_json *values,
    struct gh_error *err) GH_MUSTCHECK;

/* The first of this part, "CN", in a name as the inventory has it; out is "" for none. */
char *kf_name_part(const char *subject, const char *part, char *out, size_t size);

#endif
