/* Firmware packages, and what clients answer to them (RFC 4108). */
#ifndef PACKAGE_FIRMWARE_H
#define PACKAGE_FIRMWARE_H

#include "package_answer.h"

/* The name of a package in its signed attributes (2.2.3): *name is
 * PreferredOrLegacyPackageIdentifier, whole, as answers give it. false: it is not there, or
 * malformed. */
bool firmware_name(struct gh_der signed_attributes, struct gh_der *name) GH_MUSTCHECK;

/* FirmwarePackageLoadReceipt (3.1), FirmwarePackageLoadError (4.1). false: malformed, an unknown
 * version or code, or "other" without what the vendor says. */
bool firmware_receipt_read(struct gh_der in, struct package_answer *out) GH_MUSTCHECK;
bool firmware_error_read(struct gh_der in, struct package_answer *out) GH_MUSTCHECK;

/* HardwareModuleName (5), the value of the otherName. */
bool firmware_hardware_read(struct gh_der in, struct gh_der *hw_type,
    struct gh_der *hw_serial) GH_MUSTCHECK;

#endif
