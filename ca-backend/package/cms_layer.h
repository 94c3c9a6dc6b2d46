/*
 * Layers of CMS as values (RFC 5652): what a ContentInfo holds, without looking at signatures or
 * keys. Everything points into the DER that was given. Foreign BER becomes DER first (cms_open),
 * which bounds nesting and size before libcrypto sees it.
 */
#ifndef PACKAGE_CMS_LAYER_H
#define PACKAGE_CMS_LAYER_H

#include "der.h"

#define CMS_DER_MAX ((size_t)16 * 1024 * 1024) /* bytes of any package */

/* A ContentInfo (3): contentType, and the one element inside of [0]. */
struct cms_layer {
	struct gh_der type; /* content octets of the OID */
	struct gh_der content;
};

/* The part of a SignedData (5.1) that says what it is. */
struct cms_signed_layer {
	unsigned version;
	struct gh_der type;    /* eContentType */
	struct gh_der content; /* octets of eContent; p is NULL: detached */
	size_t signers;
	/* Of the only signer; empty when there are none, or several signers. */
	struct gh_der signed_attributes;   /* content of the SET; p is NULL: none */
	struct gh_der unsigned_attributes; /* the same */
};

/* The DER of a foreign ContentInfo appended to out, whose maximum the caller sets. false: no BER,
 * nested too deep, too long, or no ContentInfo. */
bool cms_open(const void *p, size_t len, struct gh_buf *out, struct cms_layer *layer) GH_MUSTCHECK;

/* content: of a layer of type id-signedData. false: malformed. */
bool cms_layer_signed(struct gh_der content, struct cms_signed_layer *out) GH_MUSTCHECK;

/* Content type of what is compressed (RFC 3274, 1.1), as it says in the clear. in: the members of
 * its SEQUENCE. false: malformed. */
bool cms_compressed_type(struct gh_der in, struct gh_der *type) GH_MUSTCHECK;

/* What an encrypted layer says in the clear. */
struct cms_hidden_layer {
	struct gh_der type;       /* of what is encrypted */
	struct gh_der attributes; /* unprotected or unauthenticated: content of a SET, well-formed;
				     p is NULL: none */
};
/* EncryptedData (RFC 5652, 8), EnvelopedData (6.1) and AuthEnvelopedData (RFC 5083, 2.1), with
 * their content. in: the members of the SEQUENCE. false: malformed, or of a version that it cannot
 * have. */
bool cms_layer_encrypted(struct gh_der in, struct cms_hidden_layer *out) GH_MUSTCHECK;
bool cms_layer_enveloped(struct gh_der in, struct cms_hidden_layer *out) GH_MUSTCHECK;
bool cms_layer_auth_enveloped(struct gh_der in, struct cms_hidden_layer *out) GH_MUSTCHECK;

/* The one value of an attribute. attributes: content of a SET OF Attribute. false: it is not there,
 * is there twice, or has not exactly one value. */
bool cms_attribute(struct gh_der attributes, const unsigned char *type, size_t len,
    struct gh_der *value) GH_MUSTCHECK;

/* As parameters of application/cms name it (RFC 7193, 2): "signedData"; NULL: it has no name there.
 * is_inner: it is one that nothing is inside of. */
const char *cms_type_word(const struct gh_der *type, bool *is_inner);

#endif
