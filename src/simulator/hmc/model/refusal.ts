/**
 * Why an HMC refuses a request: HTTP status and reason code.
 *
 * Source: tables "Common request validation reason codes" of the HMC WS API book as collected from the peers' libraries. The names
 * marked with a gap stand for conditions whose number no public source tells; `reasons` of the simulator's options overrides them.
 */
export const reasonTable = {
  unknownQueryParameter: [400, 1],
  headerMissing: [400, 2],
  bodyMissing: [400, 3],
  bodyUnexpected: [400, 4],
  fieldMissing: [400, 5],
  fieldUnknown: [400, 6],
  fieldInvalid: [400, 7],
  notUnique: [400, 8],
  malformedJson: [400, 9],
  tooManySessions: [400, 13],
  queryValueInvalid: [400, 14],
  contradiction: [400, 15],
  adapterNotSuitable: [400, 18],
  passwordExpired: [400, 45],
  noPartitionsToExport: [400, 149],
  badCredentials: [403, 0],
  noTaskPermission: [403, 1],
  sessionMissing: [403, 4],
  sessionUnknown: [403, 5],
  userDisabled: [403, 40],
  webServicesNotAllowed: [403, 41],
  notFound: [404, 1],
  referenceNotFound: [404, 2],
  notSupportedForKind: [404, 4],
  elementReferenceNotFound: [404, 6],
  noCapacityGroup: [404, 150],
  methodNotAllowed: [405, 1],
  notAcceptable: [406, 1],
  wrongStatus: [409, 1],
  metricsContextInvalid: [409, 1],
  busy: [409, 2],
  dpmNotEnabled: [409, 5],
  cpcStatus: [409, 6],
  jobNotEnded: [409, 40],
  jobEnded: [409, 41],
  cancelPending: [409, 42],
  linkedPartitionActive: [409, 100],
  capacityGroupNotEmpty: [409, 110],
  cryptoDomainNeeded: [409, 111],
  inOtherCapacityGroup: [409, 120],
  inThisCapacityGroup: [409, 130],
  notInCapacityGroup: [409, 140],
  processorsDedicated: [409, 170],
  osChannelOpen: [409, 331],
  osInterfaceUnavailable: [409, 332],
  // zhmc-ansible-modules tests/end2end/test_zhmc_partition.py, on machines.
  storageVolumeNotFulfilled: [409, 122],
  portNotInList: [409, 479],
  portInList: [409, 483],
  targetUnreachable: [409, 484],
  lunUnreachable: [409, 485],
  bodyTooLarge: [413, 1],
  internalError: [500, 0],
  // From here on: the condition is known, its number is not (inferred).
  consoleOpenHere: [409, 333],
  consoleOpenElsewhere: [409, 334],
  adapterCapacityExhausted: [409, 115],
  resourcesExhausted: [409, 116],
  cryptoDomainMissing: [409, 112],
  cryptoDomainTaken: [409, 113],
  hbaNotSupported: [409, 8],
  linksNotSupported: [409, 8],
  storageGroupsNotSupported: [409, 8],
  notAnFcpPort: [400, 18],
  storageGroupAttached: [409, 127],
  storageGroupNotAttached: [409, 117],
  storageGroupNotShared: [409, 118],
  storageGroupFull: [409, 119],
  connectionReportMissing: [409, 120],
  volumeValidated: [409, 121],
  volumeNotMismatched: [409, 126],
  candidatePortsFrozen: [409, 123],
  isoNotMounted: [409, 124],
  adapterInUse: [409, 125],
} as const satisfies Record<string, readonly [status: number, reason: number]>;

/** Name of a condition under which an HMC refuses. */
export type ReasonName = keyof typeof reasonTable;

/** A table of (status, reason) by condition. */
export type ReasonTable = Readonly<Record<ReasonName, readonly [status: number, reason: number]>>;

/** Thrown by a route to refuse the request; becomes the HMC's error body. */
export class Refusal extends Error {
  readonly condition: ReasonName;

  constructor(condition: ReasonName, message: string) {
    super(message);
    this.condition = condition;
  }
}

/** Refuses the request that is being served. */
export function refuse(condition: ReasonName, message: string): never {
  throw new Refusal(condition, message);
}
