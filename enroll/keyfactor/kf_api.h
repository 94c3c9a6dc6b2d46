/* The calls of KeyfactorAPI that are served: docs/keyfactor-api.md */
#ifndef ENROLL_KF_API_H
#define ENROLL_KF_API_H

#include "call.h"

#define KF_BODY_MAX ((size_t)128 * 1024)

/* GET Status/Endpoints: the paths that there are, the log-in probe of the vendor's clients. */
void kf_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET Certificates, Certificates/{id} */
void kf_certificate_list(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void kf_certificate_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST Certificates/Download, Certificates/Revoke */
void kf_download(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_revoke(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* PUT Certificates/Metadata, Certificates/Metadata/All; GET Certificates/Metadata/Compare; GET
 * MetadataFields, MetadataFields/{name} */
void kf_metadata_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_metadata_all(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_metadata_compare(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void kf_field_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_field_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* POST Certificates/Recover, Certificates/Import; PUT Certificates/{id}/Owner; DELETE
 * Certificates/{id}, Certificates, of those from elsewhere */
void kf_recover(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_owner(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_delete(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_delete_all(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET Templates, Templates/{id}, CertificateAuthority, CertificateAuthority/{id},
 * Enrollment/CSR/Context/My */
void kf_template_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_template_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_ca_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_ca_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_context(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* POST Enrollment/CSR, Enrollment/Renew */
void kf_enroll_csr(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST Enrollment/PFX: a key made by the KRA */
void kf_pfx(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_pfx_batch(struct worker_env *env, struct call_item *items, size_t n);
void kf_renew(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET Workflow/Certificates/Pending, Denied, ExternalValidation, which there are none of, {id} */
void kf_pending(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_denied(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_external(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_request_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST Workflow/Certificates/Approve [id, ...], Deny {"Comment","CertificateRequestIds"} */
void kf_approve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void kf_deny(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
