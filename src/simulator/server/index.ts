export { CertificateAuthority, type CertificateFlaw, type TlsMaterial } from './certificates.ts';
export { FaultEngine, type FaultSubject } from './fault-engine.ts';
export { parseFaultRules, type FaultKind, type FaultRule } from './fault-rules.ts';
export { createRandom, randomHex, randomInteger, randomUuid, shuffled, type Random } from './random.ts';
export { Router } from './router.ts';
export { RequestLog, type RequestFilter, type RequestLogEntry } from './request-log.ts';
export { SimServer } from './sim-server.ts';
export type { Latency, Route, SimRequest, SimResponse, SimServerOptions, StruckFault, SubRequest } from './types.ts';
