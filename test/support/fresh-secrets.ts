import { Secret } from '../../src/base/index.ts';

/*
 * Unit tests share a process, in which every secret is blanked in all texts. The process knows the 200 secrets that were
 * used last: these displace those of the test files before, which may be words such as "second".
 */
for (let number = 0; number < 200; number += 1) new Secret(`displaces-a-secret-${number}`);
