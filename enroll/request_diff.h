/*
 * What a request asks for beside what its certificate will have, for people who decide on it. Pure:
 * nothing is asked of anybody. Texts are data of the request: whoever shows them escapes them.
 */
#ifndef ENROLL_REQUEST_DIFF_H
#define ENROLL_REQUEST_DIFF_H

#include "formats/cert_spec.h"
#include "formats/pkcs10.h"
#include "json.h"

/*
 * *out: array of {"name","label","asked","result","state"}, in this order:
 *
 *     name       label                   asked, result (each a text, or null)
 *     subject    null                    "CN=..., O=...", "" for an empty one
 *     san        null                    "dns:a", "ip:192.0.2.1", ...: a row for each name
 *     key        null                    "RSA 2048", "EC P-256"
 *     extension  its name, or dotted     as OpenSSL prints it: a row for each but the
 * subjectAltName
 *
 * state: "same", "changed", "added" (nobody asked for it), "dropped" (asked for, and not in the
 * certificate), "ca" (asked for, and made by the CA, whatever was asked). spec NULL: there will be
 * no certificate; all is "asked" then. GH_E_NOMEM.
 */
int request_diff(const struct ca_pkcs10 *csr, const struct cert_spec *spec, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
