/* The device table of EST. Each change is one transaction with its audit rows and seals (grant.h).
 * docs/est-devices.md */
#ifndef STORE_EST_DEVICE_ROW_H
#define STORE_EST_DEVICE_ROW_H

#include "store/store.h"

enum store_device_change {
	STORE_DEVICE_ADD, /* it must be new */
	STORE_DEVICE_PUT, /* or replaces all that the row said */
	STORE_DEVICE_SET, /* it must be there; members that are given replace the old ones */
};

/*
 * devices: rows without id: {"serial" in its form,"anchor" or "",...}, found by these two. max:
 * rows that there may be. is_trial: all is undone. *changes, the caller's:
 * [{"serial","anchor","change": "added"|"spki, note"}], of those that are not what they were.
 * GH_E_CONFLICT, GH_E_NOT_FOUND (both public): it is there, or is not.
 */
int store_put_est_devices(struct store *s, const struct requester *who, const gh_json *devices,
    enum store_device_change how, size_t max, bool is_trial, gh_json **changes,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND (public). */
int store_remove_est_device(struct store *s, const struct requester *who, const char *serial,
    const char *anchor, struct gh_error *err) GH_MUSTCHECK;
/* As their MACs say, by id. GH_E_SEAL. */
int store_load_est_devices(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
