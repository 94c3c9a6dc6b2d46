/* What a certificate says, for people. */
#ifndef CONSOLE_CERT_TEXT_H
#define CONSOLE_CERT_TEXT_H

#include "json.h"

/*
 * Of a certificate as PEM: {"key","signature","extensions":[{"name","value","kind"}]}. kind names
 * the text that explains the extension, certificate_extension.KIND; value is null for the
 * alternative names, which may be thousands and are listed elsewhere. Texts are the certificate's:
 * whoever shows them escapes them. NULL: it cannot be read, or out of memory.
 */
gh_json *console_cert_text(const char *pem);

#endif
