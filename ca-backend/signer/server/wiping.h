/* No secret stays behind in the memory of this process: neither where OpenSSL gives memory back,
 * nor on the stack. What our own code keeps, it wipes itself. */
#ifndef SIGNER_WIPING_H
#define SIGNER_WIPING_H

#include "error.h"

/* From now on OpenSSL's memory is wiped when it is freed or grows: its decoders, for one, leave a
 * private key's octets where they read them. Before anything else is done with OpenSSL.
 * GH_E_INTERNAL: too late. */
int wiping_start(struct gh_error *err) GH_MUSTCHECK;

/* Wipe what the functions that the caller has called have left below it on the stack. */
void wiping_stack(void);

#endif
