import { testMainJob } from '../e2e/main-job.ts';

/** A share of test/e2e/main-job.test.ts: the oldest machine and the newest. */
testMainJob(['z13', 'z17']);
