import { machines, testMainJob } from './main-job.ts';

testMainJob(machines);
