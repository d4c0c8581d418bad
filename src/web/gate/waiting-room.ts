import type { FastifyInstance, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Admission } from '../../access/admission.js';
import type { Credential } from '../../access/credential.js';
import { credentialOf } from './presented-credential.js';

/**
 * Where requests wait for their caller's turn, before anything is done with them: also those that will be refused, and
 * for paths that nothing is at, since refusing a flood of them costs as much as serving it.
 */
export class WaitingRoom {
  constructor(private readonly admission: Admission) {}

  /** To be called before hooks are added that refuse requests. */
  open(server: FastifyInstance): void {
    if (!this.admission.isShared) return;
    server.addHook('onRequest', (request, _reply, done) => this.enter(request, done));
  }

  private enter(request: FastifyRequest, done: HookHandlerDoneFunction): void {
    const begin = (fault?: Error): void => {
      // Who has hung up meanwhile hears nothing any more.
      if (!request.raw.socket.destroyed) done(fault);
    };
    if (this.admission.isTurnOf(presentedBy(request), () => request.ip, begin)) done();
  }
}

/** What is wrong with it, the gate tells. */
function presentedBy(request: FastifyRequest): Credential | null {
  try {
    return credentialOf(request);
  } catch {
    return null;
  }
}
