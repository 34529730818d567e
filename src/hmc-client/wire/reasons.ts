interface ReasonFact {
  readonly status: number;
  readonly reason: number;
  readonly meaning: string;
  /** Source of the code, or "client" for codes that no HMC sends. */
  readonly source: string;
}

/** This client's reason for a disabled Web Services API, as in zhmcclient. */
export const REASON_API_DISABLED = 900;
/** This client's reason for an answer without a readable reason, as in zhmcclient. */
export const REASON_UNREADABLE = 999;

/** Whether this client has set the reason. */
export function isOwnReason(reason: number): boolean {
  return reason === REASON_API_DISABLED || reason === REASON_UNREADABLE;
}

/** The known reason codes. `errors/reasons.ts` decides what to do about them. */
export const reasonFacts: readonly ReasonFact[] = [
  { status: 400, reason: 1, meaning: 'query parameter not known or not supported', source: 'common reasons' },
  { status: 400, reason: 5, meaning: 'required field missing', source: 'common reasons' },
  { status: 400, reason: 6, meaning: 'field not known, or not allowed here', source: 'common reasons' },
  { status: 400, reason: 7, meaning: 'field of the wrong type or out of range', source: 'common reasons' },
  { status: 400, reason: 8, meaning: 'value must be unique and is not', source: 'common reasons' },
  { status: 400, reason: 13, meaning: 'too many sessions of this user', source: 'Logon' },
  { status: 400, reason: 14, meaning: 'query parameter value not valid', source: 'common reasons' },
  { status: 400, reason: 15, meaning: 'fields contradict each other', source: 'common reasons' },
  { status: 400, reason: 45, meaning: 'the password has expired', source: 'Logon' },
  { status: 403, reason: 0, meaning: 'wrong userid or password', source: 'Logon' },
  { status: 403, reason: 1, meaning: 'the user lacks a task permission', source: 'common reasons' },
  { status: 403, reason: 4, meaning: 'no session id, also after the session was lost', source: 'common reasons' },
  { status: 403, reason: 5, meaning: 'the session is not valid any more', source: 'common reasons' },
  { status: 403, reason: 40, meaning: 'the user is disabled', source: 'Logon' },
  { status: 403, reason: 41, meaning: 'the user may not use the Web Services API', source: 'Logon' },
  { status: 404, reason: 1, meaning: 'does not exist, or the user has no access to it', source: 'common reasons' },
  { status: 404, reason: 2, meaning: 'an object named in the body does not exist', source: 'common reasons' },
  { status: 404, reason: 4, meaning: 'operation not supported for this kind', source: 'common reasons' },
  { status: 404, reason: 6, meaning: 'a port named in the body does not exist', source: 'common reasons' },
  { status: 409, reason: 1, meaning: 'the status does not allow the operation', source: 'common reasons' },
  { status: 409, reason: 2, meaning: 'busy with another operation', source: 'common reasons' },
  { status: 409, reason: 5, meaning: 'the CPC is not in DPM mode', source: 'common reasons' },
  { status: 409, reason: 6, meaning: 'the status of the CPC does not allow the operation', source: 'common reasons' },
  { status: 409, reason: 15, meaning: 'a conflicting activity is under way', source: 'API feature rc-409-15' },
  { status: 409, reason: 40, meaning: 'the job has not ended', source: 'Delete Completed Job Status' },
  { status: 409, reason: 41, meaning: 'the job has already ended', source: 'Cancel Job' },
  { status: 409, reason: 42, meaning: 'the job is being canceled already', source: 'Cancel Job' },
  { status: 409, reason: 50, meaning: 'a second factor is asked for', source: 'Logon' },
  { status: 409, reason: 51, meaning: 'a second factor is asked for', source: 'Logon' },
  {
    status: 409,
    reason: 272,
    meaning: 'the CPC cannot report its properties now',
    source: 'Get CPC, seen on real HMCs',
  },
  { status: 409, reason: 332, meaning: 'no OS message interface', source: 'List OS Messages' },
  { status: 409, reason: 479, meaning: 'the port is not in the list', source: 'Remove Candidate Adapter Ports' },
  { status: 409, reason: 483, meaning: 'the port is in the list already', source: 'Add Candidate Adapter Ports' },
  { status: 500, reason: 263, meaning: 'an operator or application has control', source: 'seen on real HMCs' },
  { status: 500, reason: REASON_API_DISABLED, meaning: 'the Web Services API is not enabled', source: 'client' },
];

/** Returns the meaning of a refusal, if known. */
export function reasonMeaning(status: number, reason: number): string | undefined {
  return reasonFacts.find((fact) => fact.status === status && fact.reason === reason)?.meaning;
}
