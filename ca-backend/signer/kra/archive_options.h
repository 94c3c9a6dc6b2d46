/*
 * PKIArchiveOptions (RFC 4211, 6.4): a private key as CRMF has it in a request. encryptedPrivKey is
 * an EnvelopedData (RFC 5652, 6.1; or an AuthEnvelopedData, RFC 5083) with an EncKeyWithID or a
 * PrivateKeyInfo in it, or the old EncryptedValue, which Dogtag's clients send.
 */
#ifndef SIGNER_KRA_ARCHIVE_OPTIONS_H
#define SIGNER_KRA_ARCHIVE_OPTIONS_H

#include "kra.h"

/* Append the PKCS#8 in it to out (make it secret), not looked at, with the padding of CBC behind it
 * (payload_wrap.h). options: BER.
 * *is_authentic: false when altering shows only in what comes out. GH_E_VALIDATION (public): not in
 * one of these forms, with algorithms that are not taken, or not to be opened; and the others of
 * kra.h. */
int archive_options_open(const struct kra *k, const unsigned char transport_id[KRA_KEY_ID_SIZE],
    const struct gh_der *options, struct gh_buf *out, bool *is_authentic,
    struct gh_error *err) GH_MUSTCHECK;

#endif
