/*
 * BER (ITU-T X.690, section 8) of peers made DER, so that the strict reader of der.h reads it.
 * Bouncy Castle and NSS write CMS and CRMF with indefinite lengths and octet strings in pieces;
 * libcrypto's decoders leave what they take for ANY as it came.
 */
#ifndef GH_BER_H
#define GH_BER_H

#include "der.h"

/*
 * Append the one element that in holds, with definite, minimal lengths and with each OCTET STRING
 * in one piece. It becomes no longer than it was. Members of a SET keep their order, what is inside
 * of a string is not touched, and behind a constructed context tag pieces of an implicit string
 * stay pieces: only who knows the type can tell. false: malformed, nested more than 24 deep,
 * something behind it, or more than the buffer may hold.
 */
bool gh_ber_put_der(const struct gh_der *in, struct gh_buf *out) GH_MUSTCHECK;

#endif
