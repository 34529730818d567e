import { z } from 'zod';
import { readConnectionInfo } from '../connection-info.ts';

/** Answer to `os-initialize_connection`. */
export const connectionAnswer = z.looseObject({
  connection_info: z.unknown().transform((info) => readConnectionInfo(info)),
});
