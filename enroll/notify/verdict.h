/* How an attempt to send something ended, by mail or webhook. */
#ifndef NOTIFY_VERDICT_H
#define NOTIFY_VERDICT_H

enum notify_verdict {
	NOTIFY_SENT,    /* taken over by the other side */
	NOTIFY_REFUSED, /* this address, or this content, for good */
	NOTIFY_LATER,   /* this message, for now */
	NOTIFY_DOWN,    /* nothing can be sent there at this moment */
	NOTIFY_STOPPED, /* we were asked to end */
};

#define NOTIFY_WHY_SIZE 400 /* of a reason: one line, with the other side's own words */

#endif
