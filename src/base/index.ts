export { neverAborted, sleep, whileWanted, withDeadline } from './abort.ts';
export type { Waiting } from './abort.ts';
export { parseBusId } from './ccw.ts';
export { CleanupStack } from './cleanup.ts';
export {
  ComputeResourcesUnavailableError,
  ConfigError,
  ConflictError,
  describeError,
  DpmError,
  errorCodes,
  findError,
  InternalError,
  InterruptedError,
  NotFoundError,
  NothingChangedError,
  RetriesExhaustedError,
  TimeoutError,
  toError,
} from './errors.ts';
export type { ErrorCode, ErrorFacts, JsonValue } from './errors.ts';
export { ended, explainError, failedTo } from './explain.ts';
export { FairQueue } from './fair-queue.ts';
export { parseForeignJson } from './json.ts';
export { silentLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { isReadableOnTheWay } from './loopback.ts';
export {
  formatLunShort,
  isWellKnownLun,
  lunFromCinder,
  lunFromLinux,
  lunSchema,
  lunToByPath,
  lunToCinder,
  lunToLinux,
  parseLun,
} from './lun.ts';
export type { AddressingMode, Lun } from './lun.ts';
export { defaultOutagePolicy, missingPeer, Outages } from './outage.ts';
export type { OutageNotice, OutagePolicy } from './outage.ts';
export type { Failpoint, StepEvent } from './progress.ts';
export { retry } from './retry.ts';
export type { RetryClass, RetryOptions, RetryPolicy, UndoPolicy } from './retry.ts';
export { BLANKED, blankKnownSecrets, blankSecrets, isSecretKey, Secret } from './secret.ts';
export { waitUntil } from './wait.ts';
export type { Observed, Verdict, WaitOptions, WaitPolicy } from './wait.ts';
export { formatWwpn0x, parseWwpn, wwpnSchema } from './wwpn.ts';
export type { Wwpn } from './wwpn.ts';
