/* MetadataFields of KeyfactorAPI that are written (docs/keyfactor-api.md): told to the handlers of
 * /pki/metadata. Administrators alone, by their rows. */
#ifndef ENROLL_KF_FIELD_H
#define ENROLL_KF_FIELD_H

#include "call.h"

/* POST and PUT MetadataFields */
void kf_field_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_field_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* DELETE MetadataFields, of the ids in the body; MetadataFields/{id or name}. ?force=true also
 * those that certificates have values of */
void kf_fields_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_field_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET MetadataFields/{id or name}/InUse */
void kf_field_in_use(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
