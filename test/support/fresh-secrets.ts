import { Secret } from '../../src/base/index.ts';

/*
 * Unit tests share a process, which blanks every known secret in all texts. The process keeps the 200 secrets that were used
 * last. These 200 secrets replace those of earlier test files, which may be ordinary words such as "second".
 */
for (let number = 0; number < 200; number += 1) new Secret(`displaces-a-secret-${number}`);
