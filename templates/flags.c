/*
 * The names of Microsoft's template flags (MS-CRTD 2.26, 2.27) and of key usages, and what becomes
 * of them. A flag that asks the server for something Gatehouse does not do is refused when the
 * template is imported, never ignored; flags that only concern the client are accepted and have no
 * bit here.
 */
#include "model.h"

#define CLIENT_ONLY 0

const struct tmpl_flag tmpl_enrollment_flag[] = {{"INCLUDE_SYMMETRIC_ALGORITHMS",
						     TMPL_ENROLL_SYMMETRIC_ALGORITHMS, NULL},
    {"PEND_ALL_REQUESTS", TMPL_ENROLL_PEND_ALL, NULL},
    {"PUBLISH_TO_KRA_CONTAINER", 0, "certificates are not published"},
    {"PUBLISH_TO_DS", 0, "certificates are not published"},
    {"AUTO_ENROLLMENT_CHECK_USER_DS_CERTIFICATE", CLIENT_ONLY, NULL},
    {"AUTO_ENROLLMENT", CLIENT_ONLY, NULL},
    {"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT", 0, "an old certificate approves nothing"},
    {"DOMAIN_AUTHENTICATION_NOT_REQUIRED", 0, "requesters are always authenticated"},
    {"USER_INTERACTION_REQUIRED", CLIENT_ONLY, NULL},
    {"ADD_TEMPLATE_NAME", CLIENT_ONLY, NULL}, /* MS-CRTD 2.26: not used */
    {"REMOVE_INVALID_CERTIFICATE_FROM_PERSONAL_STORE", CLIENT_ONLY, NULL},
    {"ALLOW_ENROLL_ON_BEHALF_OF", 0, "nobody enrolls for others"},
    {"ADD_OCSP_NOCHECK", TMPL_ENROLL_OCSP_NOCHECK, NULL},
    {"ENABLE_KEY_REUSE_ON_NT_TOKEN_KEYSET_STORAGE_FULL", CLIENT_ONLY, NULL},
    {"NOREVOCATIONINFOINISSUEDCERTS", TMPL_ENROLL_NO_REVOCATION_INFO, NULL},
    {"INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS", TMPL_ENROLL_BASIC_CONSTRAINTS, NULL},
    {"ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT", 0,
	"an old certificate approves nothing"},
    {"ISSUANCE_POLICIES_FROM_REQUEST", TMPL_ENROLL_POLICIES_FROM_REQUEST, NULL},
    {"SKIP_AUTO_RENEWAL", CLIENT_ONLY, NULL},
    {"NO_SECURITY_EXTENSION", TMPL_ENROLL_NO_SECURITY_EXTENSION, NULL}, {NULL, 0, NULL}};

const struct tmpl_flag tmpl_private_key_flag[] = {{"REQUIRE_PRIVATE_KEY_ARCHIVAL", 0,
						      "say \"archival\": \"required\""},
    {"EXPORTABLE_KEY", CLIENT_ONLY, NULL}, {"STRONG_KEY_PROTECTION_REQUIRED", CLIENT_ONLY, NULL},
    {"REQUIRE_ALTERNATE_SIGNATURE_ALGORITHM", 0, "the signature of the CSR is not prescribed"},
    {"REQUIRE_SAME_KEY_RENEWAL", 0, "renewals are not tied to the old key"},
    {"USE_LEGACY_PROVIDER", CLIENT_ONLY, NULL}, {"EK_TRUST_ON_USE", 0, "keys are not attested"},
    {"EK_VALIDATE_CERT", 0, "keys are not attested"},
    {"EK_VALIDATE_KEY", 0, "keys are not attested"},
    {"ATTEST_PREFERRED", CLIENT_ONLY, NULL}, /* the server takes unattested keys then */
    {"ATTEST_REQUIRED", 0, "keys are not attested"},
    {"ATTESTATION_WITHOUT_POLICY", 0, "keys are not attested"},
    {"HELLO_LOGON_KEY", CLIENT_ONLY, NULL}, {NULL, 0, NULL}};

/* RFC 5280, 4.2.1.3. The two usages of a CA are not for templates: see ca-backend/signer. */
const struct tmpl_flag tmpl_key_usage_name[] = {{"digitalSignature", 1u << 0, NULL},
    {"nonRepudiation", 1u << 1, NULL}, {"contentCommitment", 1u << 1, NULL}, /* its newer name */
    {"keyEncipherment", 1u << 2, NULL}, {"dataEncipherment", 1u << 3, NULL},
    {"keyAgreement", 1u << 4, NULL}, {"keyCertSign", 0, "templates are for end entities"},
    {"cRLSign", 0, "templates are for end entities"}, {"encipherOnly", 1u << 7, NULL},
    {"decipherOnly", 1u << 8, NULL}, {NULL, 0, NULL}};
