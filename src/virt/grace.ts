/** The grace time of a clean shutdown, in seconds, and the pause between two looks. Source: nova conf/compute.py, shutdown_timeout. */
export const GRACE_SECONDS = 60;
export const GRACE_POLL_SECONDS = 1;
