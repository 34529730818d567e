import { z } from 'zod';

const topicName = z.string().min(1).max(128);

/** Logon. Source: IBM WS API, Logon; python-zhmcclient _session.py. `password-expires` is days, -1 never. */
export const logonAnswer = z.looseObject({
  'api-session': z.string().min(1),
  'api-major-version': z.int(),
  'api-minor-version': z.int(),
  'password-expires': z.int().nullish(),
  'session-credential': z.string().min(1).nullish(),
  'notification-topic': topicName.nullish(),
  'job-notification-topic': topicName.nullish(),
});

/** Query API Version, which needs no session. Source: python-zhmcclient _client.py, query_api_version. */
export const versionAnswer = z
  .looseObject({
    'api-major-version': z.int(),
    'api-minor-version': z.int(),
    'hmc-version': z.string(),
    'hmc-name': z.string(),
  })
  .transform((wire) => ({
    major: wire['api-major-version'],
    minor: wire['api-minor-version'],
    hmcVersion: wire['hmc-version'],
    hmcName: wire['hmc-name'],
  }));

/** Level of an HMC's Web Services API, and which HMC it is. @public */
export type ApiVersion = z.output<typeof versionAnswer>;
